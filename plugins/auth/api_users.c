/* SPDX-License-Identifier: MIT */
/* Accounts: the list for administrators, profiles for everybody, changes by owner and
 * administrator. */
#include "account.h"
#include "api.h"
#include "auth.h"
#include "cursor.h"
#include "operations.h"

#define LAST_ADMIN "this is the last administrator; make another one first"

struct users_query {
    uint64_t present;
    struct dais_str q;
    struct dais_str role;
    struct dais_str creator;
    struct dais_str cursor;
    int64_t limit;
};

struct users_answer {
    struct dais_list users;
    struct dais_str next;
};

/** A profile: without what is nobody else's business for others than owner and administrator. */
struct profile_answer {
    struct store_profile profile;
    uint8_t is_creator;
    struct dais_str email;
    struct dais_str role;
    struct dais_str creator;
};

struct change_body {
    uint64_t present;
    struct dais_str name;
    struct dais_str bio;
    struct dais_str avatar_url;
};

struct role_body {
    uint64_t present;
    struct dais_str role;
};

struct status_body {
    uint64_t present;
    struct dais_str status;
};

static const char *const ROLES[] = {"admin", "moderator", "speaker", "attendee", NULL};
static const char *const CREATOR_STATES[] = {"none", "pending", "approved", "rejected", NULL};
static const char *const STATUSES[] = {"active", "disabled", NULL};

static const struct dais_field QUERY_FIELDS[] = {
    DAIS_FIELD(struct users_query, q, DAIS_KIND_STRING, 0, 1, 254,
               "what the address or the name begins with; case does not matter"),
    DAIS_FIELD_ENUM("role", struct users_query, role, 0, ROLES, NULL, "only with this role"),
    DAIS_FIELD_ENUM("creatorStatus", struct users_query, creator, 0, CREATOR_STATES, NULL,
                    "only in this state"),
    API_CURSOR_FIELD(struct users_query),
    API_LIMIT_FIELD(struct users_query),
    DAIS_FIELD_END,
};
static const struct dais_shape QUERY = DAIS_SHAPE("UserListQuery", struct users_query,
                                                  QUERY_FIELDS);
static const struct dais_field USERS_FIELDS[] = {
    DAIS_FIELD_NESTED("users", struct users_answer, users, DAIS_KIND_LIST, DAIS_FIELD_REQUIRED,
                      API_PAGE_MAX, &api_user_shape,
                      "newest first; a search by the address or the name that fits"),
    API_NEXT_FIELD(struct users_answer),
    DAIS_FIELD_END,
};
static const struct dais_shape USERS = DAIS_SHAPE("UserList", struct users_answer, USERS_FIELDS);

static const struct dais_field PROFILE_FIELDS[] = {
    DAIS_FIELD_NAMED("id", struct profile_answer, profile.user.id, DAIS_KIND_UUID,
                     DAIS_FIELD_REQUIRED, 36, 36, "the account"),
    DAIS_FIELD_NAMED("uid", struct profile_answer, profile.user.uid, DAIS_KIND_INT,
                     DAIS_FIELD_REQUIRED, 1, 4294967295, "the same as a number"),
    DAIS_FIELD_NAMED("name", struct profile_answer, profile.user.name, DAIS_KIND_STRING,
                     DAIS_FIELD_REQUIRED, 1, AUTH_NAME_MAX, "name for display"),
    DAIS_FIELD_NAMED("bio", struct profile_answer, profile.user.bio, DAIS_KIND_STRING,
                     DAIS_FIELD_REQUIRED, 0, AUTH_BIO_MAX, "what the owner says about himself"),
    DAIS_FIELD_NAMED("avatarUrl", struct profile_answer, profile.user.avatar_url, DAIS_KIND_STRING,
                     DAIS_FIELD_REQUIRED, 0, AUTH_URL_MAX, "picture; empty without one"),
    DAIS_FIELD_NAMED("isCreator", struct profile_answer, is_creator, DAIS_KIND_BOOL,
                     DAIS_FIELD_REQUIRED, 0, 0, "an approved creator"),
    DAIS_FIELD_NAMED("followers", struct profile_answer, profile.followers, DAIS_KIND_INT,
                     DAIS_FIELD_REQUIRED, 0, 4294967295, "how many follow the account"),
    DAIS_FIELD_NAMED("following", struct profile_answer, profile.following, DAIS_KIND_INT,
                     DAIS_FIELD_REQUIRED, 0, 4294967295, "how many the account follows"),
    DAIS_FIELD_NAMED("isFollowed", struct profile_answer, profile.is_followed, DAIS_KIND_BOOL,
                     DAIS_FIELD_REQUIRED, 0, 0, "the caller follows the account"),
    DAIS_FIELD_NAMED("isBlocked", struct profile_answer, profile.is_blocked, DAIS_KIND_BOOL,
                     DAIS_FIELD_REQUIRED, 0, 0, "the caller has blocked the account"),
    DAIS_FIELD_NAMED("createdAt", struct profile_answer, profile.user.created_at, DAIS_KIND_TIME,
                     DAIS_FIELD_REQUIRED, 0, 40, "when the account was made"),
    DAIS_FIELD(struct profile_answer, email, DAIS_KIND_EMAIL, 0, 3, 254,
               "address; for its owner and administrators"),
    DAIS_FIELD(struct profile_answer, role, DAIS_KIND_STRING, 0, 1, 20,
               "role; for its owner and administrators"),
    DAIS_FIELD_NAMED("creatorStatus", struct profile_answer, creator, DAIS_KIND_STRING, 0, 1, 20,
                     "state of the approval; for its owner and administrators"),
    DAIS_FIELD_END,
};
static const struct dais_shape PROFILE = DAIS_SHAPE("Profile", struct profile_answer,
                                                    PROFILE_FIELDS);

