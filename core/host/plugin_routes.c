/* SPDX-License-Identifier: MIT */
#include "host/plugin_routes.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/note.h"
#include "host/registration.h"
#include "host/state.h"

#include "dais/http.h"

#define NOTED_ROUTES_MAX 1024u

static const struct note routes_note = {"routes", 1u << 20};

static void write_routes(const struct plugin *plugin, struct strbuf *out)
{
    const struct registration *record = NULL;
    while ((record = registration_next(plugin->current, REGISTRATION_ROUTES, record)) != NULL)
        for (const struct dais_route *row = record->table; row->method; row++)
            strbuf_addf(out, "%s %s\n", row->method, row->path);
}

static void save(const struct plugin *plugin)
{
    STRBUF_AUTO struct strbuf text;
    strbuf_init(&text, routes_note.bytes_max);
    write_routes(plugin, &text);
    note_save(&routes_note, plugin, &text);
}

void plugin_routes_save(const struct host *host)
{
    for (uint32_t i = 0; i < host->order_count; i++)
        if (atomic_load(&host->order[i]->state) == PLUGIN_STARTED)
            save(host->order[i]);
}

/** Stands for a handler; the owner is closed, so that nobody calls it. */
static int32_t answer_nothing(struct dais_req *req, const struct dais_input *input)
{
    (void)req;
    (void)input;
    return DAIS_E_UNAVAILABLE;
}

/** One noted line, "GET /api/polls", as a table of one row: two places, the second ends it. */
static void restore_row(struct host *host, struct plugin *plugin, struct dais_str line)
{
    struct dais_str method;
    struct dais_route *rows = &plugin->noted[2 * plugin->noted_count];
    if (!str_split(&line, ' ', &method) || line.len == 0)
        return;
    rows[0] = (struct dais_route){.method = arena_cstr(&host->arena, method),
                                  .path = arena_cstr(&host->arena, line),
                                  .access = DAIS_ACCESS_PUBLIC,
                                  .status = 200,
                                  .handler = answer_nothing,
                                  .summary = "Its plugin is left out"};
    if (rows[0].method && rows[0].path)
        plugin->noted_count++;
}

/** The rows that were noted; read once, since they do not change while the plugin is out. */
static void restore(struct host *host, struct plugin *plugin)
{
    struct dais_str text, rest, line;
    uint32_t count = 0;
    if (note_read(&routes_note, plugin, &text) != DAIS_OK)
        return;
    plugin->noted = arena_alloc(&host->arena, 2ull * NOTED_ROUTES_MAX * sizeof *plugin->noted);
    rest = text;
    while (plugin->noted && str_split(&rest, '\n', &line) && count++ < NOTED_ROUTES_MAX)
        restore_row(host, plugin, line);
    mem_free((void *)(uintptr_t)text.ptr);
}

static void add_noted(struct host *host, struct plugin *plugin)
{
    for (uint32_t i = 0; i < plugin->noted_count; i++) {
        const struct dais_route *rows = &plugin->noted[2 * i];
        int32_t error = http_table_routes(host->routes, &plugin->out, rows);
        if (error)
            LOG_INFO("noted route not restored", log_text("id", plugin->id),
                     log_text("path", rows->path), log_code(error));
    }
}

void plugin_routes_restore(struct host *host, const struct plugin *except)
{
    for (uint32_t owner = 1; owner < host->owner_count; owner++) {
        struct plugin *plugin = &host->plugins[owner];
        uint32_t state = atomic_load(&plugin->state);
        if (plugin == except || (state != PLUGIN_FAILED && state != PLUGIN_QUARANTINED) ||
            registration_next(plugin->current, REGISTRATION_ROUTES, NULL))
            continue;
        if (!plugin->noted)
            restore(host, plugin);
        add_noted(host, plugin);
    }
}
