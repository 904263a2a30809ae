/* SPDX-License-Identifier: MIT */
/* A shared object that is no plugin of ours: the magic number is another. */
#include "dais/abi.h"

static int32_t init(const struct dais_host *host)
{
    (void)host;
    return DAIS_OK;
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = 0x4e49475550544f4eull,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "wrong_magic",
    .version = "1.0.0",
    .init = init,
};
