/* SPDX-License-Identifier: MIT */
/* Needs the service of cycle_two, which needs the one of this plugin. */
#include "dais/abi.h"

static const void *other_slot;
static const uint64_t service = 1;

static const struct dais_need needs[] = {{"example.cycle_two/1", &other_slot, 0, 0},
                                         {NULL, NULL, 0, 0}};
static const struct dais_offer offers[] = {{"example.cycle_one/1", &service}, {NULL, NULL}};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    return DAIS_OK;
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "cycle_one",
    .version = "1.0.0",
    .needs = needs,
    .offers = offers,
    .init = init,
};
