/* SPDX-License-Identifier: MIT */
/* A plugin that needs the service of `versioned`. */
#include "dais/dais.h"
#include "versioned_service.h"

struct wait {
    uint64_t present;
    int64_t ms;
};

static const struct dais_field wait_fields[] = {
    DAIS_FIELD(struct wait, ms, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 10000, "How long, in ms"),
    DAIS_FIELD_END,
};
static const struct dais_shape wait_shape = DAIS_SHAPE("Wait", struct wait, wait_fields);

struct number {
    uint64_t present;
    int64_t number;
};

static const struct dais_field number_fields[] = {
    DAIS_FIELD(struct number, number, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 100, "Of the code"),
    DAIS_FIELD_END,
};
static const struct dais_shape number_shape = DAIS_SHAPE("Number", struct number, number_fields);

static int32_t answer(struct dais_req *req, const struct dais_input *input)
{
    const struct wait *in = input->query;
    const struct number out = {.number = versioned_number_after((uint64_t)in->ms)};
    return dais_http->reply_fields(req, 200, &number_shape, &out);
}

static const struct dais_route routes[] = {
    {"GET", "/user/number", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, 0, 200, NULL, &wait_shape, NULL,
     &number_shape, answer, "Asks versioned"},
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
    DAIS_NEED_VERSIONED,
    {NULL, NULL, 0, 0},
};

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "versioned_user",
    .version = "0.1.0",
    .needs = needs,
    .init = init,
};
