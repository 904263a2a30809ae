/* SPDX-License-Identifier: MIT */
#include "live_moderation.h"

#include "bars.h"
#include "moderate.h"
#include "moderators.h"
#include "reports.h"
#include "settings.h"
#include "told.h"

static int32_t set_pin(struct dais_call *call, const void *data, uint8_t pinned)
{
    const struct dais_caller caller = dais_caller_socket(call);
    const struct moderate_delete *named = data;
    const struct moderate_pin in = {.message_id = named->message_id, .pinned = pinned};
    return moderate_pin(&caller, &in);
}

static int32_t pin(struct dais_call *call, const void *data)
{
    return set_pin(call, data, 1);
}

static int32_t unpin(struct dais_call *call, const void *data)
{
    return set_pin(call, data, 0);
}

static int32_t delete_message(struct dais_call *call, const void *data)
{
    const struct dais_caller caller = dais_caller_socket(call);
    return moderate_delete(&caller, data);
}

static int32_t clear(struct dais_call *call, const void *data)
{
    const struct dais_caller caller = dais_caller_socket(call);
    return moderate_clear(&caller, data);
}

static int32_t settings(struct dais_call *call, const void *data)
{
    const struct dais_caller caller = dais_caller_socket(call);
    return settings_patch(&caller, data);
}

static int32_t bar(struct dais_call *call, const void *data)
{
    const struct dais_caller caller = dais_caller_socket(call);
    return bars_put(&caller, data);
}

static int32_t unbar(struct dais_call *call, const void *data)
{
    const struct dais_caller caller = dais_caller_socket(call);
    return bars_lift(&caller, data);
}

static int32_t moderator(struct dais_call *call, const void *data)
{
    const struct dais_caller caller = dais_caller_socket(call);
    return moderators_set(&caller, data);
}

static int32_t report(struct dais_call *call, const void *data)
{
    const struct dais_caller caller = dais_caller_socket(call);
    return reports_add(&caller, data);
}

static int32_t resolve_report(struct dais_call *call, const void *data)
{
    const struct dais_caller caller = dais_caller_socket(call);
    return reports_resolve(&caller, data);
}

const struct dais_event live_moderation_events[] = {
    {.name = "chat:pin",
     .access = DAIS_ACCESS_USER,
     .data_shape = &moderate_message_event,
     .ack_shape = &told_chat_message,
     .handler = pin,
     .summary = "Pin a message"},
    {.name = "chat:unpin",
     .access = DAIS_ACCESS_USER,
     .data_shape = &moderate_message_event,
     .ack_shape = &told_chat_message,
     .handler = unpin,
     .summary = "Take the pin off"},
    {.name = "chat:delete",
     .access = DAIS_ACCESS_USER,
     .data_shape = &moderate_message_event,
     .handler = delete_message,
     .summary = "Delete a message, one's own or as a moderator"},
    {.name = "chat:clear",
     .access = DAIS_ACCESS_USER,
     .data_shape = &moderate_clear_event,
     .ack_shape = &moderate_cleared,
     .handler = clear,
     .summary = "Clear a room of all messages, or of those of one account"},
    {.name = "chat:settings",
     .access = DAIS_ACCESS_USER,
     .data_shape = &settings_change_event,
     .ack_shape = &chat_settings_shape,
     .handler = settings,
     .summary = "Change what is given of a room's settings"},
    {.name = "chat:bar",
     .access = DAIS_ACCESS_USER,
     .data_shape = &bars_put_event,
     .ack_shape = &bars_bar,
     .handler = bar,
     .summary = "Ban an account, or time it out"},
    {.name = "chat:unbar",
     .access = DAIS_ACCESS_USER,
     .data_shape = &bars_lift_event,
     .handler = unbar,
     .summary = "End a ban or time-out"},
    {.name = "chat:moderator",
     .access = DAIS_ACCESS_USER,
     .data_shape = &moderators_set_event,
     .handler = moderator,
     .summary = "Make an account a moderator of a room, or one no longer"},
    {.name = "chat:report",
     .access = DAIS_ACCESS_USER,
     .data_shape = &reports_add_event,
     .ack_shape = &reports_added,
     .handler = report,
     .summary = "Report a message to the moderators"},
    {.name = "chat:report:resolve",
     .access = DAIS_ACCESS_USER,
     .data_shape = &reports_resolve_event,
     .ack_shape = &reports_report,
     .handler = resolve_report,
     .summary = "Resolve a report"},
    {.name = NULL},
};

const struct dais_event_out live_moderation_documents[] = {
    {"chat:settings", NULL, &settings_told, "How the chat of a room is set now"},
    {"chat:moderator", NULL, &moderators_told,
     "An account is a moderator of a room now, or no longer; it and the moderators hear it"},
    {"chat:bars", NULL, &bars_change, "Somebody is barred, or no longer; moderators hear it"},
    {"chat:report", NULL, &reports_told, "A report was made or resolved; moderators hear it"},
    {NULL, NULL, NULL, NULL},
};
