/* SPDX-License-Identifier: MIT */
/* What may be registered as an operation or a hook, and whether a generation fits to the others. */
#include "base/log.h"
#include "host/operations.h"
#include "host/plugin.h"
#include "host/registration.h"
#include "host/state.h"

#include <string.h>

/** "noun.verb": two to four words of a-z, 0-9 and _, each beginning with a letter. */
static bool is_operation_name(const char *name)
{
    uint32_t words = 1, len = 0;
    bool first = true;
    for (; name[len]; len++) {
        char c = name[len];
        bool letter = c >= 'a' && c <= 'z';
        if (c == '.' && !first)
            words++;
        else if (!letter && (first || !(c == '_' || (c >= '0' && c <= '9'))))
            return false;
        first = c == '.';
    }
    return !first && words >= 2 && words <= 4 && len <= DAIS_OPERATION_NAME_BYTES_MAX;
}

static bool is_hook_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return len > 0 && len <= DAIS_OPERATION_NAME_BYTES_MAX && name[len] == '\0';
}

static int32_t judge_operation(struct generation *generation, const struct dais_operation *row)
{
    char problem[VALUE_PROBLEM_BYTES_MAX];
    if (!is_operation_name(row->name))
        return registration_refuse(generation, DAIS_E_INVALID,
                                   "the operation '%s' is not named like 'noun.verb'", row->name);
    if (!row->value || !row->value->fields || !row->summary)
        return registration_refuse(generation, DAIS_E_INVALID, "the operation %s is not complete",
                                   row->name);
    if (value_check(row->value, problem) != DAIS_OK)
        return registration_refuse(generation, DAIS_E_INVALID, "the operation %s: %s", row->name,
                                   problem);
    if (row->key && !value_can_order(row->value, row->key))
        return registration_refuse(generation, DAIS_E_INVALID,
                                   "the operation %s: its key %s is no text row", row->name,
                                   row->key);
    return DAIS_OK;
}

int32_t operations_declare(const struct dais_operation *table)
{
    struct generation *generation = registration_check("hooks.operations");
    if (!generation)
        return DAIS_E_STATE;
    for (const struct dais_operation *row = table; row && row->name; row++) {
        int32_t error = judge_operation(generation, row);
        if (error)
            return error;
    }
    return table ? registration_add(generation, REGISTRATION_OPERATIONS, table, dais_str(NULL, 0))
                 : DAIS_E_INVALID;
}

static const char *hook_problem(const struct dais_hook *row)
{
    bool committed = row->when == DAIS_HOOK_AFTER_COMMIT;
    if (!is_hook_name(row->name))
        return "is not named by a-z, 0-9 and _";
    if (!row->operation || !row->run || !row->summary)
        return "is not complete";
    if (row->when < DAIS_HOOK_BEFORE || row->when > DAIS_HOOK_AFTER_COMMIT)
        return "says nothing known in `when`";
    if (committed ? row->policy != 0
                  : row->policy != DAIS_FAIL_CLOSED && row->policy != DAIS_FAIL_OPEN)
        return "says nothing known in `policy`";
    if (row->timeout_ms > DAIS_HOOK_TIMEOUT_MS_MAX)
        return "wants more time than there is";
    if ((row->flags & DAIS_HOOK_WITHOUT_TX) && row->when != DAIS_HOOK_BEFORE)
        return "is no before hook, which alone can do without a transaction";
    if (row->flags & ~(DAIS_HOOK_REQUIRED | DAIS_HOOK_WITHOUT_TX))
        return "has unknown flags";
    return NULL;
}

static int32_t judge_hook(struct generation *generation, const struct dais_hook *table,
                          const struct dais_hook *row)
{
    char problem[VALUE_PROBLEM_BYTES_MAX];
    const char *why = hook_problem(row);
    for (const struct dais_hook *other = table; !why && other < row; other++)
        if (strcmp(other->name, row->name) == 0)
            why = "stands in the table twice";
    if (!why && row->value && value_check(row->value, problem) != DAIS_OK)
        why = problem;
    if (!why)
        return DAIS_OK;
    return registration_refuse(generation, DAIS_E_INVALID, "the hook '%s': %s", row->name, why);
}

