/* SPDX-License-Identifier: MIT */
/*
 * The plugin of the HTTP benchmark: one constant JSON answer, given at once on the worker's stack
 * ("/hello") and on a fiber of its own ("/hello/fiber").
 */
#include "dais/dais.h"

static int32_t hello(struct dais_req *req, const struct dais_input *input)
{
    static const struct dais_str body = DAIS_STR_INIT("{\"ok\":true}\r\n");
    (void)input;
    return dais_http->reply(req, 200, "application/json", body);
}

static const struct dais_need NEEDS[] = {DAIS_NEED_HTTP, {NULL, NULL, 0, 0}};

static const struct dais_route ROUTES[] = {
    {.method = "GET",
     .path = "/hello",
     .access = DAIS_ACCESS_PUBLIC,
     .rate_class = "read",
     .flags = DAIS_ROUTE_INLINE,
     .status = 200,
     .handler = hello,
     .summary = "A constant"},
    {.method = "GET",
     .path = "/hello/fiber",
     .access = DAIS_ACCESS_PUBLIC,
     .rate_class = "read",
     .status = 200,
     .handler = hello,
     .summary = "A constant, from a fiber"},
    {.method = NULL},
};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    return dais_http->routes(ROUTES);
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "hello",
    .version = "0.1.0",
    .summary = "Answers a constant",
    .needs = NEEDS,
    .init = init,
};
