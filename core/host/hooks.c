/* SPDX-License-Identifier: MIT */
#include "host/hooks.h"

#include "data/db.h"
#include "host/config.h"
#include "host/identity.h"
#include "host/rates.h"
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
    return db_rows_keep(rows); /* an answer goes out when its fiber has ended */
}

static int32_t admit(uint32_t rate_class, const struct http_client *client,
                     uint32_t *ret_retry_after_s)
{
    struct host *host = host_get();
    const struct rates_event request = {rate_class, 1};
    uint64_t retry_ms;
    int32_t error = rates_admit(&host->options.config->rates, host->rates, &request, client,
                                &retry_ms);
    if (error)
        *ret_retry_after_s = (uint32_t)(retry_ms / 1000 + 1);
    return error;
}

static int32_t find_class(const char *name)
{
    int32_t found = rates_find(name);
    return found < (int32_t)RATES_OF_REQUESTS ? found : DAIS_E_NOT_FOUND;
}

static const char *class_name(uint32_t rate_class)
{
    return rate_class < RATES_OF_REQUESTS ? rates_row(rate_class)->name : NULL;
}

const struct http_hooks host_hooks = {
    .open_sockets = open_sockets,
    .identity_cached = identity_cached,
    .verify = identity_verify,
    .query_cell = query_cell,
    .rate_class = find_class,
    .rate_class_name = class_name,
    .admit = admit,
};
