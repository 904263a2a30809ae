/* SPDX-License-Identifier: MIT */
/* A plugin that answers with a large value of the database. */
#include "dais/dais.h"

enum { LARGE };

static const struct dais_statement statements[] = {
    [LARGE] = {"large", "SELECT to_json(repeat('x', 7000000))::text", DAIS_LANE_READ, 0, 0, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

static int32_t answer_large(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return dais_http->reply_rows(req, 200, &statements[LARGE], NULL, 0);
}

static const struct dais_route routes[] = {
    {"GET", "/rows/large", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, 0, 200, NULL, NULL, NULL, NULL,
     answer_large, "Seven million letters"},
    {NULL, NULL, 0, 0, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL},
};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = dais_db->statements(statements);
    return error ? error : dais_http->routes(routes);
}

static const struct dais_need needs[] = {DAIS_NEED_DB, DAIS_NEED_HTTP, {NULL, NULL, 0, 0}};

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "rows",
    .version = "1.0.0",
    .needs = needs,
    .init = init,
};
