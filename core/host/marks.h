/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Marks: while code of a plugin runs, the thread's slot names that plugin (base/owner.h).
 *
 * Fibers carry their mark. This file is for calls on a worker's own stack and across plugins: bus
 * handlers, services. Such a call is also counted, so that the generation it is in outlives it.
 */
#include "base/owner.h"
#include "host/plugin.h"

/** Services of all live generations together. */
#define MARKS_SERVICES_MAX 512u

/** The mark of the thread, to be put back, and the generation that is called. */
struct mark {
    struct owner before;
    struct generation *generation;
};

/** Marks this thread as running `generation`, which stays until mark_leave. */
static inline struct mark mark_enter(struct generation *generation)
{
    struct mark mark = {owner_get(), generation};
    struct owner owner = generation_mark(generation, mark.before.callback);
    owner.request = mark.before.request;
    atomic_fetch_add_explicit(generation_calls_here(generation), 1, memory_order_relaxed);
    owner_set(&owner);
    owner_account_call(owner.plugin);
    return mark;
}

/** Says what of the plugin runs, behind mark_enter: a constant name. */
static inline void mark_callback(const char *name)
{
    atomic_store_explicit(&owner_slot_self->callback, owner_callback(name), memory_order_relaxed);
}

/** Puts the earlier mark back; the generation may be gone afterwards. */
static inline void mark_leave(const struct mark *mark)
{
    owner_set(&mark->before);
    atomic_fetch_sub_explicit(generation_calls_here(mark->generation), 1, memory_order_release);
}

/** Makes bus handlers run marked; forgets all services. [main thread, before the workers] */
void marks_init(void);

/**
 * Notes the services of `generation` for marks_provider, next to those of other generations.
 * DAIS_E_LIMIT. [main thread]
 */
DAIS_CHECK_RESULT int32_t marks_add(struct generation *generation);

/** Forgets the services of `generation`; nobody calls them any more. [main thread] */
void marks_drop(const struct generation *generation);

/** The generation that offers the service at `table`, or NULL. [any thread] */
struct generation *marks_provider(const void *table);
