/* SPDX-License-Identifier: MIT */
/* Chat: descriptor and tables. */
#include "api.h"
#include "api_moderation.h"
#include "card.h"
#include "dais/dais.h"
#include "edit.h"
#include "history.h"
#include "joins.h"
#include "live.h"
#include "live_moderation.h"
#include "live_rights.h"
#include "operations.h"
#include "plugin_config.h"
#include "plugin_metrics.h"
#include "purge.h"
#include "react.h"
#include "release.h"
#include "room.h"
#include "send.h"
#include "service.h"
#include "store.h"
#include "told.h"
#include "typing.h"
#include "who.h"
#include "worker.h"

static const struct dais_need NEEDS[] = {
    DAIS_NEED_BUS,      DAIS_NEED_CONFIG,  DAIS_NEED_DB,     DAIS_NEED_EVENTS,
    DAIS_NEED_FIBER,    DAIS_NEED_HOOKS,   DAIS_NEED_HTTP,   DAIS_NEED_LOG,
    DAIS_NEED_MEM,      DAIS_NEED_METRICS, DAIS_NEED_RANDOM, DAIS_NEED_ROOMS,
    DAIS_NEED_SERVICES, DAIS_NEED_SHARED,  DAIS_NEED_TIMERS, {NULL, NULL, 0, 0},
};

static const struct dais_offer OFFERS[] = {
    {"dais.chat/1", &service_table},
    {NULL, NULL},
};

/* In the order of the dialects; what moderators do stands in api_moderation.c. */
static const struct dais_route ROUTES[] = {
    {.method = "GET",
     .path = "/api/chat/session/:id",
     .access = DAIS_ACCESS_PUBLIC,
     .status = 200,
     .path_shape = &who_id_shape,
     .query_shape = &history_query_shape,
     .answer_shape = &history_chat_page,
     .handler = api_chat_page,
     .summary = "What was written in a room"},
    {.method = "POST",
     .path = "/api/chat/session/:id",
     .access = DAIS_ACCESS_USER,
     .status = 201,
     .path_shape = &who_id_shape,
     .body_shape = &send_chat_shape,
     .answer_shape = &told_chat_message,
     .handler = api_chat_send,
     .summary = "Send a message to a room"},
    {.method = "PATCH",
     .path = "/api/chat/:id",
     .access = DAIS_ACCESS_USER,
     .status = 200,
     .path_shape = &who_id_shape,
     .body_shape = &edit_body_shape,
     .answer_shape = &told_chat_message,
     .handler = api_edit,
     .summary = "Change what you wrote"},
    {.method = "PUT",
     .path = "/api/chat/:id/reaction",
     .access = DAIS_ACCESS_USER,
     .status = 200,
     .path_shape = &who_id_shape,
     .body_shape = &react_body_shape,
     .answer_shape = &react_answer_shape,
     .handler = api_react,
     .summary = "Set a reaction, or take it back"},
    {.method = "GET",
     .path = "/api/chat/rooms/:id",
     .access = DAIS_ACCESS_PUBLIC,
     .status = 200,
     .path_shape = &who_id_shape,
     .answer_shape = &room_state_shape,
     .handler = api_room,
     .summary = "How a room's chat is set, its pins, and what you are there"},
    {.method = "POST",
     .path = "/api/chat/rooms/:id/typing",
     .access = DAIS_ACCESS_USER,
     .status = 204,
     .path_shape = &who_id_shape,
     .body_shape = &typing_body_shape,
     .handler = api_typing,
     .summary = "Tell the others that you type"},
    {.method = "GET",
     .path = "/api/live/:id/chat",
     .access = DAIS_ACCESS_PUBLIC,
     .status = 200,
     .path_shape = &who_id_shape,
     .query_shape = &history_query_shape,
     .answer_shape = &history_stream_page,
     .handler = api_stream_page,
     .summary = "What was written in a live stream"},
    {.method = "POST",
     .path = "/api/live/:id/chat",
     .access = DAIS_ACCESS_USER,
     .status = 201,
     .path_shape = &who_id_shape,
     .body_shape = &send_stream_shape,
     .answer_shape = &told_stream_message,
     .handler = api_stream_send,
     .summary = "Send a message to a live stream"},
    {.method = "GET",
     .path = "/api/live/:id/messages",
     .access = DAIS_ACCESS_PUBLIC,
     .status = 200,
     .path_shape = &who_id_shape,
     .query_shape = &history_query_shape,
     .answer_shape = &history_live_page,
     .handler = api_live_page,
     .summary = "What was written in a live stream"},
    {.method = "POST",
     .path = "/api/live/:id/message",
     .access = DAIS_ACCESS_USER,
     .status = 201,
     .path_shape = &who_id_shape,
     .body_shape = &send_live_shape,
     .answer_shape = &told_live_message,
     .handler = api_live_send,
     .summary = "Send a message to a live stream"},
    {.method = NULL},
};

/** Once per process, on one worker. */
static const struct dais_timer TIMERS[] = {
    {"release", RELEASE_EVERY_MS, 0, release_run},
    {"purge_gone", PURGE_GONE_EVERY_MS, 0, purge_gone},
    {"purge_old", PURGE_OLD_EVERY_MS, 0, purge_old},
    {NULL, 0, 0, NULL},
};

/** What those who keep order have, and what goes on beside all of it. */
static int32_t register_moderation(void)
{
    int32_t error = dais_http->routes(api_moderation_routes);
    if (!error)
        error = dais_events->events(live_moderation_events);
    if (!error)
        error = dais_events->documents(live_moderation_documents);
    if (!error)
        error = dais_hooks->attach(purge_hooks);
    return error ? error : dais_timers->every(TIMERS);
}

static int32_t register_data(void)
{
    int32_t error = dais_db->migrations(dais_schema);
    for (int i = 0; store_tables[i] && !error; i++)
        error = dais_db->statements(store_tables[i]);
    for (int i = 0; i < CARD_BOARDS && !error; i++)
        error = dais_shared->board(&card_boards[i]);
    for (int i = 0; i < LIVE_RIGHTS_BOARDS && !error; i++)
        error = dais_shared->board(&live_rights_boards[i]);
    return error;
}

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = plugin_config_read();
    if (!error)
        error = plugin_metrics_register();
    if (!error)
        error = register_data();
    if (!error)
        error = dais_hooks->operations(operations_table);
    if (!error)
        error = dais_http->routes(ROUTES);
    if (!error)
        error = dais_events->events(live_events);
    if (!error)
        error = dais_events->documents(live_documents);
    if (!error)
        error = dais_rooms->kinds(room_kinds);
    if (!error)
        error = dais_rooms->observe(joins_watches);
    if (!error)
        error = dais_bus->subscribe(live_subscriptions);
    if (!error)
        error = dais_bus->subscribe(live_rights_subscriptions);
    return error ? error : register_moderation();
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "chat",
    .version = "0.1.0",
    .summary = "Chat in the rooms of other plugins",
    .needs = NEEDS,
    .offers = OFFERS,
    .init = init,
    .worker_start = worker_start,
    .worker_stop = worker_stop,
};
