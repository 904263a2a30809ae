/* SPDX-License-Identifier: MIT */
#include "host/reload_swap.h"

#include "base/check.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "host/activate.h"
#include "host/identity.h"
#include "host/operations.h"
#include "host/periodic.h"
#include "host/plugin_order.h"
#include "host/registration.h"
#include "host/state.h"
#include "loop/park.h"
#include "net/tcp.h"

#include <stdio.h>
#include <string.h>

/** The listener of `generation` with that name, or NULL. */
static const struct dais_listener *find_listener(const struct generation *generation,
                                                 const char *name)
{
    const struct registration *record = NULL;
    while ((record = registration_next(generation, REGISTRATION_LISTENER, record)) != NULL) {
        const struct dais_listener *listener = record->table;
        if (strcmp(listener->name, name) == 0)
            return listener;
    }
    return NULL;
}

/** Sockets are opened and closed at a start only. */
static int32_t check_listeners(const struct reload_work *work)
{
    struct generation *next = work->next;
    const struct registration *record = NULL;
    while ((record = registration_next(next, REGISTRATION_LISTENER, record)) != NULL) {
        const struct dais_listener *listener = record->table;
        int32_t error = tcp_retarget_check(work->host->tcp, work->plugin->owner, next->number,
                                           listener, record->detail);
        if (!error)
            continue;
        generation_fail(next, "its listener '%s' on %.*s %s; that needs a restart", listener->name,
                        STR_ARG(record->detail),
                        error == DAIS_E_NOT_FOUND ? "is new" : "differs from the one that is open");
        return DAIS_E_INVALID;
    }
    if (atomic_load(&work->plugin->state) != PLUGIN_STARTED)
        return DAIS_OK;
    while ((record = registration_next(work->before, REGISTRATION_LISTENER, record)) != NULL) {
        const struct dais_listener *listener = record->table;
        if (find_listener(next, listener->name))
            continue;
        generation_fail(next, "it no longer has the listener '%s'; that needs a restart",
                        listener->name);
        return DAIS_E_INVALID;
    }
    return DAIS_OK;
}

int32_t reload_swap_check(struct reload_work *work)
{
    return check_listeners(work);
}

/** Workers that are busy get more patience at each try, since those that are not wait for them. */
static int32_t park(struct reload_work *work, void (*fn)(void *arg))
{
    static const uint64_t shares[] = {16, 4, 1};
    uint64_t patience_ms = (uint64_t)limit_get(LIMIT_RELOAD_PARK_MS);
    int32_t error = DAIS_E_TIMEOUT;
    for (size_t i = 0; i < sizeof shares / sizeof shares[0] && error == DAIS_E_TIMEOUT; i++)
        error = workers_park(fn, work, patience_ms / shares[i] + 1);
    if (error)
        generation_fail(work->next, "a worker is busy for longer than %llu ms",
                        (unsigned long long)patience_ms);
    return error ? error : work->error;
}

static void add_data(void *arg)
{
    struct reload_work *work = arg;
    work->error = activate_data(work->next);
    operations_rebuild(work->host); /* its `start` may run operations */
}

int32_t reload_swap_data(struct reload_work *work)
{
    return park(work, add_data);
}

static int32_t retarget_listeners(const struct reload_work *work)
{
    int32_t error = DAIS_OK;
    const struct registration *record = NULL;
    while (!error &&
           (record = registration_next(work->next, REGISTRATION_LISTENER, record)) != NULL)
        error = tcp_retarget(work->host->tcp, work->plugin->owner, work->next->number,
                             record->table, record->detail);
    return error;
}

static void change_over(struct reload_work *work)
{
    struct plugin *plugin = work->plugin;
    struct generation *next = work->next;
    periodic_retarget(work->host, next);
    plugin->current = next;
    *plugin->reason = '\0';
    snprintf(plugin->note, sizeof plugin->note, "%s", work->note ? work->note : "");
    atomic_store(&plugin->state, PLUGIN_STARTED);
    atomic_store(&next->http.closed, 0);
    plugin_order_started(work->host);
    identity_retarget();
    operations_rebuild(work->host);
    http_table_use(work->host->http, work->table);
    work->table = NULL;
}

static void swap(void *arg)
{
    struct reload_work *work = arg;
    work->error = activate_calls(work->host, work->next, work->before);
    if (work->error)
        return;
    int32_t error = retarget_listeners(work);
    CHECK(error == DAIS_OK); /* it was checked, and nobody else changes listeners */
    change_over(work);
}

int32_t reload_swap(struct reload_work *work)
{
    return park(work, swap);
}
