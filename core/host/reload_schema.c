/* SPDX-License-Identifier: MIT */
#include "host/reload_schema.h"

#include "base/error.h"
#include "data/migrate.h"
#include "host/plugin.h"
#include "host/registration.h"
#include "host/state.h"
#include "loop/worker.h"

#include <string.h>

/** The table of migrations; a plugin has one at most. */
static const struct dais_migration *find_table(const struct generation *generation)
{
    const struct registration *record = registration_next(generation, REGISTRATION_MIGRATIONS,
                                                          NULL);
    return record ? record->table : NULL;
}

static int same_row(const struct dais_migration *one, const struct dais_migration *other)
{
    return one->version == other->version && one->contract == other->contract &&
           strcmp(one->name, other->name) == 0 && strcmp(one->sql, other->sql) == 0;
}

static int same_table(const struct dais_migration *one, const struct dais_migration *other)
{
    while (one->version && other->version && same_row(one, other)) {
        one++;
        other++;
    }
    return !one->version && !other->version;
}

/** The detail is in the arena of the fiber, so that it is kept here. */
static int32_t migrate(void *arg)
{
    struct generation *next = arg;
    const char *detail = NULL;
    int32_t error = migrate_owner(next->plugin->id, find_table(next), &detail);
    if (error && detail)
        generation_fail(next, "%s", detail);
    else if (error)
        generation_fail(next, "its migrations were refused: %s", error_title(error));
    return error;
}

int32_t reload_schema(struct host *host, struct generation *next, const struct generation *before)
{
    const struct dais_migration *table = find_table(next);
    const struct dais_migration *former = find_table(before);
    int serves = atomic_load(&next->plugin->state) == PLUGIN_STARTED;
    if (!table && former && serves) {
        generation_fail(next, "it has no migrations any more, but a schema");
        return DAIS_E_INVALID;
    }
    if (!table || !host->options.database || (serves && former && same_table(table, former)))
        return DAIS_OK;
    int32_t error = worker_call(0, migrate, next);
    if (error)
        generation_fail(next, "its migrations could not be run: %s", error_title(error));
    return error;
}
