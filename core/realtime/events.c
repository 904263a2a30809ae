/* SPDX-License-Identifier: MIT */
#include "realtime/events.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/shape.h"
#include "base/str.h"
#include "realtime/events_table.h"
#include "realtime/inbox.h"
#include "realtime/sio_packet.h"
#include "realtime/sockets.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#define TABLE_BYTES_MAX (16u << 20)
#define PROBLEM_BYTES_MAX 400u
/** Keys of hooks: rows of one plugin. */
#define HOOKS_PER_PLUGIN 256u
#define ROOT "/"

struct events_table {
    struct dais_arena arena;
    struct events_space *spaces; /* endpoints, too */
    struct events_row *first;
    struct events_row *last;
    uint32_t count;
    uint32_t endpoint_count;
};

static _Thread_local char problem[PROBLEM_BYTES_MAX];
static struct events_table *used;

/* Numbers of spaces are for ever, since sockets have them; names are written before the count. */
static struct {
    _Atomic uint32_t count;
    char names[SOCKET_SPACES_MAX][SIO_SPACE_BYTES_MAX + 1];
} numbers = {.count = 1, .names = {ROOT}};

const char *events_problem(void)
{
    return problem;
}

__attribute__((format(printf, 2, 3))) static int32_t refuse(int32_t code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(problem, sizeof problem, format, args);
    va_end(args);
    return code;
}

int32_t events_table_new(struct events_table **ret_table)
{
    struct events_table *table = mem_zalloc(1, sizeof *table);
    if (!table)
        return refuse(DAIS_E_MEMORY, "no memory");
    arena_init(&table->arena, TABLE_BYTES_MAX);
    *ret_table = table;
    return DAIS_OK;
}

static void drop(struct events_table *table)
{
    for (struct events_space *space = table->spaces; space; space = space->next)
        map_fini(&space->rows);
    arena_reset(&table->arena);
    mem_free(table);
}

void events_table_free(struct events_table *table)
{
    if (!table)
        return;
    CHECK_MSG(table != used, "a table in use is not given back");
    drop(table);
}

void events_use(struct events_table *table)
{
    struct events_table *before = used;
    used = table;
    if (before)
        drop(before);
}

/* --- whether rows can be right --- */

static bool is_core_name(struct dais_str name)
{
    return str_eqz(name, INBOX_AUTH) || str_eqz(name, INBOX_REFRESH) || str_eqz(name, "ack");
}

static const char *name_problem(struct dais_str name)
{
    if (name.len == 0 || name.len > DAIS_EVENT_NAME_BYTES_MAX || !str_is_utf8(name))
        return "has no name that clients could send";
    if (sio_packet_name_is_reserved(name))
        return "has a name that Socket.IO keeps for itself";
    return is_core_name(name) ? "has a name that the server handles itself" : NULL;
}

static const char *space_problem(const char *space)
{
    if (!space)
        return NULL;
    if (space[0] != '/' || strlen(space) > SIO_SPACE_BYTES_MAX || strpbrk(space, ",?"))
        return "is for a namespace that does not begin with '/' or has ',' or '?' in it";
    return NULL;
}

static const char *event_problem(const struct dais_event *row)
{
    const char *text = name_problem(dais_cstr(row->name));
    if (!text)
        text = space_problem(row->space);
    if (text)
        return text;
    if (row->access < DAIS_ACCESS_PUBLIC || row->access > DAIS_ACCESS_ROLE)
        return "has an access that is none of PUBLIC, USER and ROLE";
    if (row->access == DAIS_ACCESS_ROLE && row->roles == 0)
        return "is for roles, but names none";
    if ((row->flags & ~(DAIS_EVENT_RAW | DAIS_EVENT_INLINE)) != 0 || row->reserved != 0)
        return "has unknown flags";
    if ((row->flags & DAIS_EVENT_RAW) && row->data_shape)
        return "is raw and has a shape";
    return row->handler ? NULL : "has no handler";
}

static int32_t check_shapes(const struct dais_event *row)
{
    struct shape_error error;
    if (row->data_shape && shape_check(row->data_shape, true, &error) != DAIS_OK)
        return refuse(DAIS_E_INVALID, "the event %s: the row %s of its data %s", row->name,
                      error.field, error.detail);
    if (row->ack_shape && shape_check(row->ack_shape, false, &error) != DAIS_OK)
        return refuse(DAIS_E_INVALID, "the event %s: the row %s of its answer %s", row->name,
                      error.field, error.detail);
    return DAIS_OK;
}

int32_t events_events_check(const struct dais_event *rows)
{
    int32_t code = DAIS_OK;
    for (const struct dais_event *row = rows; row->name && code == DAIS_OK; row++) {
        const char *text = event_problem(row);
        code = text ? refuse(DAIS_E_INVALID, "the event %s %s", row->name, text)
                    : check_shapes(row);
    }
    return code;
}

