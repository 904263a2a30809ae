/* SPDX-License-Identifier: MIT */
/* dais.services/1, dais.bus/1 and dais.cli/1: what plugins are to each other and to the operator.
 */
#include "base/owner.h"
#include "base/shape.h"
#include "data/bus.h"
#include "host/abi.h"
#include "host/marks.h"
#include "host/plugin.h"
#include "host/registration.h"
#include "host/state.h"
#include "host/verbs.h"

#include <stdio.h>

/** The mark before the call, in one number: plugin and generation. The request stays the same. */
static uint64_t enter(const void *table)
{
    struct owner_slot *slot = owner_slot_self;
    uint64_t plugin = atomic_load_explicit(&slot->plugin, memory_order_relaxed);
    uint64_t generation = atomic_load_explicit(&slot->generation, memory_order_relaxed);
    const struct plugin *provider = marks_provider(table);
    if (provider) {
        atomic_store_explicit(&slot->plugin, provider->owner, memory_order_relaxed);
        atomic_store_explicit(&slot->generation, provider->generation, memory_order_relaxed);
    }
    return generation << 32 | plugin;
}

static void leave(uint64_t entered)
{
    struct owner_slot *slot = owner_slot_self;
    atomic_store_explicit(&slot->plugin, (uint32_t)entered, memory_order_relaxed);
    atomic_store_explicit(&slot->generation, (uint32_t)(entered >> 32), memory_order_relaxed);
}

const struct dais_services_v1 abi_services = {.enter = enter, .leave = leave};

static int32_t subscribe(const struct dais_subscription *table)
{
    struct plugin *plugin = registration_check("bus.subscribe");
    if (!plugin)
        return DAIS_E_STATE;
    for (const struct dais_subscription *row = table; row->topic; row++)
        if (!row->handle)
            return registration_refuse(plugin, DAIS_E_INVALID,
                                       "the subscription of %s has no "
                                       "function",
                                       row->topic);
    return registration_add(plugin, REGISTRATION_SUBSCRIPTIONS, table, dais_str(NULL, 0));
}

const struct dais_bus_v1 abi_bus = {.subscribe = subscribe, .publish = bus_publish};

static int32_t verbs(const struct dais_verb *table)
{
    struct shape_error wrong;
    struct plugin *plugin = registration_check("cli.verbs");
    if (!plugin)
        return DAIS_E_STATE;
    for (const struct dais_verb *row = table; row->words; row++) {
        if (!row->run || !row->summary)
            return registration_refuse(plugin, DAIS_E_INVALID, "the verb '%s' is not complete",
                                       row->words);
        if (row->shape && shape_check(row->shape, true, &wrong) != DAIS_OK)
            return registration_refuse(plugin, DAIS_E_INVALID, "the verb '%s': %s: %s", row->words,
                                       wrong.field, wrong.detail);
    }
    return registration_add(plugin, REGISTRATION_VERBS, table, dais_str(NULL, 0));
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
