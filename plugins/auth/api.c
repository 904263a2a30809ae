/* SPDX-License-Identifier: MIT */
#include "api.h"

#include "auth.h"
#include "identity.h"
#include "password.h"

#define DEVICE_BYTES_MAX 200

struct credentials {
    uint64_t present;
    struct dais_str email;
    struct dais_str password;
    struct dais_str name;
};

struct login_answer {
    struct dais_str token;
    struct store_user user;
};

struct done_answer {
    uint8_t ok;
};

static const struct dais_field REGISTER_FIELDS[] = {
    DAIS_FIELD(struct credentials, email, DAIS_KIND_EMAIL, DAIS_FIELD_REQUIRED, 3, 254,
               "address of the account; case does not matter"),
    DAIS_FIELD(struct credentials, password, DAIS_KIND_STRING,
               DAIS_FIELD_REQUIRED | DAIS_FIELD_SECRET, 8, 200, "8 to 200 characters"),
    DAIS_FIELD(struct credentials, name, DAIS_KIND_STRING, 0, 1, 80,
               "name for display; without it what stands before the @"),
    DAIS_FIELD_END,
};
static const struct dais_field LOGIN_FIELDS[] = {
    DAIS_FIELD(struct credentials, email, DAIS_KIND_EMAIL, DAIS_FIELD_REQUIRED, 3, 254,
               "address of the account"),
    DAIS_FIELD(struct credentials, password, DAIS_KIND_STRING,
               DAIS_FIELD_REQUIRED | DAIS_FIELD_SECRET, 1, 200, "its password"),
    DAIS_FIELD_END,
};
static const struct dais_field USER_FIELDS[] = {
    DAIS_FIELD(struct store_user, id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36, "the account"),
    DAIS_FIELD(struct store_user, uid, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 1, 4294967295,
               "the same as a number, for clients that need one"),
    DAIS_FIELD(struct store_user, email, DAIS_KIND_EMAIL, DAIS_FIELD_REQUIRED, 3, 254, "address"),
    DAIS_FIELD(struct store_user, name, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 80,
               "name for display"),
    DAIS_FIELD(struct store_user, role, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 20,
               "admin, moderator, speaker or attendee"),
    DAIS_FIELD_NAMED("creatorStatus", struct store_user, creator, DAIS_KIND_STRING,
                     DAIS_FIELD_REQUIRED, 1, 20, "none, pending, approved or rejected"),
    DAIS_FIELD_NAMED("createdAt", struct store_user, created_at, DAIS_KIND_TIME,
                     DAIS_FIELD_REQUIRED, 0, 40, "when the account was made"),
    DAIS_FIELD_END,
};
const struct dais_shape api_user_shape = DAIS_SHAPE("User", struct store_user, USER_FIELDS);

static const struct dais_field LOGIN_ANSWER_FIELDS[] = {
    DAIS_FIELD(struct login_answer, token, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 4096,
               "send it as Authorization: Bearer"),
    DAIS_FIELD_NESTED("user", struct login_answer, user, DAIS_KIND_OBJECT, DAIS_FIELD_REQUIRED, 0,
                      &api_user_shape, "the account"),
    DAIS_FIELD_END,
};
static const struct dais_field DONE_FIELDS[] = {
    DAIS_FIELD(struct done_answer, ok, DAIS_KIND_BOOL, DAIS_FIELD_REQUIRED, 0, 0, "always true"),
    DAIS_FIELD_END,
};

const struct dais_shape api_register_shape = DAIS_SHAPE("Register", struct credentials,
                                                        REGISTER_FIELDS);
const struct dais_shape api_login_shape = DAIS_SHAPE("Login", struct credentials, LOGIN_FIELDS);
const struct dais_shape api_login_answer_shape = DAIS_SHAPE("LoginAnswer", struct login_answer,
                                                            LOGIN_ANSWER_FIELDS);
const struct dais_shape api_done_shape = DAIS_SHAPE("Done", struct done_answer, DONE_FIELDS);

/** Opens a session for `user` and answers with its token. */
static int32_t reply_login(struct dais_req *req, uint32_t status, const struct store_user *user)
{
    struct dais_str device = dais_http->header(req, "user-agent");
    if (!device.ptr)
        device = dais_cstr("");
    if (device.len > DEVICE_BYTES_MAX)
        device.len = DEVICE_BYTES_MAX;
    const struct store_new_session session = {device, dais_http->peer(req), auth_keys.life_s};
    struct login_answer answer = {.user = *user};
    int32_t error = identity_login(user, &session, &answer.token);
    if (error)
        return error;
    return dais_http->reply_fields(req, status, &api_login_answer_shape, &answer);
}

int32_t api_register(struct dais_req *req, const struct dais_input *input)
{
    const struct credentials *body = input->body;
    char hash[PASSWORD_HASH_BYTES];
    int32_t error = password_hash(body->password, hash);
    if (error)
        return error;
    const struct store_new_user new_user = {
        .email = body->email,
        .name = body->name.ptr ? body->name : auth_default_name(body->email),
        .role = dais_cstr("attendee"),
        .hash = dais_cstr(hash),
    };
    struct store_user user;
    error = store_user_add(&new_user, &user);
    if (error == DAIS_E_CONFLICT)
        return dais_http->fail(req, error, "email", "this address has an account already");
    if (error)
        return error;
    return reply_login(req, 201, &user);
}

int32_t api_login(struct dais_req *req, const struct dais_input *input)
{
    const struct credentials *body = input->body;
    struct store_user user;
    struct dais_str hash = {NULL, 0};
    int32_t error = store_user_by_email(body->email, &user, &hash);
    if (error && error != DAIS_E_NOT_FOUND)
        return error;
    error = password_verify(body->password, hash);
    if (error == DAIS_E_UNAUTHENTICATED)
        return dais_http->fail(req, error, NULL, "the address or the password is wrong");
    if (error)
        return error;
    return reply_login(req, 200, &user);
}

int32_t api_logout(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    int32_t error = identity_logout(dais_http->identity(req)->session_id);
    if (error)
        return error;
    const struct done_answer answer = {1};
    return dais_http->reply_fields(req, 200, &api_done_shape, &answer);
}

int32_t api_me(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    struct store_user user;
    int32_t error = store_user_by_id(dais_http->identity(req)->user_id, &user);
    if (error)
        return error;
    return dais_http->reply_fields(req, 200, &api_user_shape, &user);
}
