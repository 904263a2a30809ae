/* SPDX-License-Identifier: MIT */
/* A plugin that needs a version of an interface that this host does not have. */
#include "dais/abi.h"

static const void *http_slot;

static const struct dais_need needs[] = {{"dais.http/9", &http_slot, 0, 0}, {NULL, NULL, 0, 0}};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    return DAIS_OK;
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "missing_interface",
    .version = "2.1.0",
    .needs = needs,
    .init = init,
};
