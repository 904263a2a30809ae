/* SPDX-License-Identifier: MIT */
/*
 * A plugin that calls functions from the wrong places. Each call must give an error; the route
 * tells how many did.
 */
#include "dais/dais.h"

struct result {
    int64_t refused;
};

static const struct dais_field result_fields[] = {
    DAIS_FIELD(struct result, refused, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 0, "Calls refused"),
    DAIS_FIELD_END,
};
static const struct dais_shape result_shape = DAIS_SHAPE("Result", struct result, result_fields);

static int64_t refused;

static void expect_state(int32_t error)
{
    if (error == DAIS_E_STATE)
        refused++;
}

static int32_t answer(struct dais_req *req, const struct dais_input *input);

static const struct dais_route routes[] = {
    {"GET", "/misuse", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, 0, 200, NULL, NULL, NULL, &result_shape,
     answer, "How many calls were refused"},
    {.method = NULL},
};
static const struct dais_timer no_timers[] = {{NULL, 0, 0, NULL}};

/** Registration after `init`. */
static int32_t answer(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    expect_state(dais_http->routes(routes));
    expect_state(dais_timers->every(no_timers));
    const struct result result = {refused};
    return dais_http->reply_fields(req, 200, &result_shape, &result);
}

/** Waiting where nothing can wait. */
static int32_t init(const struct dais_host *host)
{
    static const struct dais_task task = {"never", NULL};
    struct dais_tx *tx;
    (void)host;
    expect_state(dais_fiber->sleep(1));
    expect_state(dais_fiber->park(1));
    expect_state(dais_fiber->spawn(&task, 0, NULL));
    expect_state(dais_db->begin(&tx));
    return dais_http->routes(routes);
}

static const struct dais_need needs[] = {
    DAIS_NEED_HTTP, DAIS_NEED_FIBER, DAIS_NEED_DB, DAIS_NEED_TIMERS, {NULL, NULL, 0, 0}};

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "misuse",
    .version = "1.0.0",
    .needs = needs,
    .init = init,
};