static const struct dais_field CHANGE_FIELDS[] = {
    DAIS_FIELD(struct change_body, name, DAIS_KIND_STRING, 0, 1, AUTH_NAME_MAX, "name for display"),
    DAIS_FIELD(struct change_body, bio, DAIS_KIND_STRING, 0, 0, AUTH_BIO_MAX, "plain text"),
    DAIS_FIELD_NAMED("avatarUrl", struct change_body, avatar_url, DAIS_KIND_STRING, 0, 0,
                     AUTH_URL_MAX, "http or https address of a picture; empty for none"),
    DAIS_FIELD_END,
};
static const struct dais_shape CHANGE = DAIS_SHAPE("UserChange", struct change_body, CHANGE_FIELDS);
static const struct dais_field ROLE_FIELDS[] = {
    DAIS_FIELD_ENUM("role", struct role_body, role, DAIS_FIELD_REQUIRED, ROLES, NULL,
                    "admin, moderator, speaker or attendee"),
    DAIS_FIELD_END,
};
static const struct dais_shape ROLE = DAIS_SHAPE("UserRole", struct role_body, ROLE_FIELDS);
static const struct dais_field STATUS_FIELDS[] = {
    DAIS_FIELD_ENUM("status", struct status_body, status, DAIS_FIELD_REQUIRED, STATUSES, NULL,
                    "active or disabled"),
    DAIS_FIELD_END,
};
static const struct dais_shape STATUS = DAIS_SHAPE("UserStatus", struct status_body, STATUS_FIELDS);

static int32_t list(struct dais_req *req, const struct dais_input *input)
{
    const struct users_query *query = input->query;
    struct store_user_filter filter = {query->q,  query->role, query->creator,
                                       {NULL, 0}, 0,           query->limit};
    struct cursor cursor;
    if (query->cursor.ptr) {
        if (cursor_read(query->cursor, &cursor))
            return api_bad_cursor(req);
        filter.after_number = cursor.number;
        filter.after_term = dais_cstr(cursor.term);
    }
    struct store_user_page page;
    struct users_answer answer;
    int32_t error = store_users_list(&filter, &page);
    if (error)
        return error;
    answer.users = (struct dais_list){page.users, page.count};
    error = api_next(page.count, query->limit, page.last_number, page.last_term, &answer.next);
    return error ? error : dais_http->reply_fields(req, 200, &USERS, &answer);
}

static int sees_all(const struct dais_req *req, struct dais_str user_id)
{
    const struct dais_identity *caller = dais_http->identity(req);
    return caller && ((caller->roles & DAIS_ROLE_ADMIN) || dais_str_eq(caller->user_id, user_id));
}

static int32_t get(struct dais_req *req, const struct dais_input *input)
{
    const struct api_id *path = input->path;
    struct profile_answer answer = {.email = {NULL, 0}};
    int32_t error = store_profile_find(path->id, api_caller(req), &answer.profile);
    if (error)
        return error;
    const struct store_user *user = &answer.profile.user;
    answer.is_creator = (uint8_t)dais_str_eq(user->creator, dais_cstr("approved"));
    if (sees_all(req, user->id)) {
        answer.email = user->email;
        answer.role = user->role;
        answer.creator = user->creator;
    }
    return dais_http->reply_fields(req, 200, &PROFILE, &answer);
}

/** Stores what hooks have left of `value`. */
static int32_t change_hooked(struct operations_profile *value, struct store_user *ret_user)
{
    struct dais_operation_run run;
    int32_t error = dais_operation_begin(&run, &operations_table[OPERATIONS_UPDATE], NULL, value);
    if (!error) {
        const struct store_user_change change = {value->name, value->bio, value->avatar_url};
        error = store_user_change(run.tx, value->id, &change, ret_user);
    }
    return dais_operation_end(&run, error);
}

