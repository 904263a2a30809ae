/* SPDX-License-Identifier: MIT */
/* A plugin built against another draft of the headers. */
#include "dais/abi.h"

static int32_t init(const struct dais_host *host)
{
    (void)host;
    return DAIS_OK;
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH ^ 1u,
    .id = "other_draft",
    .version = "1.0.0",
    .init = init,
};
