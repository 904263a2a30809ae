/* SPDX-License-Identifier: MIT */
#include "api.h"

#include <stdio.h>

#include "cursor.h"
#include "guard.h"
#include "password.h"

struct done_answer {
    uint8_t ok;
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
    DAIS_FIELD(struct store_user, bio, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 1000,
               "what the owner says about himself"),
    DAIS_FIELD_NAMED("avatarUrl", struct store_user, avatar_url, DAIS_KIND_STRING,
                     DAIS_FIELD_REQUIRED, 0, 2048, "picture; empty without one"),
    DAIS_FIELD_NAMED("emailVerified", struct store_user, email_verified, DAIS_KIND_BOOL,
                     DAIS_FIELD_REQUIRED, 0, 0, "the owner has shown that the address is his"),
    DAIS_FIELD(struct store_user, disabled, DAIS_KIND_BOOL, DAIS_FIELD_REQUIRED, 0, 0,
               "shut out by an administrator"),
    DAIS_FIELD_NAMED("createdAt", struct store_user, created_at, DAIS_KIND_TIME,
                     DAIS_FIELD_REQUIRED, 0, 40, "when the account was made"),
    DAIS_FIELD_END,
};
const struct dais_shape api_user_shape = DAIS_SHAPE("User", struct store_user, USER_FIELDS);

static const struct dais_field ID_FIELDS[] = {
    DAIS_FIELD(struct api_id, id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36, "which one"),
    DAIS_FIELD_END,
};
const struct dais_shape api_id_shape = DAIS_SHAPE("Id", struct api_id, ID_FIELDS);

static const struct dais_field PAGE_FIELDS[] = {
    API_CURSOR_FIELD(struct api_page),
    API_LIMIT_FIELD(struct api_page),
    DAIS_FIELD_END,
};
const struct dais_shape api_page_shape = DAIS_SHAPE("Page", struct api_page, PAGE_FIELDS);

static const struct dais_field DONE_FIELDS[] = {
    DAIS_FIELD(struct done_answer, ok, DAIS_KIND_BOOL, DAIS_FIELD_REQUIRED, 0, 0, "always true"),
    DAIS_FIELD_END,
};
const struct dais_shape api_done_shape = DAIS_SHAPE("Done", struct done_answer, DONE_FIELDS);

int32_t api_done(struct dais_req *req)
{
    const struct done_answer answer = {1};
    return dais_http->reply_fields(req, 200, &api_done_shape, &answer);
}

int32_t api_accepted(struct dais_req *req)
{
    const struct done_answer answer = {1};
    return dais_http->reply_fields(req, 202, &api_done_shape, &answer);
}

int32_t api_nothing(struct dais_req *req)
{
    return dais_http->reply(req, 204, NULL, dais_str("", 0));
}

int32_t api_wait(struct dais_req *req, int64_t wait_s, const char *detail)
{
    char seconds[24];
    int len = snprintf(seconds, sizeof seconds, "%lld", (long long)wait_s);
    int32_t error = dais_http->header_set(req, "retry-after", dais_str(seconds, (uint64_t)len));
    return error ? error : dais_http->fail(req, DAIS_E_LIMIT, NULL, detail);
}

struct dais_str api_caller(const struct dais_req *req)
{
    const struct dais_identity *caller = dais_http->identity(req);
    return caller ? caller->user_id : dais_str(NULL, 0);
}

int api_is_machine(const struct dais_req *req)
{
    const struct dais_identity *caller = dais_http->identity(req);
    return caller && (caller->flags & DAIS_IDENTITY_MACHINE) != 0;
}

int32_t api_refuse_machine(struct dais_req *req)
{
    return dais_http->fail(req, DAIS_E_DENIED, NULL, "a machine's key may not do this; log in");
}

int32_t api_check_password(struct dais_req *req, const char *field, struct dais_str password)
{
    struct dais_str user_id = api_caller(req);
    const struct guard_try attempt = {"password", user_id, dais_http->peer(req), 1};
    struct dais_str hash = {NULL, 0};
    int64_t wait_s = 0;
    int32_t error = guard_enter(&attempt, &wait_s);
    if (error == DAIS_E_LIMIT && wait_s > 0) {
        error = api_wait(req, wait_s, API_TOO_MANY_TRIES);
        return error ? error : 1;
    }
    if (!error)
        error = store_user_hash(user_id, &hash);
    if (!error)
        error = password_verify(password, hash);
    if (error == DAIS_E_UNAUTHENTICATED) {
        error = dais_http->fail(req, DAIS_E_DENIED, field, "this is not the password");
        return error ? error : 1;
    }
    return error ? error : guard_succeeded(&attempt);
}

int32_t api_page_number(const struct api_page *page, int64_t *ret_number)
{
    struct cursor cursor;
    if (!page->cursor.ptr) {
        *ret_number = 0;
        return DAIS_OK;
    }
    int32_t error = cursor_read(page->cursor, &cursor);
    if (!error)
        *ret_number = cursor.number;
    return error;
}

int32_t api_bad_cursor(struct dais_req *req)
{
    return dais_http->fail(req, DAIS_E_INVALID, "cursor", "must be the `next` of a page");
}

int32_t api_next(uint64_t count, int64_t limit, int64_t number, struct dais_str term,
                 struct dais_str *ret_next)
{
    char text[CURSOR_BYTES];
    if (count < (uint64_t)limit) {
        *ret_next = dais_str(NULL, 0);
        return DAIS_OK;
    }
    int32_t error = cursor_write(number, term, text);
    if (error)
        return error;
    *ret_next = dais_mem->arena_dup(dais_mem->arena_self(), dais_cstr(text));
    return ret_next->ptr ? DAIS_OK : DAIS_E_MEMORY;
}