static int32_t change(struct dais_req *req, const struct dais_input *input)
{
    const struct api_id *path = input->path;
    const struct change_body *body = input->body;
    struct operations_profile value = {.id = path->id,
                                       .actor_id = api_caller(req),
                                       .name = body->name,
                                       .bio = body->bio,
                                       .avatar_url = body->avatar_url};
    struct store_user user;
    if (!auth_url_is_good(body->avatar_url))
        return dais_http->fail(req, DAIS_E_INVALID, "avatarUrl",
                               "must be an http or https address, or empty");
    int32_t error = change_hooked(&value, &user);
    return error ? error : dais_http->reply_fields(req, 200, &api_user_shape, &user);
}

static int32_t remove_user(struct dais_req *req, const struct dais_input *input)
{
    const struct api_id *path = input->path;
    if (api_is_machine(req))
        return api_refuse_machine(req);
    int32_t error = account_delete(path->id);
    if (error == DAIS_E_CONFLICT && !dais_operation_refused())
        return dais_http->fail(req, error, NULL, LAST_ADMIN);
    return error ? error : api_nothing(req);
}

/** Answers with the account as a change has left it. */
static int32_t reply_changed(struct dais_req *req, int32_t error, struct dais_str id)
{
    struct store_user user;
    if (error == DAIS_E_CONFLICT)
        return dais_http->fail(req, error, NULL, LAST_ADMIN);
    if (!error)
        error = store_user_by_id(id, &user);
    return error ? error : dais_http->reply_fields(req, 200, &api_user_shape, &user);
}

static int32_t set_role(struct dais_req *req, const struct dais_input *input)
{
    const struct api_id *path = input->path;
    const struct role_body *body = input->body;
    return reply_changed(req, account_set_role(path->id, body->role), path->id);
}

static int32_t set_status(struct dais_req *req, const struct dais_input *input)
{
    const struct api_id *path = input->path;
    const struct status_body *body = input->body;
    uint8_t disabled = (uint8_t)dais_str_eq(body->status, dais_cstr("disabled"));
    return reply_changed(req, account_set_disabled(path->id, disabled), path->id);
}

const struct dais_route api_users_routes[] = {
    {.method = "GET",
     .path = "/api/users",
     .access = DAIS_ACCESS_ROLE,
     .roles = DAIS_ROLE_ADMIN,
     .rate_class = "read",
     .status = 200,
     .query_shape = &QUERY,
     .answer_shape = &USERS,
     .handler = list,
     .summary = "Accounts, by role, state or the beginning of address or name"},
    {.method = "GET",
     .path = "/api/users/:id",
     .access = DAIS_ACCESS_PUBLIC,
     .rate_class = "read",
     .status = 200,
     .path_shape = &api_id_shape,
     .answer_shape = &PROFILE,
     .handler = get,
     .summary = "A profile; its owner and administrators see more of it"},
    {.method = "PUT",
     .path = "/api/users/:id",
     .access = DAIS_ACCESS_OWNER,
     .roles = DAIS_ROLE_ADMIN,
     .owner = &store_statements[STORE_OWNER],
     .rate_class = "write",
     .status = 200,
     .path_shape = &api_id_shape,
     .body_shape = &CHANGE,
     .answer_shape = &api_user_shape,
     .handler = change,
     .summary = "Change name, text or picture"},
    {.method = "DELETE",
     .path = "/api/users/:id",
     .access = DAIS_ACCESS_OWNER,
     .roles = DAIS_ROLE_ADMIN,
     .owner = &store_statements[STORE_OWNER],
     .rate_class = "write",
     .status = 204,
     .path_shape = &api_id_shape,
     .handler = remove_user,
     .summary = "Remove an account and what is its own"},
    {.method = "PATCH",
     .path = "/api/users/:id/role",
     .access = DAIS_ACCESS_ROLE,
     .roles = DAIS_ROLE_ADMIN,
     .rate_class = "write",
     .status = 200,
     .path_shape = &api_id_shape,
     .body_shape = &ROLE,
     .answer_shape = &api_user_shape,
     .handler = set_role,
     .summary = "Give an account another role, at once and everywhere"},
    {.method = "PATCH",
     .path = "/api/users/:id/status",
     .access = DAIS_ACCESS_ROLE,
     .roles = DAIS_ROLE_ADMIN,
     .rate_class = "write",
     .status = 200,
     .path_shape = &api_id_shape,
     .body_shape = &STATUS,
     .answer_shape = &api_user_shape,
     .handler = set_status,
     .summary = "Shut an account out, or let it in again"},
    {.method = NULL},
};
