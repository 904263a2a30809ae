/* SPDX-License-Identifier: MIT */
#include "host/hooks.h"

#include "data/db.h"
#include "host/identity.h"
#include "host/state.h"

static int32_t open_sockets(const char *name, struct dais_str address, uint32_t count, int *ret_fds)
{
    const struct host *host = host_get();
    if (!host->options.open_sockets)
        return DAIS_E_STATE;
    return host->options.open_sockets(name, address, count, ret_fds);
}

static int32_t query_cell(const struct dais_statement *statement, const struct dais_param *params,
                          uint32_t count, struct dais_str *ret_cell)
{
    struct dais_rows *rows = NULL;
    int32_t error = db_query(statement, params, count, &rows);
    if (error)
        return error;
    if (db_rows_count(rows) == 0)
        return DAIS_E_NOT_FOUND;
    *ret_cell = db_cell(rows, 0, 0);
    return DAIS_OK;
}

const struct http_hooks host_hooks = {
    .open_sockets = open_sockets,
    .identity_cached = identity_cached,
    .verify = identity_verify,
    .query_cell = query_cell,
};
