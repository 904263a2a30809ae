/* SPDX-License-Identifier: MIT */
#include "api_moderation.h"

#include "bars.h"
#include "moderate.h"
#include "moderators.h"
#include "reports.h"
#include "settings.h"
#include "told.h"

/** The path "…/:id/…/:userId". */
struct member {
    uint64_t present;
    struct dais_str id;
    struct dais_str user_id;
};

static const struct dais_field MEMBER_FIELDS[] = {
    DAIS_FIELD(struct member, id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36, "the room"),
    DAIS_FIELD_NAMED("userId", struct member, user_id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36,
                     "the account"),
    DAIS_FIELD_END,
};
static const struct dais_shape MEMBER = DAIS_SHAPE("ChatMember", struct member, MEMBER_FIELDS);

static struct dais_str id_of(const struct dais_input *input)
{
    const struct who_id *path = input->path;
    return path->id;
}

static struct who_room room_of(const struct dais_input *input)
{
    return who_room_of(id_of(input));
}

/* --- messages --- */

static int32_t pin(struct dais_req *req, const struct dais_input *input)
{
    const struct dais_caller caller = dais_caller_http(req);
    struct moderate_pin in = *(const struct moderate_pin *)input->body;
    in.message_id = id_of(input);
    return moderate_pin(&caller, &in);
}

static int32_t delete_message(struct dais_req *req, const struct dais_input *input)
{
    const struct dais_caller caller = dais_caller_http(req);
    const struct moderate_delete in = {.message_id = id_of(input)};
    return moderate_delete(&caller, &in);
}

/** Whoever names an account, in whatever place, means its messages alone. */
static int32_t clear(struct dais_req *req, const struct dais_input *input)
{
    const struct dais_caller caller = dais_caller_http(req);
    const struct moderate_clear *body = input->body;
    struct moderate_clear in = *(const struct moderate_clear *)input->query;
    in.room = room_of(input);
    if (!in.user_id.ptr)
        in.user_id = body->user_id;
    return moderate_clear(&caller, &in);
}

/* --- settings --- */

static int32_t read_settings(struct dais_req *req, const struct dais_input *input)
{
    const struct dais_caller caller = dais_caller_http(req);
    const struct who_room room = room_of(input);
    return settings_get(&caller, &room);
}

static int32_t change_settings(struct dais_req *req, const struct dais_input *input)
{
    const struct dais_caller caller = dais_caller_http(req);
    const struct settings_change in = {*(const struct chat_settings *)input->body, room_of(input)};
    return settings_patch(&caller, &in);
}

static int32_t change_mine(struct dais_req *req, const struct dais_input *input)
{
    const struct dais_caller caller = dais_caller_http(req);
    return settings_mine(&caller, input->body);
}

/* --- bars --- */

static int32_t list_bars(struct dais_req *req, const struct dais_input *input)
{
    const struct dais_caller caller = dais_caller_http(req);
    struct bars_list in = *(const struct bars_list *)input->query;
    in.room = room_of(input);
    return bars_list(&caller, &in);
}

static int32_t bar(struct dais_req *req, const struct dais_input *input)
{
    const struct dais_caller caller = dais_caller_http(req);
    const struct member *path = input->path;
    struct bars_put in = *(const struct bars_put *)input->body;
    in.room = who_room_of(path->id);
    in.user_id = path->user_id;
    return bars_put(&caller, &in);
}

static int32_t unbar(struct dais_req *req, const struct dais_input *input)
{
    const struct dais_caller caller = dais_caller_http(req);
    const struct member *path = input->path;
    const struct bars_lift in = {.room = who_room_of(path->id), .user_id = path->user_id};
    return bars_lift(&caller, &in);
}

/* --- moderators --- */

static int32_t list_moderators(struct dais_req *req, const struct dais_input *input)
{
    const struct dais_caller caller = dais_caller_http(req);
    const struct who_room room = room_of(input);
    return moderators_list(&caller, &room);
}

static int32_t set_moderator(struct dais_req *req, const struct dais_input *input, uint8_t value)
{
    const struct dais_caller caller = dais_caller_http(req);
    const struct member *path = input->path;
    const struct moderators_set in = {
        .room = who_room_of(path->id), .user_id = path->user_id, .value = value};
    return moderators_set(&caller, &in);
}

static int32_t appoint(struct dais_req *req, const struct dais_input *input)
{
    return set_moderator(req, input, 1);
}

static int32_t dismiss(struct dais_req *req, const struct dais_input *input)
{
    return set_moderator(req, input, 0);
}

/* --- reports --- */

static int32_t report(struct dais_req *req, const struct dais_input *input)
{
    const struct dais_caller caller = dais_caller_http(req);
    struct reports_add in = *(const struct reports_add *)input->body;
    in.message_id = id_of(input);
    return reports_add(&caller, &in);
}

static int32_t list_reports(struct dais_req *req, const struct dais_input *input)
{
    const struct dais_caller caller = dais_caller_http(req);
    struct reports_list in = *(const struct reports_list *)input->query;
    in.room = room_of(input);
    return reports_list(&caller, &in);
}

