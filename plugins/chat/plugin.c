/* SPDX-License-Identifier: MIT */
/* Chat: descriptor and tables. */
#include "dais/dais.h"
#include "operations.h"
#include "store.h"
#include "told.h"

static const struct dais_need NEEDS[] = {
    DAIS_NEED_DB,  DAIS_NEED_EVENTS, DAIS_NEED_FIBER, DAIS_NEED_HOOKS,
    DAIS_NEED_LOG, DAIS_NEED_MEM,    DAIS_NEED_ROOMS, {NULL, NULL, 0, 0},
};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = dais_db->migrations(dais_schema);
    if (!error)
        error = dais_hooks->operations(operations_table);
    return error;
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "chat",
    .version = "0.1.0",
    .summary = "Chat in the rooms of other plugins",
    .needs = NEEDS,
    .init = init,
};