int32_t operations_attach(const struct dais_hook *table)
{
    struct generation *generation = registration_check("hooks.attach");
    if (!generation)
        return DAIS_E_STATE;
    if (registration_next(generation, REGISTRATION_HOOKS, NULL))
        return registration_refuse(generation, DAIS_E_CONFLICT, "hooks are attached twice");
    for (const struct dais_hook *row = table; row && row->name; row++) {
        int32_t error = judge_hook(generation, table, row);
        if (error)
            return error;
    }
    return table ? registration_add(generation, REGISTRATION_HOOKS, table, dais_str(NULL, 0))
                 : DAIS_E_INVALID;
}

static const struct dais_operation *find_in(const struct generation *generation, const char *name)
{
    const struct registration *record = NULL;
    while ((record = registration_next(generation, REGISTRATION_OPERATIONS, record)))
        for (const struct dais_operation *row = record->table; row->name; row++)
            if (strcmp(row->name, name) == 0)
                return row;
    return NULL;
}

/** Who declares `name` when `generation` takes the place of its plugin's current one. */
static const struct dais_operation *
find_anywhere(struct host *host, const struct generation *generation, const char *name)
{
    const struct dais_operation *row = find_in(generation, name);
    for (uint32_t owner = 1; !row && owner < host->owner_count; owner++)
        if (&host->plugins[owner] != generation->plugin)
            row = find_in(host->plugins[owner].current, name);
    return row;
}

/** Whether `other` declares one of the operations of `generation`. */
static int32_t check_names_of(struct generation *generation, const struct plugin *other)
{
    const struct registration *record = NULL;
    while ((record = registration_next(generation, REGISTRATION_OPERATIONS, record)))
        for (const struct dais_operation *row = record->table; row->name; row++) {
            if (!find_in(other->current, row->name))
                continue;
            generation_fail(generation, "the operation %s is %s's already", row->name, other->id);
            return DAIS_E_INVALID;
        }
    return DAIS_OK;
}

static int32_t check_names(struct host *host, struct generation *generation)
{
    int32_t error = DAIS_OK;
    for (uint32_t owner = 1; !error && owner < host->owner_count; owner++)
        if (&host->plugins[owner] != generation->plugin)
            error = check_names_of(generation, &host->plugins[owner]);
    return error;
}

/** Whether the hooks of `from` find their rows, where `generation` takes its plugin's place. */
static int32_t check_rows(struct host *host, struct generation *generation,
                          const struct generation *from, const char *id)
{
    const struct registration *record = NULL;
    while ((record = registration_next(from, REGISTRATION_HOOKS, record)))
        for (const struct dais_hook *row = record->table; row->name; row++) {
            struct value_map map;
            char problem[VALUE_PROBLEM_BYTES_MAX] = "no memory";
            const struct dais_operation *operation = find_anywhere(host, generation,
                                                                   row->operation);
            if (!operation || !row->value ||
                value_map(operation->value, row->value, &generation->arena, &map, problem) ==
                    DAIS_OK)
                continue;
            generation_fail(generation, "the hook %s of %s on %s: %s", row->name, id,
                            row->operation, problem);
            return DAIS_E_INVALID;
        }
    return DAIS_OK;
}

int32_t operations_check(struct host *host, struct generation *generation)
{
    int32_t error = check_names(host, generation);
    if (atomic_load(&host->phase) == HOST_LOADING)
        return error; /* whose hooks do not fit is found when all are there */
    for (uint32_t owner = 1; !error && owner < host->owner_count; owner++) {
        const struct plugin *other = &host->plugins[owner];
        if (other != generation->plugin && !plugin_is_out(other))
            error = check_rows(host, generation, other->current, other->id);
    }
    return error;
}

/** DAIS_E_INVALID when a hook cannot be without the operation. */
static int32_t judge_missing(struct generation *generation, const struct dais_hook *row)
{
    if (row->flags & DAIS_HOOK_REQUIRED) {
        generation_fail(generation, "its hook %s needs the operation %s, which nobody declares",
                        row->name, row->operation);
        return DAIS_E_INVALID;
    }
    LOG_INFO("hook waits for an operation that nobody declares",
             log_text("id", generation->plugin->id), log_text("hook", row->name),
             log_text("operation", row->operation));
    return DAIS_OK;
}

int32_t operations_required(struct host *host, struct generation *generation)
{
    int32_t error = check_rows(host, generation, generation, generation->plugin->id);
    const struct registration *record = NULL;
    while (!error && (record = registration_next(generation, REGISTRATION_HOOKS, record)))
        for (const struct dais_hook *row = record->table; row->name && !error; row++)
            if (!find_anywhere(host, generation, row->operation))
                error = judge_missing(generation, row);
    return error;
}
