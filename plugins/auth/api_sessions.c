/* SPDX-License-Identifier: MIT */
/* Login sessions by device: what is open, and how to end it. */
#include "account.h"
#include "api.h"
#include "identity.h"

struct sessions_answer {
    struct dais_list sessions;
};

struct ended_answer {
    int64_t ended;
};

static const struct dais_field SESSION_FIELDS[] = {
    DAIS_FIELD(struct store_session, id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36,
               "the session"),
    DAIS_FIELD(struct store_session, device, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 200,
               "program and system that logged in, as far as they told"),
    DAIS_FIELD(struct store_session, address, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 64,
               "where the login came from"),
    DAIS_FIELD_NAMED("createdAt", struct store_session, created_at, DAIS_KIND_TIME,
                     DAIS_FIELD_REQUIRED, 0, 40, "when it began"),
    DAIS_FIELD_NAMED("lastSeenAt", struct store_session, last_seen_at, DAIS_KIND_TIME,
                     DAIS_FIELD_REQUIRED, 0, 40, "when it was last used, to about two minutes"),
    DAIS_FIELD_NAMED("expiresAt", struct store_session, expires_at, DAIS_KIND_TIME,
                     DAIS_FIELD_REQUIRED, 0, 40, "when it ends by itself"),
    DAIS_FIELD_NAMED("current", struct store_session, is_current, DAIS_KIND_BOOL,
                     DAIS_FIELD_REQUIRED, 0, 0, "the one that asks"),
    DAIS_FIELD_END,
};
static const struct dais_shape SESSION = DAIS_SHAPE("Session", struct store_session,
                                                    SESSION_FIELDS);
static const struct dais_field SESSIONS_FIELDS[] = {
    DAIS_FIELD_NESTED("sessions", struct sessions_answer, sessions, DAIS_KIND_LIST,
                      DAIS_FIELD_REQUIRED, 1000, &SESSION, "latest login first"),
    DAIS_FIELD_END,
};
static const struct dais_shape SESSIONS = DAIS_SHAPE("SessionList", struct sessions_answer,
                                                     SESSIONS_FIELDS);
static const struct dais_field ENDED_FIELDS[] = {
    DAIS_FIELD(struct ended_answer, ended, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 1000000,
               "how many sessions were open"),
    DAIS_FIELD_END,
};
static const struct dais_shape ENDED = DAIS_SHAPE("SessionsEnded", struct ended_answer,
                                                  ENDED_FIELDS);

static int32_t list(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    struct dais_str current = dais_http->identity(req)->session_id;
    struct sessions_answer answer;
    int32_t error = store_sessions_list(api_caller(req), &answer.sessions);
    if (error)
        return error;
    struct store_session *sessions = (struct store_session *)(uintptr_t)answer.sessions.items;
    for (uint64_t i = 0; i < answer.sessions.count; i++)
        sessions[i].is_current = (uint8_t)dais_str_eq(sessions[i].id, current);
    return dais_http->reply_fields(req, 200, &SESSIONS, &answer);
}

static int32_t end_one(struct dais_req *req, const struct dais_input *input)
{
    const struct api_id *path = input->path;
    if (api_is_machine(req))
        return api_refuse_machine(req);
    int32_t error = identity_logout(path->id, api_caller(req));
    return error ? error : api_nothing(req);
}

static int32_t end_others(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    struct ended_answer answer = {0};
    const struct account_sessions sessions = {dais_http->identity(req)->session_id, &answer.ended};
    if (api_is_machine(req))
        return api_refuse_machine(req);
    int32_t error = account_end_sessions(api_caller(req), &sessions);
    return error ? error : dais_http->reply_fields(req, 200, &ENDED, &answer);
}

const struct dais_route api_sessions_routes[] = {
    {.method = "GET",
     .path = "/api/auth/sessions",
     .access = DAIS_ACCESS_USER,
     .rate_class = "read",
     .status = 200,
     .answer_shape = &SESSIONS,
     .handler = list,
     .summary = "The caller's open login sessions"},
    {.method = "DELETE",
     .path = "/api/auth/sessions",
     .access = DAIS_ACCESS_USER,
     .rate_class = "write",
     .status = 200,
     .answer_shape = &ENDED,
     .handler = end_others,
     .summary = "End all of the caller's login sessions but this one"},
    {.method = "DELETE",
     .path = "/api/auth/sessions/:id",
     .access = DAIS_ACCESS_USER,
     .rate_class = "write",
     .status = 204,
     .path_shape = &api_id_shape,
     .handler = end_one,
     .summary = "End one of the caller's login sessions"},
    {.method = NULL},
};
