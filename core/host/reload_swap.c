/* SPDX-License-Identifier: MIT */
#include "host/reload_swap.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/str.h"
#include "host/activate.h"
#include "host/host_worker.h"
#include "host/identity.h"
#include "host/instances.h"
#include "host/operations.h"
#include "host/periodic.h"
#include "host/plugin_order.h"
#include "host/registration.h"
#include "host/state.h"
#include "loop/park.h"
#include "net/tcp_change.h"

#include <stdio.h>

static const char *reason_of(int32_t error)
{
    switch (error) {
    case DAIS_E_INVALID:
        return "the listener is not complete, or that is no address";
    case DAIS_E_CONFLICT:
        return "somebody listens there already";
    case DAIS_E_DENIED:
        return "this user may not listen there";
    case DAIS_E_NOT_FOUND:
        return "this machine has no such address";
    case DAIS_E_LIMIT:
        return "there are too many listeners, or too many files are open";
    default:
        return error_title(error);
    }
}

int32_t reload_swap_listen(struct reload_work *work)
{
    struct generation *next = work->next;
    const struct registration *record = NULL;
    int32_t error = tcp_change_new(work->host->tcp, work->plugin->owner, next->number,
                                   &work->listeners);
    if (error)
        generation_fail(next, "no memory for its listeners");
    while (!error && (record = registration_next(next, REGISTRATION_LISTENER, record)) != NULL) {
        const struct dais_listener *listener = record->table;
        error = tcp_change_add(work->listeners, listener, record->detail);
        if (error)
            generation_fail(next, "its listener '%s' cannot listen on %.*s: %s", listener->name,
                            STR_ARG(record->detail), reason_of(error));
    }
    return error ? DAIS_E_INVALID : DAIS_OK;
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
    instances_build(work->host);
    identity_retarget();
    operations_rebuild(work->host);
    tables_use(work->host, &work->tables);
}

static void swap(void *arg)
{
    struct reload_work *work = arg;
    work->error = activate_calls(work->host, work->next, work->before);
    if (work->error)
        return;
    tcp_change_apply(work->listeners);
    change_over(work);
}

static int32_t follow_listeners(void *server)
{
    return tcp_worker_follow(server);
}

int32_t reload_swap(struct reload_work *work)
{
    int32_t error = park(work, swap);
    if (error)
        return error;
    int32_t followed = host_everywhere(follow_listeners, work->host->tcp);
    if (followed)
        LOG_ERROR("a listener is not open on every worker", log_text("id", work->plugin->id),
                  log_code(followed));
    tcp_change_free(work->listeners);
    work->listeners = NULL;
    return DAIS_OK;
}
