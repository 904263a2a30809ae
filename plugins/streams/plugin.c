/* SPDX-License-Identifier: MIT */
/* The live model: descriptor and tables. */
#include "api.h"
#include "dais/dais.h"
#include "keys.h"
#include "live.h"
#include "live_card.h"
#include "live_rights.h"
#include "live_room.h"
#include "operations.h"
#include "source.h"
#include "store.h"

static const struct dais_need NEEDS[] = {
    DAIS_NEED_BUS,   DAIS_NEED_CONFIG, DAIS_NEED_DB,     DAIS_NEED_EVENTS,   DAIS_NEED_FIBER,
    DAIS_NEED_HOOKS, DAIS_NEED_HTTP,   DAIS_NEED_LOG,    DAIS_NEED_MEDIA,    DAIS_NEED_MEM,
    DAIS_NEED_ROOMS, DAIS_NEED_SHARED, DAIS_NEED_TIMERS, {NULL, NULL, 0, 0},
};

static const struct dais_offer OFFERS[] = {
    {"dais.streams/1", &live_service},
    {DAIS_ROOMSOURCE ":live", &source_live},
    {NULL, NULL},
};

static const struct dais_field CONFIG_FIELDS[] = {
    DAIS_FIELD_CONFIG(struct streams_config, rtmp_host, DAIS_KIND_STRING, 0, 253, "", "RTMP_HOST",
                      "host name for encoders; empty: the one in the request"),
    DAIS_FIELD_CONFIG(struct streams_config, rtmp_port, DAIS_KIND_INT, 0, 65535, "1935",
                      "RTMP_PORT", "port for encoders"),
    DAIS_FIELD_CONFIG(struct streams_config, hls_host, DAIS_KIND_STRING, 0, 259, "", "HLS_HOST",
                      "host[:port] for players; empty: the one in the request"),
    DAIS_FIELD_END,
};
static const struct dais_shape CONFIG = DAIS_SHAPE("StreamsConfig", struct streams_config,
                                                   CONFIG_FIELDS);

static const struct dais_route ROUTES[] = {
    {.method = "GET",
     .path = "/api/streams",
     .access = DAIS_ACCESS_PUBLIC,
     .rate_class = "read",
     .status = 200,
     .query_shape = &api_list_query_shape,
     .answer_shape = &api_list_shape,
     .handler = api_list,
     .summary = "Streams, newest first"},
    {.method = "POST",
     .path = "/api/streams",
     .access = DAIS_ACCESS_ROLE,
     .roles = DAIS_ROLE_ADMIN | DAIS_ROLE_CREATOR,
     .rate_class = "write",
     .status = 201,
     .body_shape = &api_create_shape,
     .answer_shape = &api_stream_shape,
     .handler = api_create,
     .summary = "Make a stream and its key"},
    {.method = "GET",
     .path = "/api/streams/:id",
     .access = DAIS_ACCESS_PUBLIC,
     .rate_class = "read",
     .status = 200,
     .path_shape = &api_id_shape,
     .answer_shape = &api_stream_shape,
     .handler = api_get,
     .summary = "One stream; with its key for its owner"},
    {.method = "PUT",
     .path = "/api/streams/:id",
     .access = DAIS_ACCESS_OWNER,
     .roles = DAIS_ROLE_ADMIN,
     .owner = &store_statements[STORE_OWNER],
     .rate_class = "write",
     .status = 200,
     .path_shape = &api_id_shape,
     .body_shape = &api_change_shape,
     .answer_shape = &api_stream_shape,
     .handler = api_change,
     .summary = "Change title, description or schedule"},
    {.method = "DELETE",
     .path = "/api/streams/:id",
     .access = DAIS_ACCESS_OWNER,
     .roles = DAIS_ROLE_ADMIN,
     .owner = &store_statements[STORE_OWNER],
     .rate_class = "write",
     .status = 204,
     .path_shape = &api_id_shape,
     .handler = api_remove,
     .summary = "Remove a stream that is not live"},
    {.method = "POST",
     .path = "/api/streams/:id/regenerate-key",
     .access = DAIS_ACCESS_OWNER,
     .roles = DAIS_ROLE_ADMIN,
     .owner = &store_statements[STORE_OWNER],
     .rate_class = "write",
     .status = 200,
     .path_shape = &api_id_shape,
     .answer_shape = &api_stream_shape,
     .handler = api_regenerate_key,
     .summary = "Replace the key; who publishes with the old one is cut off"},
    {.method = NULL},
};

static int32_t keys_read(void)
{
    struct dais_str master;
    int32_t error = dais_config->secret("stream_keys", "STREAM_KEY_SECRET", KEYS_MASTER_BYTES,
                                        &master);
    return error ? error : keys_init(master);
}

static int32_t register_live(void)
{
    int32_t error = DAIS_OK;
    for (int i = 0; i < LIVE_CARD_BOARDS && !error; i++)
        error = dais_shared->board(&live_card_boards[i]);
    if (!error)
        error = dais_events->events(live_room_events);
    if (!error)
        error = dais_events->documents(live_room_documents);
    if (!error)
        error = dais_rooms->kinds(live_room_kinds);
    if (!error)
        error = dais_media->observe(&live_observer);
    if (!error)
        error = dais_bus->subscribe(live_rights_subscriptions);
    if (!error)
        error = dais_timers->every(live_timers);
    return error;
}

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = dais_config->read(&CONFIG, &api_config);
    if (!error)
        error = keys_read();
    if (!error)
        error = dais_db->migrations(dais_schema);
    if (!error)
        error = dais_db->statements(store_statements);
    if (!error)
        error = dais_hooks->operations(operations_table);
    if (!error)
        error = dais_hooks->attach(operations_hooks);
    if (!error)
        error = dais_http->routes(ROUTES);
    return error ? error : register_live();
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "streams",
    .version = "0.1.0",
    .summary = "Streams, their keys and their live state",
    .needs = NEEDS,
    .offers = OFFERS,
    .init = init,
};
