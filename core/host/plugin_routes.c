/* SPDX-License-Identifier: MIT */
#include "host/plugin_routes.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/note.h"
#include "host/registration.h"
#include "host/state.h"
#include "realtime/events.h"

#include "dais/http.h"

/** Lines of one note. */
#define NOTED_MAX 1024u

static const struct note routes_note = {"routes", 1u << 20};
static const struct note events_note = {"events", 1u << 20};

/* --- noting --- */

static void write_routes(const struct plugin *plugin, struct strbuf *out)
{
    const struct registration *record = NULL;
    while ((record = registration_next(plugin->current, REGISTRATION_ROUTES, record)) != NULL)
        for (const struct dais_route *row = record->table; row->method; row++)
            strbuf_addf(out, "%s %s\n", row->method, row->path);
}

static void write_events(const struct plugin *plugin, struct strbuf *out)
{
    const struct registration *record = NULL;
    while ((record = registration_next(plugin->current, REGISTRATION_EVENTS, record)) != NULL)
        for (const struct dais_event *row = record->table; row->name; row++)
            strbuf_addf(out, "%s %s\n", row->space ? row->space : "/", row->name);
}

static void save(const struct note *note, const struct plugin *plugin,
                 void (*write)(const struct plugin *, struct strbuf *))
{
    STRBUF_AUTO struct strbuf text;
    strbuf_init(&text, note->bytes_max);
    write(plugin, &text);
    note_save(note, plugin, &text);
}

void plugin_routes_save(const struct host *host)
{
    for (uint32_t i = 0; i < host->order_count; i++) {
        const struct plugin *plugin = host->order[i];
        if (atomic_load(&plugin->state) != PLUGIN_STARTED)
            continue;
        save(&routes_note, plugin, write_routes);
        save(&events_note, plugin, write_events);
    }
}

/* --- reading --- */

/** Stand for handlers; the owner is closed, so that nobody calls them. */
static int32_t answer_nothing(struct dais_req *req, const struct dais_input *input)
{
    (void)req;
    (void)input;
    return DAIS_E_UNAVAILABLE;
}

static int32_t handle_nothing(struct dais_call *call, const void *data)
{
    (void)call;
    (void)data;
    return DAIS_E_UNAVAILABLE;
}

/** One noted line, "GET /api/polls", as a table of one row: two places, the second ends it. */
static void restore_route(struct plugin *plugin, const char *method, const char *path)
{
    plugin->noted[2 * plugin->noted_count++] = (struct dais_route){
        .method = method,
        .path = path,
        .access = DAIS_ACCESS_PUBLIC,
        .status = 200,
        .handler = answer_nothing,
        .summary = "Its plugin is left out"};
}

static void restore_event(struct plugin *plugin, const char *space, const char *name)
{
    plugin->noted_events[2 * plugin->noted_event_count++] = (struct dais_event){
        .name = name,
        .space = space,
        .access = DAIS_ACCESS_PUBLIC,
        .flags = DAIS_EVENT_INLINE,
        .handler = handle_nothing,
        .summary = "Its plugin is left out"};
}

/** Calls `each` with the two words of every noted line; they last as long as the host. */
static void restore(struct host *host, struct plugin *plugin, const struct note *note,
                    void (*each)(struct plugin *, const char *, const char *))
{
    struct dais_str text, rest, line, first;
    uint32_t count = 0;
    if (note_read(note, plugin, &text) != DAIS_OK)
        return;
    rest = text;
    while (str_split(&rest, '\n', &line) && count++ < NOTED_MAX) {
        if (!str_split(&line, ' ', &first) || line.len == 0)
            continue;
        const char *words[] = {arena_cstr(&host->arena, first), arena_cstr(&host->arena, line)};
        if (words[0] && words[1])
            each(plugin, words[0], words[1]);
    }
    mem_free((void *)(uintptr_t)text.ptr);
}

/** Reads the notes once, since they do not change while the plugin is out. */
static void read_notes(struct host *host, struct plugin *plugin)
{
    if (plugin->noted)
        return;
    plugin->noted = arena_alloc(&host->arena, 2ull * NOTED_MAX * sizeof *plugin->noted);
    plugin->noted_events = arena_alloc(&host->arena,
                                       2ull * NOTED_MAX * sizeof *plugin->noted_events);
    if (plugin->noted)
        restore(host, plugin, &routes_note, restore_route);
    if (plugin->noted_events)
        restore(host, plugin, &events_note, restore_event);
}

static void tell(const struct plugin *plugin, const char *what, int32_t error)
{
    if (error)
        LOG_INFO("what was noted is not restored", log_text("id", plugin->id),
                 log_text("what", what), log_code(error));
}

static void add_noted(struct host *host, struct plugin *plugin)
{
    for (uint32_t i = 0; i < plugin->noted_count; i++) {
        const struct dais_route *rows = &plugin->noted[2 * i];
        tell(plugin, rows->path, http_table_routes(host->tables.routes, &plugin->out, rows));
    }
    for (uint32_t i = 0; i < plugin->noted_event_count; i++) {
        const struct dais_event *rows = &plugin->noted_events[2 * i];
        tell(plugin, rows->name, events_table_events(host->tables.events, &plugin->out, rows));
    }
}

/** Whether it has registered something itself, which then tells why it is left out. */
static bool has_own(const struct plugin *plugin)
{
    return registration_next(plugin->current, REGISTRATION_ROUTES, NULL) ||
           registration_next(plugin->current, REGISTRATION_EVENTS, NULL);
}

void plugin_routes_restore(struct host *host, const struct plugin *except)
{
    for (uint32_t owner = 1; owner < host->owner_count; owner++) {
        struct plugin *plugin = &host->plugins[owner];
        uint32_t state = atomic_load(&plugin->state);
        if (plugin == except || (state != PLUGIN_FAILED && state != PLUGIN_QUARANTINED) ||
            has_own(plugin))
            continue;
        read_notes(host, plugin);
        add_noted(host, plugin);
    }
}
