/* SPDX-License-Identifier: MIT */
/* A plugin that uses the service of another one. */
#include "dais/http.h"
#include "probe_service.h"

struct question {
    uint64_t present;
    int64_t number;
};

static const struct dais_field question_fields[] = {
    DAIS_FIELD(struct question, number, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 1000, "A number"),
    DAIS_FIELD_END,
};
static const struct dais_shape question_shape = DAIS_SHAPE("Question", struct question,
                                                           question_fields);

static int32_t answer(struct dais_req *req, const struct dais_input *input)
{
    const struct question *in = input->query;
    struct question out = {.number = probe_twice(in->number)};
    return dais_http->reply_fields(req, 200, &question_shape, &out);
}

static const struct dais_route routes[] = {
    {"GET", "/caller/twice", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, 0, 200, NULL, &question_shape, NULL,
     &question_shape, answer, "Asks another plugin"},
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
    DAIS_NEED_PROBE,
    {NULL, NULL, 0, 0},
};

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "caller",
    .version = "0.1.0",
    .needs = needs,
    .init = init,
};
