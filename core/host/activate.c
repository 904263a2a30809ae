/* SPDX-License-Identifier: MIT */
#include "host/activate.h"

#include "base/error.h"
#include "base/str.h"
#include "data/bus.h"
#include "data/db.h"
#include "host/admin.h"
#include "host/marks.h"
#include "host/operations.h"
#include "host/plugin_order.h"
#include "host/plugin_routes.h"
#include "host/registration.h"
#include "host/state.h"
#include "loop/board.h"
#include "media/hub.h"

/** What is done with one registered table. */
typedef int32_t (*apply_fn)(struct generation *generation, const struct registration *record);

/** Applies `fn` to the records of a kind, up to the first error. */
static int32_t apply(struct generation *generation, enum registration_kind kind, apply_fn fn)
{
    int32_t error = DAIS_OK;
    const struct registration *record = NULL;
    while (!error && (record = registration_next(generation, kind, record)) != NULL)
        error = fn(generation, record);
    return error;
}

/** One kind of table: how it is checked or begun, and what a refusal says. */
struct step {
    enum registration_kind kind;
    apply_fn fn;
    const char *what;
};

static int32_t run_steps(struct generation *generation, const struct step *steps)
{
    for (const struct step *step = steps; step->fn; step++) {
        int32_t error = apply(generation, step->kind, step->fn);
        if (!error)
            continue;
        generation_fail(generation, "its %s were refused: %s", step->what, error_title(error));
        return DAIS_E_INVALID;
    }
    return DAIS_OK;
}

/* --- without effect --- */

static int32_t check_statements(struct generation *generation, const struct registration *record)
{
    return db_statements_check(generation->plugin->id, record->table);
}

static int32_t check_board(struct generation *generation, const struct registration *record)
{
    int32_t error = board_check(generation->plugin->owner, record->table);
    const struct dais_board *row = record->table;
    if (error == DAIS_E_CONFLICT)
        generation_fail(generation,
                        "its board '%s' has another layout than the one in use; that needs a "
                        "restart",
                        row->name);
    return error;
}

static int32_t check_subscriptions(struct generation *generation, const struct registration *record)
{
    (void)generation;
    return bus_subscribe_check(record->table);
}

static int32_t check_observer(struct generation *generation, const struct registration *record)
{
    (void)generation;
    return hub_observe_check(record->table, 1);
}

static const struct step checks[] = {
    {REGISTRATION_STATEMENTS, check_statements, "statements"},
    {REGISTRATION_BOARD, check_board, "boards"},
    {REGISTRATION_SUBSCRIPTIONS, check_subscriptions, "bus subscriptions"},
    {REGISTRATION_OBSERVER, check_observer, "media observers"},
    {0, NULL, NULL},
};

int32_t activate_check(struct host *host, struct generation *generation)
{
    int32_t error = run_steps(generation, checks);
    if (!error)
        error = operations_check(host, generation);
    return error ? error : operations_required(host, generation);
}

/* --- what its start uses --- */

static int32_t add_statements(struct generation *generation, const struct registration *record)
{
    return db_statements(generation->plugin->id, record->table);
}

static int32_t add_board(struct generation *generation, const struct registration *record)
{
    return board_add(generation->plugin->owner, record->table);
}

static const struct step data_steps[] = {
    {REGISTRATION_STATEMENTS, add_statements, "statements"},
    {REGISTRATION_BOARD, add_board, "boards"},
    {0, NULL, NULL},
};

int32_t activate_data(struct generation *generation)
{
    generation->has_data = 1;
    int32_t error = run_steps(generation, data_steps);
    if (!error && marks_add(generation) != DAIS_OK) {
        generation_fail(generation, "there are too many services");
        error = DAIS_E_INVALID;
    }
    return error;
}

static int32_t drop_statements(struct generation *generation, const struct registration *record)
{
    (void)generation;
    db_statements_drop(record->table);
    return DAIS_OK;
}

static int32_t drop_board(struct generation *generation, const struct registration *record)
{
    (void)generation;
    board_drop(record->table);
    return DAIS_OK;
}

static const struct step drop_steps[] = {
    {REGISTRATION_STATEMENTS, drop_statements, ""},
    {REGISTRATION_BOARD, drop_board, ""},
    {0, NULL, NULL},
};

