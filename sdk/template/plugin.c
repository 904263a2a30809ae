/* SPDX-License-Identifier: MIT */
/* Cheers in rooms: descriptor and tables. */
#include "api.h"
#include "cheer.h"
#include "dais/dais.h"
#include "live.h"
#include "store.h"

static const struct dais_need NEEDS[] = {
    DAIS_NEED_DB,     DAIS_NEED_EVENTS, DAIS_NEED_HTTP,     DAIS_NEED_LOG,
    DAIS_NEED_RANDOM, DAIS_NEED_ROOMS,  DAIS_NEED_SERVICES, {NULL, NULL, 0, 0},
};

static const struct dais_route ROUTES[] = {
    {.method = "POST",
     .path = "/api/template/rooms/:roomId/cheers",
     .access = DAIS_ACCESS_USER,
     .status = 201,
     .path_shape = &cheer_path,
     .body_shape = &cheer_body,
     .answer_shape = &cheer_told,
     .handler = api_cheer,
     .summary = "Cheer in a room"},
    {.method = NULL},
};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = dais_db->migrations(dais_schema);
    if (!error)
        error = dais_db->statements(store_statements);
    if (!error)
        error = dais_http->routes(ROUTES);
    if (!error)
        error = dais_events->events(live_events);
    return error ? error : dais_events->documents(live_documents);
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "template",
    .version = "0.1.0",
    .summary = "Cheers in rooms",
    .needs = NEEDS,
    .init = init,
};
