/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Marks: while code of a plugin runs, the thread's slot names that plugin (base/owner.h).
 *
 * Fibers carry their mark. This file is for calls on a worker's own stack and across plugins: bus
 * handlers, services.
 */
#include "base/owner.h"
#include "host/plugin.h"

/** The mark of the thread, to be put back. */
struct mark {
    struct owner before;
};

/** Marks this thread as running `plugin`. */
static inline struct mark mark_enter(const struct plugin *plugin)
{
    struct mark mark = {owner_get()};
    struct owner owner = plugin_mark(plugin, mark.before.callback);
    owner.request = mark.before.request;
    owner_set(&owner);
    return mark;
}

/** Puts the earlier mark back. */
static inline void mark_leave(const struct mark *mark)
{
    owner_set(&mark->before);
}

/** Notes the services of all plugins that take part, for marks_provider. [main thread] */
void marks_init(void);

/** The plugin that offers the service at `table`, or NULL. [any thread] */
const struct plugin *marks_provider(const void *table);
