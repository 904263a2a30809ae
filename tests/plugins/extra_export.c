/* SPDX-License-Identifier: MIT */
/* A plugin that exports more than its descriptor. */
#include "dais/abi.h"

__attribute__((visibility("default"))) extern int extra_export_counter;

int extra_export_counter;

static int32_t init(const struct dais_host *host)
{
    (void)host;
    return DAIS_OK;
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "extra_export",
    .version = "1.0.0",
    .init = init,
};
