/* SPDX-License-Identifier: MIT */
/* A plugin that needs a service (SERVICE; nobody offers it otherwise), and one that it can do
 * without. */
#include "dais/abi.h"

#ifndef SERVICE
#define SERVICE "example.weather/1"
#define ID "missing_service"
#endif

static const void *needed_slot;
static const void *tides_slot;

static const struct dais_need needs[] = {{"example.tides/1", &tides_slot, DAIS_NEED_OPTIONAL, 0},
                                         {SERVICE, &needed_slot, 0, 0},
                                         {NULL, NULL, 0, 0}};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    return DAIS_OK;
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = ID,
    .version = "1.0.0",
    .needs = needs,
    .init = init,
};
