/* SPDX-License-Identifier: MIT */
#include "api.h"

#include "account.h"
#include "auth.h"
#include "device.h"
#include "guard.h"
#include "identity.h"
#include "password.h"
#include "verify.h"

#define WRONG "the address or the password is wrong"

struct credentials {
    uint64_t present;
    struct dais_str email;
    struct dais_str password;
    struct dais_str name;
    struct dais_str invitation;
};

struct passwords {
    uint64_t present;
    struct dais_str old_password;
    struct dais_str new_password;
};

struct login_answer {
    struct dais_str token;
    struct store_user user;
};

static const struct dais_field REGISTER_FIELDS[] = {
    DAIS_FIELD(struct credentials, email, DAIS_KIND_EMAIL, DAIS_FIELD_REQUIRED, 3, 254,
               "address of the account; case does not matter"),
    DAIS_FIELD(struct credentials, password, DAIS_KIND_STRING,
               DAIS_FIELD_REQUIRED | DAIS_FIELD_SECRET, 8, 200, "8 to 200 characters"),
    DAIS_FIELD(struct credentials, name, DAIS_KIND_STRING, 0, 1, 80,
               "name for display; without it what stands before the @"),
    DAIS_FIELD(struct credentials, invitation, DAIS_KIND_STRING, DAIS_FIELD_SECRET, 1, 63,
               "code of an invitation, where one is needed or gives a role"),
    DAIS_FIELD_END,
};
static const struct dais_field LOGIN_FIELDS[] = {
    DAIS_FIELD(struct credentials, email, DAIS_KIND_EMAIL, DAIS_FIELD_REQUIRED, 3, 254,
               "address of the account"),
    DAIS_FIELD(struct credentials, password, DAIS_KIND_STRING,
               DAIS_FIELD_REQUIRED | DAIS_FIELD_SECRET, 1, 200, "its password"),
    DAIS_FIELD_END,
};
static const struct dais_field LOGIN_ANSWER_FIELDS[] = {
    DAIS_FIELD(struct login_answer, token, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 4096,
               "send it as Authorization: Bearer"),
    DAIS_FIELD_NESTED("user", struct login_answer, user, DAIS_KIND_OBJECT, DAIS_FIELD_REQUIRED, 0,
                      &api_user_shape, "the account"),
    DAIS_FIELD_END,
};
static const struct dais_field PASSWORD_FIELDS[] = {
    DAIS_FIELD_NAMED("oldPassword", struct passwords, old_password, DAIS_KIND_STRING,
                     DAIS_FIELD_REQUIRED | DAIS_FIELD_SECRET, 1, 200, "the one that counts now"),
    DAIS_FIELD_NAMED("newPassword", struct passwords, new_password, DAIS_KIND_STRING,
                     DAIS_FIELD_REQUIRED | DAIS_FIELD_SECRET, 8, 200, "8 to 200 characters"),
    DAIS_FIELD_END,
};
static const struct dais_shape REGISTER = DAIS_SHAPE("Register", struct credentials,
                                                     REGISTER_FIELDS);
static const struct dais_shape LOGIN = DAIS_SHAPE("Login", struct credentials, LOGIN_FIELDS);
static const struct dais_shape LOGIN_ANSWER = DAIS_SHAPE("LoginAnswer", struct login_answer,
                                                         LOGIN_ANSWER_FIELDS);
static const struct dais_shape PASSWORD = DAIS_SHAPE("PasswordChange", struct passwords,
                                                     PASSWORD_FIELDS);

/** Opens a session for `user`, whose password was right by `hash`, and answers with its token. */
static int32_t reply_login(struct dais_req *req, uint32_t status, const struct store_user *user,
                           struct dais_str hash)
{
    char device[DEVICE_NAME_BYTES];
    device_name(dais_http->header(req, "user-agent"), device);
    const struct store_new_session session = {
        .hash = hash,
        .device = dais_cstr(device),
        .address = dais_http->peer(req),
        .life_s = auth_keys.life_s,
        .sessions_max = auth_config.sessions_max,
    };
    struct login_answer answer = {.user = *user};
    int32_t error = identity_login(user, &session, &answer.token);
    if (error == DAIS_E_NOT_FOUND) /* it changed while this login was decided */
        return dais_http->fail(req, DAIS_E_UNAUTHENTICATED, NULL, WRONG);
    if (error)
        return error;
    return dais_http->reply_fields(req, status, &LOGIN_ANSWER, &answer);
}

/** Whether anybody may register now: answers 403 and returns 1 when not. */
static int is_shut(struct dais_req *req, const struct credentials *body, int32_t *ret_error)
{
    if (dais_str_eq(auth_config.registration, dais_cstr("closed"))) {
        *ret_error = dais_http->fail(req, DAIS_E_DENIED, NULL, "no accounts are made here");
        return 1;
    }
    if (!body->invitation.ptr && dais_str_eq(auth_config.registration, dais_cstr("invitation"))) {
        *ret_error = dais_http->fail(req, DAIS_E_DENIED, "invitation",
                                     "accounts are made by invitation; give its code");
        return 1;
    }
    return 0;
}