int32_t events_spaces_check(const struct dais_space *rows)
{
    for (const struct dais_space *row = rows; row->name; row++) {
        const char *text = space_problem(row->name);
        if (!text && ((row->flags & ~DAIS_SPACE_GUESTS) != 0 || row->reserved != 0))
            text = "has unknown flags";
        if (text)
            return refuse(DAIS_E_INVALID, "the row of %s %s", row->name, text);
    }
    return DAIS_OK;
}

int32_t events_endpoints_check(const struct dais_endpoint *rows)
{
    for (const struct dais_endpoint *row = rows; row->path; row++) {
        bool known = row->protocol == DAIS_ENDPOINT_WEBSOCKET ||
                     row->protocol == DAIS_ENDPOINT_ENGINEIO;
        if (row->path[0] != '/' || !known || row->reserved != 0 || !row->message)
            return refuse(DAIS_E_INVALID,
                          "the endpoint %s needs a path from '/', a known protocol and a function "
                          "for messages",
                          row->path);
    }
    return DAIS_OK;
}

/* --- filling --- */

/* The number of a name, given for ever. [main thread] */
static int32_t number_of(const char *name)
{
    uint32_t count = atomic_load(&numbers.count);
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(numbers.names[i], name) == 0)
            return (int32_t)i;
    if (count == SOCKET_SPACES_MAX)
        return refuse(DAIS_E_LIMIT, "%s: there are %u namespaces already", name, SOCKET_SPACES_MAX);
    snprintf(numbers.names[count], sizeof numbers.names[count], "%s", name);
    atomic_store(&numbers.count, count + 1);
    return (int32_t)count;
}

static struct events_space *find_space(const struct events_table *table, struct dais_str name,
                                       bool endpoint)
{
    for (struct events_space *space = table ? table->spaces : NULL; space; space = space->next)
        if (space->endpoint == endpoint && str_eqz(name, space->name))
            return space;
    return NULL;
}

static int32_t add_space(struct events_table *table, const char *name, bool endpoint,
                         struct events_space **ret_space)
{
    struct events_space *space = find_space(table, dais_cstr(name), endpoint);
    if (!space) {
        int32_t number = endpoint ? 0 : number_of(name);
        if (number < 0)
            return number;
        space = arena_alloc(&table->arena, sizeof *space);
        if (!space)
            return refuse(DAIS_E_MEMORY, "no memory");
        space->next = table->spaces;
        space->name = name;
        space->number = (uint32_t)number;
        space->endpoint = endpoint;
        map_init(&space->rows, EVENTS_ROWS_MAX);
        table->spaces = space;
    }
    *ret_space = space;
    return DAIS_OK;
}

static int32_t number_rate(struct events_row *row)
{
    const struct realtime_hooks *hooks = sockets_hooks();
    row->rate_class = row->event->rate_class ? row->event->rate_class : "event";
    int32_t number = hooks->rate_class ? hooks->rate_class(row->rate_class) : 0;
    if (number < 0)
        return refuse(DAIS_E_NOT_FOUND, "the event %s: there is no rate class %s", row->event->name,
                      row->rate_class);
    CHECK((uint32_t)number < HTTP_RATE_CLASSES_MAX);
    row->rate = (uint32_t)number;
    return DAIS_OK;
}

static int32_t add_event(struct events_table *table, struct http_owner *owner,
                         const struct dais_event *event)
{
    struct events_space *space = NULL;
    int32_t code = add_space(table, event->space ? event->space : ROOT, false, &space);
    if (code != DAIS_OK)
        return code;
    const struct events_row *other = map_get(&space->rows, dais_cstr(event->name));
    if (other)
        return refuse(DAIS_E_CONFLICT, "the event %s of %s belongs to %s already", event->name,
                      space->name, other->owner->id);
    struct events_row *row = arena_alloc(&table->arena, sizeof *row);
    if (!row)
        return refuse(DAIS_E_MEMORY, "no memory");
    row->event = event;
    row->owner = owner;
    code = number_rate(row);
    if (code != DAIS_OK)
        return code;
    code = map_put(&space->rows, dais_cstr(event->name), row);
    if (code != DAIS_OK)
        return refuse(code, "there are too many events");
    *(table->last ? &table->last->next : &table->first) = row;
    table->last = row;
    return DAIS_OK;
}

int32_t events_table_events(struct events_table *table, struct http_owner *owner,
                            const struct dais_event *rows)
{
    int32_t code = events_events_check(rows);
    for (const struct dais_event *row = rows; code == DAIS_OK && row->name; row++)
        code = add_event(table, owner, row);
    return code;
}