static int32_t resolve_report(struct dais_req *req, const struct dais_input *input)
{
    const struct dais_caller caller = dais_caller_http(req);
    struct reports_resolve in = *(const struct reports_resolve *)input->body;
    in.report_id = id_of(input);
    return reports_resolve(&caller, &in);
}

const struct dais_route api_moderation_routes[] = {
    {.method = "PATCH",
     .path = "/api/chat/:id/pin",
     .access = DAIS_ACCESS_USER,
     .status = 200,
     .path_shape = &who_id_shape,
     .body_shape = &moderate_pin_body,
     .answer_shape = &told_chat_message,
     .handler = pin,
     .summary = "Pin a message, or take the pin off"},
    {.method = "DELETE",
     .path = "/api/chat/:id",
     .access = DAIS_ACCESS_USER,
     .status = 204,
     .path_shape = &who_id_shape,
     .handler = delete_message,
     .summary = "Delete a message, one's own or as a moderator"},
    {.method = "DELETE",
     .path = "/api/chat/rooms/:id/messages",
     .access = DAIS_ACCESS_USER,
     .status = 200,
     .path_shape = &who_id_shape,
     .query_shape = &moderate_clear_query,
     .body_shape = &moderate_clear_query,
     .answer_shape = &moderate_cleared,
     .handler = clear,
     .summary = "Clear a room of all messages, or of those of one account"},
    {.method = "GET",
     .path = "/api/chat/rooms/:id/settings",
     .access = DAIS_ACCESS_USER,
     .status = 200,
     .path_shape = &who_id_shape,
     .answer_shape = &chat_settings_shape,
     .handler = read_settings,
     .summary = "How a room's chat is set, for its moderators"},
    {.method = "PATCH",
     .path = "/api/chat/rooms/:id/settings",
     .access = DAIS_ACCESS_USER,
     .status = 200,
     .path_shape = &who_id_shape,
     .body_shape = &chat_settings_shape,
     .answer_shape = &chat_settings_shape,
     .handler = change_settings,
     .summary = "Change what is given"},
    {.method = "PUT",
     .path = "/api/stream/chat-settings",
     .access = DAIS_ACCESS_USER,
     .status = 200,
     .body_shape = &chat_settings_shape,
     .answer_shape = &chat_settings_shape,
     .handler = change_mine,
     .summary = "Change how the chat of one's stream is set; for approved creators"},
    {.method = "GET",
     .path = "/api/chat/rooms/:id/bars",
     .access = DAIS_ACCESS_USER,
     .status = 200,
     .path_shape = &who_id_shape,
     .query_shape = &bars_list_query,
     .answer_shape = &bars_page,
     .handler = list_bars,
     .summary = "Who is banned or timed out"},
    {.method = "PUT",
     .path = "/api/chat/rooms/:id/bars/:userId",
     .access = DAIS_ACCESS_USER,
     .status = 200,
     .path_shape = &MEMBER,
     .body_shape = &bars_put_body,
     .answer_shape = &bars_bar,
     .handler = bar,
     .summary = "Ban an account, or time it out"},
    {.method = "DELETE",
     .path = "/api/chat/rooms/:id/bars/:userId",
     .access = DAIS_ACCESS_USER,
     .status = 204,
     .path_shape = &MEMBER,
     .handler = unbar,
     .summary = "End a ban or time-out"},
    {.method = "GET",
     .path = "/api/chat/rooms/:id/moderators",
     .access = DAIS_ACCESS_USER,
     .status = 200,
     .path_shape = &who_id_shape,
     .answer_shape = &moderators_page,
     .handler = list_moderators,
     .summary = "Who moderates a room, for its owner"},
    {.method = "PUT",
     .path = "/api/chat/rooms/:id/moderators/:userId",
     .access = DAIS_ACCESS_USER,
     .status = 204,
     .path_shape = &MEMBER,
     .handler = appoint,
     .summary = "Make an account a moderator of the room"},
    {.method = "DELETE",
     .path = "/api/chat/rooms/:id/moderators/:userId",
     .access = DAIS_ACCESS_USER,
     .status = 204,
     .path_shape = &MEMBER,
     .handler = dismiss,
     .summary = "Make it one no longer"},
    {.method = "POST",
     .path = "/api/chat/:id/report",
     .access = DAIS_ACCESS_USER,
     .status = 201,
     .path_shape = &who_id_shape,
     .body_shape = &reports_add_body,
     .answer_shape = &reports_added,
     .handler = report,
     .summary = "Report a message to the moderators"},
    {.method = "GET",
     .path = "/api/chat/rooms/:id/reports",
     .access = DAIS_ACCESS_USER,
     .status = 200,
     .path_shape = &who_id_shape,
     .query_shape = &reports_list_query,
     .answer_shape = &reports_page,
     .handler = list_reports,
     .summary = "What was reported in a room, for its moderators"},
    {.method = "PATCH",
     .path = "/api/chat/reports/:id",
     .access = DAIS_ACCESS_USER,
     .status = 200,
     .path_shape = &who_id_shape,
     .body_shape = &reports_resolve_body,
     .answer_shape = &reports_report,
     .handler = resolve_report,
     .summary = "Resolve a report"},
    {.method = NULL},
};