static int32_t register_account(struct dais_req *req, const struct dais_input *input)
{
    const struct credentials *body = input->body;
    const struct account_new account = {
        .email = body->email,
        .name = body->name,
        .role = dais_cstr("attendee"),
        .password = body->password,
        .invitation = body->invitation,
    };
    struct store_user user;
    int32_t error = DAIS_OK;
    if (is_shut(req, body, &error))
        return error;
    error = account_create(&account, &user);
    if (error == DAIS_E_CONFLICT)
        return dais_http->fail(req, error, "email", "this address has an account already");
    if (error == DAIS_E_DENIED)
        return dais_http->fail(req, error, "invitation",
                               "no invitation of this code is open for this address");
    if (error)
        return error;
    return verify_is_missing(&user) ? api_accepted(req)
                                    : reply_login(req, 201, &user, dais_str(NULL, 0));
}

/** What a login is decided by; for an unknown account nothing, which takes as long. */
static int32_t login_find(struct dais_str email, struct dais_str address,
                          struct store_login *ret_login)
{
    int32_t error = store_login_find(email, address, ret_login);
    return error == DAIS_E_NOT_FOUND ? DAIS_OK : error;
}

static int32_t login(struct dais_req *req, const struct dais_input *input)
{
    const struct credentials *body = input->body;
    struct store_login found = {.is_known = 0};
    int64_t wait_s = 0;
    int32_t error = login_find(body->email, dais_http->peer(req), &found);
    if (error)
        return error;
    const struct guard_try attempt = {"login", body->email, dais_http->peer(req), found.is_known};
    error = guard_enter(&attempt, &wait_s);
    if (error == DAIS_E_LIMIT && wait_s > 0)
        return api_wait(req, wait_s, API_TOO_MANY_TRIES);
    if (!error)
        error = password_verify(body->password, found.hash);
    if (error == DAIS_E_UNAUTHENTICATED)
        return dais_http->fail(req, error, NULL, WRONG);
    if (!error)
        error = guard_succeeded(&attempt);
    if (error)
        return error;
    if (found.user.disabled)
        return dais_http->fail(req, DAIS_E_DENIED, NULL, "this account is disabled");
    if (verify_is_missing(&found.user))
        return dais_http->fail(req, DAIS_E_UNVERIFIED, "email",
                               "follow the link in the letter that was sent to this address");
    return reply_login(req, 200, &found.user, found.hash);
}

static int32_t logout(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    if (api_is_machine(req))
        return api_refuse_machine(req);
    int32_t error = identity_logout(dais_http->identity(req)->session_id, api_caller(req));
    if (error && error != DAIS_E_NOT_FOUND) /* somebody else may have ended it just now */
        return error;
    return api_done(req);
}

static int32_t me(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    struct store_user user;
    int32_t error = store_user_by_id(api_caller(req), &user);
    if (error)
        return error;
    return dais_http->reply_fields(req, 200, &api_user_shape, &user);
}

static int32_t change_password(struct dais_req *req, const struct dais_input *input)
{
    const struct passwords *body = input->body;
    char hash[PASSWORD_HASH_BYTES];
    if (api_is_machine(req))
        return api_refuse_machine(req);
    int32_t error = api_check_password(req, "oldPassword", body->old_password);
    if (error)
        return error < 0 ? error : DAIS_OK;
    error = password_hash(body->new_password, hash);
    if (error)
        return error;
    const struct account_password password = {dais_cstr(hash),
                                              dais_http->identity(req)->session_id};
    error = account_change_password(api_caller(req), &password);
    return error ? error : api_done(req);
}

const struct dais_route api_routes[] = {
    {.method = "POST",
     .path = "/api/auth/register",
     .access = DAIS_ACCESS_PUBLIC,
     .rate_class = "login",
     .status = 201,
     .body_shape = &REGISTER,
     .answer_shape = &LOGIN_ANSWER,
     .handler = register_account,
     .summary = "Make an account and log in"},
    {.method = "POST",
     .path = "/api/auth/login",
     .access = DAIS_ACCESS_PUBLIC,
     .rate_class = "login",
     .status = 200,
     .body_shape = &LOGIN,
     .answer_shape = &LOGIN_ANSWER,
     .handler = login,
     .summary = "Log in with address and password"},
    {.method = "POST",
     .path = "/api/auth/logout",
     .access = DAIS_ACCESS_USER,
     .rate_class = "write",
     .status = 200,
     .answer_shape = &api_done_shape,
     .handler = logout,
     .summary = "End this login session"},
    {.method = "GET",
     .path = "/api/auth/me",
     .access = DAIS_ACCESS_USER,
     .rate_class = "read",
     .status = 200,
     .answer_shape = &api_user_shape,
     .handler = me,
     .summary = "The caller's account"},
    {.method = "PUT",
     .path = "/api/auth/password",
     .access = DAIS_ACCESS_USER,
     .rate_class = "login",
     .status = 200,
     .body_shape = &PASSWORD,
     .answer_shape = &api_done_shape,
     .handler = change_password,
     .summary = "Change the password; all other login sessions end"},
    {.method = NULL},
};
