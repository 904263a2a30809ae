/* SPDX-License-Identifier: MIT */
/* A plugin that leaves a stream open and wants to hear of its end before its worker stops. */
#include "dais/dais.h"

#include <stdlib.h>

#define WORKERS_MAX 64u

static uint32_t stopped[WORKERS_MAX];

static void on_end(uint64_t cookie)
{
    (void)cookie;
    if (stopped[dais_fiber->worker()])
        abort();
}

static const struct dais_media_observer observer = {.name = "last_event", .end = on_end};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    return dais_media->observe(&observer);
}

static int32_t start(void)
{
    const struct dais_publish request = {.stream = dais_cstr("left-open")};
    dais_handle publisher;
    return dais_media->publish(&request, &publisher);
}

static void worker_stop(uint32_t worker)
{
    stopped[worker] = 1;
}

static const struct dais_need needs[] = {DAIS_NEED_FIBER, DAIS_NEED_MEDIA, {NULL, NULL, 0, 0}};

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "last_event",
    .version = "1.0.0",
    .needs = needs,
    .init = init,
    .start = start,
    .worker_stop = worker_stop,
};
