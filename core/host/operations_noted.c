/* SPDX-License-Identifier: MIT */
/*
 * Hooks of plugins that are out. While a plugin serves, its hooks are noted in
 * run/plugins/<id>.hooks, one line each: "before closed 0 check_title stream.create". When it is
 * out and could not even be loaded, the note says which operations wait for its decision and for
 * whom the outbox has to keep rows.
 */
#include "base/mem.h"
#include "base/str.h"
#include "host/note.h"
#include "host/operations.h"
#include "host/plugin.h"
#include "host/registration.h"
#include "host/state.h"

#include <string.h>

static const struct note hooks_note = {"hooks", 64u << 10};

static const char *const whens[] = {[DAIS_HOOK_BEFORE] = "before",
                                    [DAIS_HOOK_AFTER] = "after",
                                    [DAIS_HOOK_AFTER_COMMIT] = "after_commit"};
static const char *const policies[] = {
    [0] = "-", [DAIS_FAIL_CLOSED] = "closed", [DAIS_FAIL_OPEN] = "open"};

/* By owner; in the host's arena. Written before the workers start and by a reload. */
static const struct dais_hook *notes[HOST_OWNERS_MAX];

const struct dais_hook *operations_noted(uint32_t owner)
{
    return notes[owner];
}

static void write_hooks(const struct plugin *plugin, struct strbuf *out)
{
    const struct registration *record = NULL;
    while ((record = registration_next(plugin->current, REGISTRATION_HOOKS, record)))
        for (const struct dais_hook *row = record->table; row->name; row++)
            strbuf_addf(out, "%s %s %d %s %s\n", whens[row->when], policies[row->policy],
                        row->priority, row->name, row->operation);
}

static void save(const struct plugin *plugin)
{
    STRBUF_AUTO struct strbuf text;
    strbuf_init(&text, hooks_note.bytes_max);
    write_hooks(plugin, &text);
    note_save(&hooks_note, plugin, &text);
}

void operations_save(const struct host *host)
{
    for (uint32_t owner = 1; owner < host->owner_count; owner++)
        if (atomic_load(&host->plugins[owner].state) == PLUGIN_STARTED)
            save(&host->plugins[owner]);
}

/** The number under which `word` stands in a table of words; 0 when it doesn't. */
static uint32_t find_word(const char *const *words, uint32_t count, struct dais_str word)
{
    for (uint32_t i = 0; i < count; i++)
        if (words[i] && str_eqz(word, words[i]))
            return i;
    return 0;
}

/** Is never called: a hook without a generation is not run. */
static int32_t run_nothing(const struct dais_hook_event *event, void *value)
{
    (void)event;
    (void)value;
    return DAIS_E_UNAVAILABLE;
}

static int32_t read_line(struct dais_arena *arena, struct dais_str line, struct dais_hook *ret_row)
{
    struct dais_str when, policy, priority, name;
    int64_t number = 0;
    if (!str_split(&line, ' ', &when) || !str_split(&line, ' ', &policy) ||
        !str_split(&line, ' ', &priority) || !str_split(&line, ' ', &name) || line.len == 0 ||
        str_parse_int(priority, INT32_MIN, INT32_MAX, &number) != DAIS_OK)
        return DAIS_E_INVALID;
    *ret_row = (struct dais_hook){.name = arena_cstr(arena, name),
                                  .operation = arena_cstr(arena, line),
                                  .when = find_word(whens, 4, when),
                                  .policy = find_word(policies, 3, policy),
                                  .priority = (int32_t)number,
                                  .run = run_nothing,
                                  .summary = "Its plugin is left out"};
    return ret_row->name && ret_row->operation && ret_row->when ? DAIS_OK : DAIS_E_INVALID;
}

static void restore(struct host *host, const struct plugin *plugin)
{
    struct dais_str text, rest, line;
    uint32_t count = 0;
    if (note_read(&hooks_note, plugin, &text) != DAIS_OK)
        return;
    struct dais_hook *rows = arena_alloc(&host->arena, (OPERATION_HOOKS_MAX + 1) * sizeof *rows);
    rest = text;
    while (rows && count < OPERATION_HOOKS_MAX && str_split(&rest, '\n', &line))
        count += read_line(&host->arena, line, &rows[count]) == DAIS_OK;
    if (rows)
        rows[count] = (struct dais_hook){.name = NULL};
    notes[plugin->owner] = rows;
    mem_free((void *)(uintptr_t)text.ptr);
}

void operations_restore(struct host *host)
{
    memset(notes, 0, sizeof notes);
    for (uint32_t owner = 1; owner < host->owner_count; owner++)
        if (plugin_is_out(&host->plugins[owner]))
            restore(host, &host->plugins[owner]);
}
