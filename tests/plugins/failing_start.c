/* SPDX-License-Identifier: MIT */
/* A plugin that initializes but cannot start. */
#include "dais/abi.h"

static int32_t init(const struct dais_host *host)
{
    (void)host;
    return DAIS_OK;
}

static int32_t start(void)
{
    return DAIS_E_UNAVAILABLE;
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "failing_start",
    .version = "1.0.0",
    .init = init,
    .start = start,
};