/* Keeps hooks in the order of their keys; `hook` gets the next one of its owner. */
static int32_t add_hook(struct events_table *table, struct events_space *space,
                        const struct events_hook *hook)
{
    uint32_t key = hook->owner->plugin * HOOKS_PER_PLUGIN + 1;
    struct events_hook **slot = &space->hooks;
    for (; *slot && (*slot)->key <= key; slot = &(*slot)->next)
        if ((*slot)->key == key)
            key++;
    if (key > hook->owner->plugin * HOOKS_PER_PLUGIN + HOOKS_PER_PLUGIN)
        return refuse(DAIS_E_LIMIT, "%s has too many rows of %s", hook->owner->id, space->name);
    struct events_hook *added = arena_alloc(&table->arena, sizeof *added);
    if (!added)
        return refuse(DAIS_E_MEMORY, "no memory");
    *added = *hook;
    added->key = key;
    added->next = *slot;
    *slot = added;
    return DAIS_OK;
}

int32_t events_table_spaces(struct events_table *table, struct http_owner *owner,
                            const struct dais_space *rows)
{
    int32_t code = events_spaces_check(rows);
    for (const struct dais_space *row = rows; code == DAIS_OK && row->name; row++) {
        const struct events_hook hook = {.owner = owner,
                                         .name = row->name,
                                         .connect = row->connect,
                                         .ready = row->ready,
                                         .gone = row->gone};
        struct events_space *space = NULL;
        code = add_space(table, row->name, false, &space);
        if (code != DAIS_OK)
            return code;
        space->guests = space->guests || (row->flags & DAIS_SPACE_GUESTS) != 0;
        code = add_hook(table, space, &hook);
    }
    return code;
}

static int32_t add_endpoint(struct events_table *table, struct http_owner *owner,
                            const struct dais_endpoint *row)
{
    const struct events_hook hook = {.owner = owner,
                                     .name = row->path,
                                     .connect = row->connect,
                                     .ready = row->ready,
                                     .message = row->message,
                                     .gone = row->gone};
    const struct events_space *other = find_space(table, dais_cstr(row->path), true);
    struct events_space *space = NULL;
    if (other)
        return refuse(DAIS_E_CONFLICT, "the endpoint %s belongs to %s already", row->path,
                      other->hooks->owner->id);
    if (++table->endpoint_count > EVENTS_ENDPOINTS_MAX)
        return refuse(DAIS_E_LIMIT, "%s: there are %u endpoints already", row->path,
                      EVENTS_ENDPOINTS_MAX);
    int32_t code = add_space(table, row->path, true, &space);
    if (code != DAIS_OK)
        return code;
    space->protocol = row->protocol;
    return add_hook(table, space, &hook);
}

int32_t events_table_endpoints(struct events_table *table, struct http_owner *owner,
                               const struct dais_endpoint *rows)
{
    int32_t code = events_endpoints_check(rows);
    for (const struct dais_endpoint *row = rows; code == DAIS_OK && row->path; row++)
        code = add_endpoint(table, owner, row);
    return code;
}

/* --- looking up --- */

static const struct events_space *space_of(const struct socket_form *form)
{
    return find_space(used, dais_cstr(form->space), form->index == SOCKET_FORM_RAW);
}

const struct events_row *events_find(const struct socket_form *form, struct dais_str name)
{
    const struct events_space *space = space_of(form);
    return space ? map_get(&space->rows, name) : NULL;
}

const struct events_hook *events_hook_after(const struct socket_form *form, uint32_t key)
{
    const struct events_space *space = space_of(form);
    const struct events_hook *hook = space ? space->hooks : NULL;
    while (hook && hook->key <= key)
        hook = hook->next;
    return hook;
}

bool events_guests_only(const struct socket_form *form)
{
    const struct events_space *space = space_of(form);
    return space && space->guests;
}

const struct events_space *events_endpoint(const char *path)
{
    return find_space(used, dais_cstr(path), true);
}

void events_each(void (*visit)(const struct events_row_info *info, void *context), void *context)
{
    for (const struct events_row *row = used ? used->first : NULL; row; row = row->next) {
        const struct events_row_info info = {row->event, row->owner, row->rate_class};
        visit(&info, context);
    }
}

int32_t events_space(struct dais_str name)
{
    if (str_eqz(name, ROOT))
        return 0;
    const struct events_space *space = find_space(used, name, false);
    return space ? (int32_t)space->number : DAIS_E_NOT_FOUND;
}

const char *events_space_name(uint32_t number)
{
    CHECK(number < atomic_load(&numbers.count));
    return numbers.names[number];
}

void events_receive(struct socket *socket, const struct call_in *in)
{
    inbox_receive(socket, in);
}
