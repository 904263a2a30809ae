/* SPDX-License-Identifier: MIT */
#include "live.h"

#include "card.h"
#include "dais/fiber.h"
#include "dais/svc/roomsource.h"
#include "edit.h"
#include "react.h"
#include "room.h"
#include "send.h"
#include "told.h"
#include "typing.h"

static int32_t join(struct dais_call *call, const void *data)
{
    return room_join(call, data);
}

static int32_t leave(struct dais_call *call, const void *data)
{
    return room_leave(call, data);
}

static int32_t send(struct dais_call *call, const void *data)
{
    const struct dais_caller caller = dais_caller_socket(call);
    return send_message(&caller, data, &told_chat_message);
}

static int32_t edit(struct dais_call *call, const void *data)
{
    const struct dais_caller caller = dais_caller_socket(call);
    return edit_message(&caller, data);
}

static int32_t react(struct dais_call *call, const void *data)
{
    const struct dais_caller caller = dais_caller_socket(call);
    return react_set(&caller, data);
}

static int32_t typing(struct dais_call *call, const void *data)
{
    const struct dais_caller caller = dais_caller_socket(call);
    return typing_tell(&caller, data);
}

const struct dais_event live_events[] = {
    {.name = "chat:join",
     .access = DAIS_ACCESS_PUBLIC,
     .data_shape = &room_join_shape,
     .ack_shape = &room_state_shape,
     .handler = join,
     .summary = "Enter a room and hear its chat"},
    {.name = "chat:leave",
     .access = DAIS_ACCESS_PUBLIC,
     .data_shape = &room_leave_shape,
     .handler = leave,
     .summary = "Leave it"},
    {.name = "chat:send",
     .access = DAIS_ACCESS_USER,
     .data_shape = &send_event_shape,
     .ack_shape = &told_chat_message,
     .handler = send,
     .summary = "Send a message to a room"},
    {.name = "chat:edit",
     .access = DAIS_ACCESS_USER,
     .data_shape = &edit_event_shape,
     .ack_shape = &told_chat_message,
     .handler = edit,
     .summary = "Change what you wrote"},
    {.name = "chat:react",
     .access = DAIS_ACCESS_USER,
     .data_shape = &react_event_shape,
     .ack_shape = &react_answer_shape,
     .handler = react,
     .summary = "Set a reaction, or take it back"},
    {.name = "chat:typing",
     .access = DAIS_ACCESS_USER,
     .data_shape = &typing_event_shape,
     .handler = typing,
     .summary = "Tell the others that you type"},
    {.name = NULL},
};

const struct dais_event_out live_documents[] = {
    {"chat:message", NULL, &told_chat_message, "A message"},
    {"live:message", NULL, &told_live_message, "A message, to who entered by live:join"},
    {"chat:edited", NULL, &told_chat_message, "Its author changed a message"},
    {"chat:deleted", NULL, &told_deleted_shape, "A message is gone"},
    {"chat:pinned", NULL, &told_chat_message, "A message was pinned"},
    {"chat:unpinned", NULL, &told_unpinned_shape, "It is pinned no longer"},
    {"chat:typing", NULL, &told_typing_shape, "Somebody types, or does no longer"},
    {"chat:reaction", NULL, &told_reaction_shape, "The reactions to a message changed"},
    {"chat:cleared", NULL, &told_cleared_shape, "Messages of a room are gone"},
    {"chat:barred", NULL, &told_barred_shape, "You may not write in a room for now, or for good"},
    {"chat:unbarred", NULL, &told_unbarred_shape, "You may write in a room again"},
    {"chat:mention", NULL, &told_chat_message, "Somebody mentioned you"},
    {NULL, NULL, NULL, NULL},
};

/** Its source says that a room is another one now: closed, removed, renamed. Every worker hears it;
 * one drops the card of all. */
static void room_changed(const struct dais_bus_event *event)
{
    if (dais_fiber->worker() == 0)
        card_drop(event->key);
}

const struct dais_subscription live_subscriptions[] = {
    {DAIS_TOPIC_ROOM_CHANGED, room_changed},
    {NULL, NULL},
};
