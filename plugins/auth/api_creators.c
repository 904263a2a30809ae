/* SPDX-License-Identifier: MIT */
/* Becoming a creator: asking, and being reviewed. */
#include "account.h"
#include "api.h"
#include "identity.h"

struct ask_body {
    uint64_t present;
    struct dais_str message;
};

struct review_body {
    uint64_t present;
    struct dais_str note;
};

struct requests_query {
    uint64_t present;
    struct dais_str status;
    struct dais_str cursor;
    int64_t limit;
};

struct requests_answer {
    struct dais_list requests;
    struct dais_str next;
};

struct creator_body {
    uint64_t present;
    struct dais_str status;
};

static const char *const STATUSES[] = {"pending", "approved", "rejected", NULL};
static const char *const SETTINGS[] = {"none", "approved", "rejected", NULL};

static const struct dais_field ASK_FIELDS[] = {
    {"message", DAIS_KIND_STRING, 0, (uint32_t)offsetof(struct ask_body, message), 0, 0,
     API_NOTE_MAX, "", NULL, NULL, NULL, "what the reviewer should know"},
    DAIS_FIELD_END,
};
static const struct dais_shape ASK = DAIS_SHAPE("CreatorRequestCreate", struct ask_body,
                                                ASK_FIELDS);
static const struct dais_field REVIEW_FIELDS[] = {
    {"note", DAIS_KIND_STRING, 0, (uint32_t)offsetof(struct review_body, note), 0, 0, API_NOTE_MAX,
     "", NULL, NULL, NULL, "reason, which the account's owner reads"},
    DAIS_FIELD_END,
};
static const struct dais_shape REVIEW = DAIS_SHAPE("CreatorReview", struct review_body,
                                                   REVIEW_FIELDS);
static const struct dais_field QUERY_FIELDS[] = {
    DAIS_FIELD_ENUM("status", struct requests_query, status, 0, STATUSES, NULL,
                    "only in this state"),
    API_CURSOR_FIELD(struct requests_query),
    API_LIMIT_FIELD(struct requests_query),
    DAIS_FIELD_END,
};
static const struct dais_shape QUERY = DAIS_SHAPE("CreatorRequestQuery", struct requests_query,
                                                  QUERY_FIELDS);

static const struct dais_field REQUEST_FIELDS[] = {
    DAIS_FIELD(struct store_request, id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36,
               "the request"),
    DAIS_FIELD_NAMED("userId", struct store_request, user_id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED,
                     36, 36, "who asks"),
    DAIS_FIELD(struct store_request, name, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 80,
               "the account's name"),
    DAIS_FIELD(struct store_request, status, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 20,
               "pending, approved or rejected"),
    DAIS_FIELD(struct store_request, message, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0,
               API_NOTE_MAX, "what the reviewer should know"),
    DAIS_FIELD(struct store_request, note, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, API_NOTE_MAX,
               "the reviewer's reason"),
    DAIS_FIELD_NAMED("reviewerId", struct store_request, reviewer_id, DAIS_KIND_UUID,
                     DAIS_FIELD_NULLABLE, 36, 36, "who decided"),
    DAIS_FIELD_NAMED("createdAt", struct store_request, created_at, DAIS_KIND_TIME,
                     DAIS_FIELD_REQUIRED, 0, 40, "when it was made"),
    DAIS_FIELD_NAMED("reviewedAt", struct store_request, reviewed_at, DAIS_KIND_TIME,
                     DAIS_FIELD_NULLABLE, 0, 40, "when it was decided"),
    DAIS_FIELD_END,
};
static const struct dais_shape REQUEST = DAIS_SHAPE("CreatorRequest", struct store_request,
                                                    REQUEST_FIELDS);
static const struct dais_field REQUESTS_FIELDS[] = {
    DAIS_FIELD_NESTED("requests", struct requests_answer, requests, DAIS_KIND_LIST,
                      DAIS_FIELD_REQUIRED, API_PAGE_MAX, &REQUEST, "newest first"),
    API_NEXT_FIELD(struct requests_answer),
    DAIS_FIELD_END,
};
static const struct dais_shape REQUESTS = DAIS_SHAPE("CreatorRequestList", struct requests_answer,
                                                     REQUESTS_FIELDS);
static const struct dais_field CREATOR_FIELDS[] = {
    DAIS_FIELD_ENUM("status", struct creator_body, status, DAIS_FIELD_REQUIRED, SETTINGS, NULL,
                    "none, approved or rejected"),
    DAIS_FIELD_END,
};
static const struct dais_shape CREATOR = DAIS_SHAPE("UserCreator", struct creator_body,
                                                    CREATOR_FIELDS);

