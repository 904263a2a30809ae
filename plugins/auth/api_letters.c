/* SPDX-License-Identifier: MIT */
/* Passwords set anew and addresses verified, by links in letters. */
#include "api.h"

#include "guard.h"
#include "letters.h"
#include "reset.h"
#include "verify.h"

#define TOO_MANY_LETTERS "too many letters were asked for; wait before the next one"
#define BAD_LINK "this link was used, is too old or was replaced by a newer one; ask for another"

struct address_body {
    uint64_t present;
    struct dais_str email;
    struct dais_str password;
};

struct link_body {
    uint64_t present;
    struct dais_str token;
    struct dais_str password;
};

#define TOKEN_FIELD                                                                                \
    DAIS_FIELD(struct link_body, token, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED | DAIS_FIELD_SECRET, \
               1, 63, "from the link in the letter")

static const struct dais_field ASK_FIELDS[] = {
    DAIS_FIELD(struct address_body, email, DAIS_KIND_EMAIL, DAIS_FIELD_REQUIRED, 3, 254,
               "address of the account"),
    DAIS_FIELD_END,
};
static const struct dais_field CHANGE_FIELDS[] = {
    DAIS_FIELD(struct address_body, email, DAIS_KIND_EMAIL, DAIS_FIELD_REQUIRED, 3, 254,
               "the new address"),
    DAIS_FIELD(struct address_body, password, DAIS_KIND_STRING,
               DAIS_FIELD_REQUIRED | DAIS_FIELD_SECRET, 1, 200, "of the account"),
    DAIS_FIELD_END,
};
static const struct dais_field RESET_FIELDS[] = {
    TOKEN_FIELD,
    DAIS_FIELD(struct link_body, password, DAIS_KIND_STRING,
               DAIS_FIELD_REQUIRED | DAIS_FIELD_SECRET, 8, 200, "8 to 200 characters"),
    DAIS_FIELD_END,
};
static const struct dais_field VERIFY_FIELDS[] = {
    TOKEN_FIELD,
    DAIS_FIELD_END,
};
static const struct dais_shape ASK = DAIS_SHAPE("LetterRequest", struct address_body, ASK_FIELDS);
static const struct dais_shape CHANGE = DAIS_SHAPE("EmailChange", struct address_body,
                                                   CHANGE_FIELDS);
static const struct dais_shape RESET = DAIS_SHAPE("PasswordReset", struct link_body, RESET_FIELDS);
static const struct dais_shape VERIFY = DAIS_SHAPE("EmailVerification", struct link_body,
                                                   VERIFY_FIELDS);

/** The same for every address: counted as a try, done after the answer. */
static int32_t ask(struct dais_req *req, enum letters_errand errand, const char *what,
                   struct dais_str email)
{
    const struct guard_try attempt = {what, email, dais_http->peer(req), 0};
    int64_t wait_s = 0;
    if (!letters_available())
        return dais_http->fail(req, DAIS_E_UNAVAILABLE, NULL, "this server sends no letters");
    int32_t error = guard_enter(&attempt, &wait_s);
    if (error == DAIS_E_LIMIT && wait_s > 0)
        return api_wait(req, wait_s, TOO_MANY_LETTERS);
    if (!error)
        error = letters_later(errand, email);
    return error ? error : api_accepted(req);
}

static int32_t forgot(struct dais_req *req, const struct dais_input *input)
{
    const struct address_body *body = input->body;
    return ask(req, LETTERS_RESET, "forgot", body->email);
}

static int32_t resend(struct dais_req *req, const struct dais_input *input)
{
    const struct address_body *body = input->body;
    return ask(req, LETTERS_RESEND, "resend", body->email);
}

static int32_t reset(struct dais_req *req, const struct dais_input *input)
{
    const struct link_body *body = input->body;
    int32_t error = reset_finish(body->token, body->password, dais_http->peer(req));
    if (error == DAIS_E_NOT_FOUND)
        return dais_http->fail(req, DAIS_E_INVALID, "token", BAD_LINK);
    return error ? error : api_done(req);
}

static int32_t verify(struct dais_req *req, const struct dais_input *input)
{
    const struct link_body *body = input->body;
    int32_t error = verify_finish(body->token);
    if (error == DAIS_E_NOT_FOUND)
        return dais_http->fail(req, DAIS_E_INVALID, "token", BAD_LINK);
    if (error == DAIS_E_CONFLICT)
        return dais_http->fail(req, error, "token", "this address has an account by now");
    return error ? error : api_done(req);
}

static int32_t change(struct dais_req *req, const struct dais_input *input)
{
    const struct address_body *body = input->body;
    if (api_is_machine(req))
        return api_refuse_machine(req);
    int32_t error = api_check_password(req, "password", body->password);
    if (error)
        return error < 0 ? error : DAIS_OK;
    error = verify_change(api_caller(req), body->email);
    if (error == DAIS_E_CONFLICT)
        return dais_http->fail(req, error, "email", "this address has an account already");
    if (error == DAIS_E_LIMIT)
        return dais_http->fail(req, error, "email", TOO_MANY_LETTERS);
    if (error == DAIS_E_UNAVAILABLE && !letters_available())
        return dais_http->fail(req, error, NULL, "this server sends no letters");
    return error ? error : api_accepted(req);
}

const struct dais_route api_letters_routes[] = {
    {.method = "POST",
     .path = "/api/auth/password/forgot",
     .access = DAIS_ACCESS_PUBLIC,
     .rate_class = "login",
     .status = 202,
     .body_shape = &ASK,
     .answer_shape = &api_done_shape,
     .handler = forgot,
     .summary = "Ask for a letter with a link to a new password; every address is answered alike"},
    {.method = "POST",
     .path = "/api/auth/password/reset",
     .access = DAIS_ACCESS_PUBLIC,
     .rate_class = "login",
     .status = 200,
     .body_shape = &RESET,
     .answer_shape = &api_done_shape,
     .handler = reset,
     .summary = "Set a password by the link of a letter; all login sessions end"},
    {.method = "POST",
     .path = "/api/auth/email/verify",
     .access = DAIS_ACCESS_PUBLIC,
     .rate_class = "login",
     .status = 200,
     .body_shape = &VERIFY,
     .answer_shape = &api_done_shape,
     .handler = verify,
     .summary = "Verify an address by the link of a letter; a new one becomes the account's"},
    {.method = "POST",
     .path = "/api/auth/email/resend",
     .access = DAIS_ACCESS_PUBLIC,
     .rate_class = "login",
     .status = 202,
     .body_shape = &ASK,
     .answer_shape = &api_done_shape,
     .handler = resend,
     .summary = "Ask for another letter that verifies; every address is answered alike"},
    {.method = "PUT",
     .path = "/api/auth/email",
     .access = DAIS_ACCESS_USER,
     .rate_class = "login",
     .status = 202,
     .body_shape = &CHANGE,
     .answer_shape = &api_done_shape,
     .handler = change,
     .summary = "Change the address of the account; it counts once it is verified"},
    {.method = NULL},
};