void activate_drop(struct generation *generation)
{
    if (!generation->has_data)
        return;
    int32_t error = run_steps(generation, drop_steps);
    (void)error; /* none of them fails */
    marks_drop(generation);
    generation->has_data = 0;
}

/* --- what calls it --- */

static int32_t subscribe(struct generation *generation, const struct registration *record)
{
    return bus_subscribe(generation->plugin->owner, record->table);
}

static int32_t unsubscribe(struct generation *generation, const struct registration *record)
{
    (void)generation;
    bus_unsubscribe(record->table);
    return DAIS_OK;
}

static int32_t observe(struct generation *generation, const struct registration *record)
{
    const struct owner owner = generation_mark(generation, 0);
    return hub_observe(&owner, record->table);
}

static int32_t unobserve(struct generation *generation, const struct registration *record)
{
    (void)generation;
    hub_unobserve(record->table);
    return DAIS_OK;
}

static const struct step call_steps[] = {
    {REGISTRATION_SUBSCRIPTIONS, subscribe, "bus subscriptions"},
    {REGISTRATION_OBSERVER, observe, "media observers"},
    {0, NULL, NULL},
};

static const struct step silence_steps[] = {
    {REGISTRATION_SUBSCRIPTIONS, unsubscribe, ""},
    {REGISTRATION_OBSERVER, unobserve, ""},
    {0, NULL, NULL},
};

/** Takes off what activate_calls put on. */
static void silence(struct generation *generation)
{
    int32_t error = run_steps(generation, silence_steps);
    (void)error; /* none of them fails */
}

/** The slots of one generation that name a service of `next`, or one that `before` offered. */
static void retarget_slots(const struct generation *user, const struct generation *next,
                           const struct generation *before)
{
    const struct dais_need *need = user->descriptor ? user->descriptor->needs : NULL;
    for (; need && need->name; need++) {
        const void *table = plugin_offered(next, need->name);
        if (table || plugin_offered(before, need->name))
            *need->slot = table;
    }
}

static void retarget_users(struct host *host, const struct generation *next,
                           const struct generation *before)
{
    for (uint32_t owner = 1; owner < host->owner_count; owner++)
        for (uint32_t i = 0; i < GENERATIONS_MAX; i++) {
            const struct generation *user = atomic_load(&host->plugins[owner].live[i]);
            if (user)
                retarget_slots(user, next, before);
        }
}

int32_t activate_calls(struct host *host, struct generation *generation, struct generation *before)
{
    if (before)
        silence(before);
    int32_t error = run_steps(generation, call_steps);
    if (error) {
        silence(generation);
        if (before)
            error = run_steps(before, call_steps);
        return DAIS_E_INVALID;
    }
    retarget_users(host, generation, before);
    return DAIS_OK;
}

/* --- what clients find --- */

int32_t activate_routes(struct host *host, struct generation *generation)
{
    const char *what, *problem;
    if (tables_add(&host->tables, generation, &what, &problem) == DAIS_OK)
        return DAIS_OK;
    generation_fail(generation, "%s: %s", what, problem);
    return DAIS_E_INVALID;
}

static int32_t fill(struct host *host, struct generation *generation)
{
    const char *what = "routes", *problem = "";
    int32_t error = admin_register(host);
    if (error)
        problem = http_problem();
    for (uint32_t owner = 1; owner < host->owner_count && !error; owner++) {
        struct plugin *plugin = &host->plugins[owner];
        struct generation *serving = plugin == generation->plugin ? generation : plugin->current;
        if (serving)
            error = tables_add(&host->tables, serving, &what, &problem);
    }
    if (error)
        generation_fail(generation, "%s: %s", what, problem);
    else
        plugin_routes_restore(host, generation->plugin);
    return error;
}

int32_t activate_tables(struct host *host, struct generation *generation, struct tables *ret_tables)
{
    int32_t error = tables_new(host, &host->tables);
    if (error) {
        generation_fail(generation, "no memory for tables of what is served");
        return DAIS_E_INVALID;
    }
    error = fill(host, generation);
    if (error)
        tables_free(&host->tables);
    *ret_tables = host->tables;
    host->tables = (struct tables){0};
    return error ? DAIS_E_INVALID : DAIS_OK;
}
