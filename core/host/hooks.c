/* SPDX-License-Identifier: MIT */
#include "host/hooks.h"

#include "base/clock.h"
#include "base/hash.h"
#include "data/db.h"
#include "host/config.h"
#include "host/identity.h"
#include "host/rate.h"
#include "host/state.h"

#include <string.h>

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

/** The allowance of a class; 0: any number. */
static uint32_t allowance(const struct config_rates *rates, const char *rate_class)
{
    if (strcmp(rate_class, "login") == 0)
        return rates->login;
    if (strcmp(rate_class, "write") == 0)
        return rates->write;
    return strcmp(rate_class, "read") == 0 ? rates->read : rates->media;
}

static int32_t admit(const char *rate_class, struct dais_str peer, uint32_t *ret_retry_after_s)
{
    struct host *host = host_get();
    uint32_t per_minute = allowance(&host->options.config->rates, rate_class);
    if (per_minute == 0)
        return DAIS_OK;
    uint64_t key = hash_bytes(peer) ^ hash_bytes(dais_cstr(rate_class));
    uint64_t wait_ms = rate_count(host->rates, key, clock_tick_ms(), per_minute);
    if (wait_ms == 0)
        return DAIS_OK;
    *ret_retry_after_s = (uint32_t)(wait_ms / 1000 + 1);
    return DAIS_E_LIMIT;
}

const struct http_hooks host_hooks = {
    .open_sockets = open_sockets,
    .identity_cached = identity_cached,
    .verify = identity_verify,
    .query_cell = query_cell,
    .admit = admit,
};
