/* SPDX-License-Identifier: MIT */
/* A plugin that registers a route and then refuses to initialize. */
#include "dais/http.h"

static int32_t answer(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return dais_http->reply(req, 204, NULL, dais_str(NULL, 0));
}

static const struct dais_route routes[] = {
    {.method = "GET",
     .path = "/failing",
     .access = DAIS_ACCESS_PUBLIC,
     .handler = answer,
     .status = 204,
     .summary = "Never answers, since its plugin never starts"},
    {.method = NULL},
};

static const struct dais_need needs[] = {DAIS_NEED_HTTP, {NULL, NULL, 0, 0}};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = dais_http->routes(routes);
    return error ? error : DAIS_E_INVALID;
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "failing_init",
    .version = "1.0.0",
    .needs = needs,
    .init = init,
};