static int32_t ask(struct dais_req *req, const struct dais_input *input)
{
    const struct ask_body *body = input->body;
    struct store_request request;
    int32_t error = store_request_add(api_caller(req), body->message, auth_config.creator_wait_days,
                                      &request);
    if (error == DAIS_E_CONFLICT)
        return dais_http->fail(req, error, NULL,
                               "a request waits, was granted, or was rejected not long ago");
    return error ? error : dais_http->reply_fields(req, 201, &REQUEST, &request);
}

static int32_t own(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    struct store_request request;
    int32_t error = store_request_latest(api_caller(req), &request);
    return error ? error : dais_http->reply_fields(req, 200, &REQUEST, &request);
}

static int32_t list(struct dais_req *req, const struct dais_input *input)
{
    const struct requests_query *query = input->query;
    const struct api_page at = {.cursor = query->cursor};
    struct store_request_page page;
    struct requests_answer answer;
    int64_t before = 0;
    if (api_page_number(&at, &before))
        return api_bad_cursor(req);
    int32_t error = store_requests(query->status, before, query->limit, &page);
    if (error)
        return error;
    answer.requests = page.requests;
    error = api_next(page.requests.count, query->limit, page.last_number, dais_cstr(""),
                     &answer.next);
    return error ? error : dais_http->reply_fields(req, 200, &REQUESTS, &answer);
}

static int32_t decide(struct dais_req *req, const struct dais_input *input, const char *status)
{
    const struct api_id *path = input->path;
    const struct review_body *body = input->body;
    const struct store_review review = {path->id, dais_cstr(status), body->note, api_caller(req)};
    struct store_request request;
    int32_t error = account_review(&review, &request);
    if (error == DAIS_E_CONFLICT)
        return dais_http->fail(req, error, NULL, "this request is decided already");
    return error ? error : dais_http->reply_fields(req, 200, &REQUEST, &request);
}

static int32_t approve(struct dais_req *req, const struct dais_input *input)
{
    return decide(req, input, "approved");
}

static int32_t reject(struct dais_req *req, const struct dais_input *input)
{
    return decide(req, input, "rejected");
}

static int32_t set(struct dais_req *req, const struct dais_input *input)
{
    const struct api_id *path = input->path;
    const struct creator_body *body = input->body;
    const struct account_creator creator = {body->status, api_caller(req)};
    struct store_user user;
    int32_t error = account_set_creator(path->id, &creator);
    if (!error)
        error = store_user_by_id(path->id, &user);
    return error ? error : dais_http->reply_fields(req, 200, &api_user_shape, &user);
}

const struct dais_route api_creators_routes[] = {
    {.method = "POST",
     .path = "/api/users/me/creator-request",
     .access = DAIS_ACCESS_USER,
     .rate_class = "write",
     .status = 201,
     .body_shape = &ASK,
     .answer_shape = &REQUEST,
     .handler = ask,
     .summary = "Ask to become a creator"},
    {.method = "GET",
     .path = "/api/users/me/creator-request",
     .access = DAIS_ACCESS_USER,
     .rate_class = "read",
     .status = 200,
     .answer_shape = &REQUEST,
     .handler = own,
     .summary = "The caller's latest request"},
    {.method = "GET",
     .path = "/api/creator-requests",
     .access = DAIS_ACCESS_ROLE,
     .roles = DAIS_ROLE_ADMIN | DAIS_ROLE_MODERATOR,
     .rate_class = "read",
     .status = 200,
     .query_shape = &QUERY,
     .answer_shape = &REQUESTS,
     .handler = list,
     .summary = "Requests to become a creator"},
    {.method = "POST",
     .path = "/api/creator-requests/:id/approve",
     .access = DAIS_ACCESS_ROLE,
     .roles = DAIS_ROLE_ADMIN | DAIS_ROLE_MODERATOR,
     .rate_class = "write",
     .status = 200,
     .path_shape = &api_id_shape,
     .body_shape = &REVIEW,
     .answer_shape = &REQUEST,
     .handler = approve,
     .summary = "Make the one who asked a creator"},
    {.method = "POST",
     .path = "/api/creator-requests/:id/reject",
     .access = DAIS_ACCESS_ROLE,
     .roles = DAIS_ROLE_ADMIN | DAIS_ROLE_MODERATOR,
     .rate_class = "write",
     .status = 200,
     .path_shape = &api_id_shape,
     .body_shape = &REVIEW,
     .answer_shape = &REQUEST,
     .handler = reject,
     .summary = "Refuse the one who asked"},
    {.method = "PATCH",
     .path = "/api/users/:id/creator",
     .access = DAIS_ACCESS_ROLE,
     .roles = DAIS_ROLE_ADMIN,
     .rate_class = "write",
     .status = 200,
     .path_shape = &api_id_shape,
     .body_shape = &CREATOR,
     .answer_shape = &api_user_shape,
     .handler = set,
     .summary = "Make or unmake a creator without a request"},
    {.method = NULL},
};
