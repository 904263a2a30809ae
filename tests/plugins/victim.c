/* SPDX-License-Identifier: MIT */
/* A plugin without fault that uses the service of one that crashes. */
#include "crasher_service.h"
#include "dais/http.h"

static int32_t answer_call(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return crasher_crash(1) ? DAIS_E_INTERNAL : dais_http->reply(req, 204, NULL, dais_str(NULL, 0));
}

static int32_t answer_hello(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return dais_http->reply(req, 200, "text/plain", dais_cstr("hello"));
}

static const struct dais_route routes[] = {
    {"GET", "/victim/call", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, 0, 204, NULL, NULL, NULL, NULL,
     answer_call, "Calls what crashes"},
    {"GET", "/victim/hello", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, 0, 200, NULL, NULL, NULL, NULL,
     answer_hello, "Says that it is there"},
    {.method = NULL},
};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    return dais_http->routes(routes);
}

static const struct dais_need needs[] = {
    DAIS_NEED_HTTP,
    DAIS_NEED_SERVICES,
    DAIS_NEED_CRASHER,
    {NULL, NULL, 0, 0},
};

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "victim",
    .version = "0.1.0",
    .needs = needs,
    .init = init,
};
