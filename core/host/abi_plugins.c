/* SPDX-License-Identifier: MIT */
/* dais.services/1, dais.bus/1 and dais.cli/1: what plugins are to each other and to the operator.
 */
#include "base/owner.h"
#include "base/shape.h"
#include "data/bus.h"
#include "host/abi.h"
#include "host/instances.h"
#include "host/marks.h"
#include "host/plugin.h"
#include "host/registration.h"
#include "host/state.h"
#include "host/verbs.h"

#include <stdio.h>

/** The thread works for somebody else from here on; callback and request stay the same. */
static void set_mark(struct owner owner, uint32_t plugin, uint32_t generation)
{
    owner.plugin = plugin;
    owner.generation = generation;
    owner_set(&owner);
}

/** In what `enter` returns: a generation was entered. Generations count less far. */
#define ENTERED (1ull << 63)

/** The mark before the call, in one number: plugin and generation. */
static uint64_t enter(const void *table)
{
    const struct owner now = owner_get();
    uint64_t before = (uint64_t)now.generation << 32 | now.plugin;
    struct generation *provider = marks_provider(table);
    if (!provider)
        return before;
    atomic_fetch_add_explicit(generation_calls_here(provider), 1, memory_order_relaxed);
    set_mark(now, provider->plugin->owner, provider->number);
    owner_account_call(provider->plugin->owner);
    return before | ENTERED;
}

static void leave(uint64_t entered)
{
    const struct owner now = owner_get();
    struct plugin *plugin = host_plugin(now.plugin);
    struct generation *left = plugin ? generation_find(plugin, now.generation) : NULL;
    if (!(entered & ENTERED))
        return;
    set_mark(now, (uint32_t)entered, (uint32_t)((entered & ~ENTERED) >> 32));
    if (left)
        atomic_fetch_sub_explicit(generation_calls_here(left), 1, memory_order_release);
}

static const void *each(const char *name, uint32_t index)
{
    return name ? instances_each(name, index) : NULL;
}

const struct dais_services_v1 abi_services = {.enter = enter, .leave = leave, .each = each};

static int32_t subscribe(const struct dais_subscription *table)
{
    struct generation *generation = registration_check("bus.subscribe");
    if (!generation)
        return DAIS_E_STATE;
    for (const struct dais_subscription *row = table; row->topic; row++)
        if (!row->handle)
            return registration_refuse(generation, DAIS_E_INVALID,
                                       "the subscription of %s has no "
                                       "function",
                                       row->topic);
    return registration_add(generation, REGISTRATION_SUBSCRIPTIONS, table, dais_str(NULL, 0));
}

const struct dais_bus_v1 abi_bus = {.subscribe = subscribe, .publish = bus_publish};

static int32_t verbs(const struct dais_verb *table)
{
    struct shape_error wrong;
    struct generation *generation = registration_check("cli.verbs");
    if (!generation)
        return DAIS_E_STATE;
    for (const struct dais_verb *row = table; row->words; row++) {
        if (!row->run || !row->summary)
            return registration_refuse(generation, DAIS_E_INVALID, "the verb '%s' is not complete",
                                       row->words);
        if (row->shape && shape_check(row->shape, true, &wrong) != DAIS_OK)
            return registration_refuse(generation, DAIS_E_INVALID, "the verb '%s': %s: %s",
                                       row->words, wrong.field, wrong.detail);
    }
    return registration_add(generation, REGISTRATION_VERBS, table, dais_str(NULL, 0));
}

static int32_t print(struct dais_cli *cli, struct dais_str text)
{
    strbuf_add(&cli->text, text);
    return strbuf_error(&cli->text);
}

static int32_t fail(struct dais_cli *cli, int32_t error, const char *message)
{
    snprintf(cli->message, sizeof cli->message, "%s", message ? message : "");
    return error;
}

const struct dais_cli_v1 abi_cli = {.verbs = verbs, .print = print, .fail = fail};
