/* SPDX-License-Identifier: MIT */
#include "room_rig.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "loop/fiber.h"
#include "loop/worker.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define LOG_BYTES_MAX (64u << 20)

struct rig_kind rig_kind;

static int32_t kind_admit(const struct dais_room_entry *entry)
{
    return rig_kind.admit ? rig_kind.admit(entry) : DAIS_OK;
}

static void kind_presence(const struct dais_presence *change)
{
    if (rig_kind.presence)
        rig_kind.presence(change);
}

static const struct dais_room_kind KINDS[] = {
    {.name = "live", .admit = kind_admit, .presence = kind_presence, .summary = "A test's"},
    {.name = "small", .members_max = 2, .summary = "For two"},
    {.name = NULL},
};

static struct http_owner owner = {.id = "rig"};

/* --- the form --- */

static struct client *client_of(const struct socket *socket)
{
    return socket->carrier;
}

static int32_t form_event(const struct socket_form *form, const struct socket_event *event,
                          struct strbuf *out)
{
    (void)form;
    STRBUF_AUTO struct strbuf text;
    strbuf_init(&text, 1 << 20);
    strbuf_addf(&text, "%.*s %.*s@%llu/%llu", STR_ARG(event->name), STR_ARG(event->args),
                event->mark ? (unsigned long long)event->mark->seq : 0ull,
                event->mark ? (unsigned long long)event->mark->epoch : 0ull);
    frame_add(out, false, strbuf_view(&text));
    return strbuf_error(out);
}

static void form_opened(struct socket *socket)
{
    (void)socket;
}

static void form_refused(struct socket *socket, const struct envelope_problem *problem)
{
    (void)problem;
    client_of(socket)->socket = NULL;
}

static void form_ack(struct socket *socket, const struct socket_ack *ack)
{
    (void)socket;
    (void)ack;
}

static void form_close(struct socket *socket, uint32_t code)
{
    client_of(socket)->close_code = code;
    client_close_here(client_of(socket));
}

static void form_pause(struct socket *socket)
{
    (void)socket;
}

static struct dais_str form_peer(const struct socket *socket)
{
    (void)socket;
    return dais_cstr("192.0.2.1:1");
}

static const struct socket_form FORM = {
    .index = 0,
    .space = "/",
    .event = form_event,
    .opened = form_opened,
    .refused = form_refused,
    .ack = form_ack,
    .close = form_close,
    .pause = form_pause,
    .resume = form_pause,
    .peer = form_peer,
};

/* --- the client's end --- */

static void take_message(struct client *client, struct dais_str text)
{
    int64_t at = -1;
    for (uint64_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '@')
            at = (int64_t)i;
    CHECK(at >= 0);
    char *rest = NULL;
    uint64_t seq = strtoull(text.ptr + at + 1, &rest, 10);
    uint64_t epoch = strtoull(rest + 1, NULL, 10);
    client->events++;
    client->resyncs += str_has_prefix(text, "room:resync");
    if (seq) {
        client->gaps += client->epoch != epoch || client->seq + 1 != seq;
        client->epoch = epoch;
        client->seq = seq;
        client->numbered++;
    }
    strbuf_add(&client->log, dais_str(text.ptr, (uint64_t)at));
    if (seq)
        strbuf_addf(&client->log, "@%llu", (unsigned long long)seq);
    strbuf_addc(&client->log, ' ');
}

static void on_flush(struct link *link)
{
    struct client *client = CONTAINER_OF(link, struct client, link);
    if (client->stuck)
        return;
    STRBUF_AUTO struct strbuf out;
    strbuf_init(&out, LOG_BYTES_MAX);
    while (outq_take(&link->queue, 16, &out) > 0)
        continue;
    struct dais_str rest = strbuf_view(&out), message;
    while (rest.len > 0 && str_split(&rest, '\x1e', &message))
        take_message(client, message);
}

static void on_overflow(struct link *link)
{
    struct client *client = CONTAINER_OF(link, struct client, link);
    if (client->socket)
        socket_close(client->socket, 4000);
}

static const struct link_ops OPS = {.flush = on_flush, .overflow = on_overflow};

int32_t client_open_here(struct client *client)
{
    link_init(&client->link, &OPS);
    if (!client->log.bytes_max)
        strbuf_init(&client->log, LOG_BYTES_MAX);
    const struct socket_offer offer = {.form = &FORM,
                                       .link = &client->link,
                                       .carrier = client,
                                       .guest = dais_cstr(client->guest),
                                       .counted = true};
    struct envelope_problem problem = {0};
    int32_t code = socket_open(&offer, &client->socket, &problem);
    if (code != DAIS_OK)
        return code;
    client->handle = client->socket->handle;
    uint64_t end_ms = clock_ms() + RIG_PATIENCE_MS;
    while (client->socket && client->socket->state == SOCKET_OPENING && clock_ms() < end_ms) {
        code = fiber_sleep(1);
        if (code != DAIS_OK)
            return code;
    }
    return client->socket && client->socket->state == SOCKET_OPEN ? DAIS_OK : DAIS_E_TIMEOUT;
}

void client_close_here(struct client *client)
{
    if (!client->socket)
        return;
    struct socket *socket = client->socket;
    client->socket = NULL;
    socket_gone(socket);
    link_fini(&client->link);
}

int32_t client_join_here(struct client *client, const struct dais_room_join *how,
                         struct dais_room_joined *ret_joined)
{
    int32_t code = room_join(client->handle, how, ret_joined);
    if (code == DAIS_OK && ret_joined->resumed != DAIS_ROOM_REPLAYED) {
        /* events may have come before this fiber went on */
        if (client->epoch != ret_joined->count.epoch || client->seq < ret_joined->count.seq) {
            client->epoch = ret_joined->count.epoch;
            client->seq = ret_joined->count.seq;
        }
    }
    return code;
}

/* --- calls from the main thread --- */

/* What a call does; on the main thread's stack. */
struct task {
    struct client *client;
    const char *id;
    const char *text;
    const char *viewer;
    struct dais_room_join join;
    struct dais_room_joined joined;
    const struct dais_emit *emit;
    struct dais_room_count count;
    uint32_t number;
    int32_t code;
};

static int32_t run_open(void *arg)
{
    return client_open_here(((struct task *)arg)->client);
}

void rig_open(struct client *client)
{
    struct task task = {.client = client};
    assert_int_equal(worker_call(client->worker, run_open, &task), DAIS_OK);
}

static int32_t run_close(void *arg)
{
    client_close_here(((struct task *)arg)->client);
    return DAIS_OK;
}

void rig_close(struct client *client)
{
    struct task task = {.client = client};
    assert_int_equal(worker_call(client->worker, run_close, &task), DAIS_OK);
}

static int32_t run_join(void *arg)
{
    struct task *task = arg;
    task->join.room.id = dais_cstr(task->id);
    return client_join_here(task->client, &task->join, &task->joined);
}

static int32_t join(struct task *task, const char *id, struct dais_room_joined *ret_joined)
{
    const char *colon = strchr(id, ':');
    task->join.room.kind = colon ? dais_str(id, (uint64_t)(colon - id)) : dais_cstr("live");
    task->id = colon ? colon + 1 : id;
    int32_t code = worker_call(task->client->worker, run_join, task);
    if (ret_joined)
        *ret_joined = task->joined;
    return code;
}

int32_t rig_join(struct client *client, const char *id, const char *dialect,
                 struct dais_room_joined *ret_joined)
{
    struct task task = {.client = client, .join = {.dialect = dialect}};
    return join(&task, id, ret_joined);
}

int32_t rig_resume(struct client *client, const char *id, struct dais_room_joined *ret_joined)
{
    struct task task = {.client = client, .join = {.epoch = client->epoch, .seq = client->seq}};
    return join(&task, id, ret_joined);
}

static int32_t run_leave(void *arg)
{
    const struct task *task = arg;
    const struct dais_room room = rig_room(task->id);
    return room_leave(task->client->handle, &room);
}

int32_t rig_leave(struct client *client, const char *id)
{
    struct task task = {.client = client, .id = id};
    return worker_call(client->worker, run_leave, &task);
}

static int32_t run_emit(void *arg)
{
    const struct task *task = arg;
    const struct dais_room room = rig_room(task->id);
    return room_emit(&room, task->emit);
}

int32_t rig_emit_as(uint32_t worker, const char *id, const struct dais_emit *emit)
{
    struct task task = {.id = id, .emit = emit};
    return worker_call(worker, run_emit, &task);
}

int32_t rig_emit(uint32_t worker, const char *id, const char *event, const char *json)
{
    const struct dais_rendering renderings[] = {{.event = event, .json = dais_cstr(json)},
                                                {.event = NULL}};
    const struct dais_emit emit = {.renderings = renderings, .delivery = DAIS_DURABLE};
    return rig_emit_as(worker, id, &emit);
}

static int32_t run_count(void *arg)
{
    struct task *task = arg;
    const struct dais_room room = rig_room(task->id);
    return room_count(&room, &task->count);
}

int32_t rig_count(uint32_t worker, const char *id, struct dais_room_count *ret_count)
{
    struct task task = {.id = id};
    int32_t code = worker_call(worker, run_count, &task);
    *ret_count = task.count;
    return code;
}

static int32_t run_remove(void *arg)
{
    const struct task *task = arg;
    const struct dais_room room = rig_room(task->id);
    return room_remove(&room, dais_cstr(task->viewer), task->emit);
}

int32_t rig_remove(uint32_t worker, const char *id, const char *viewer,
                   const struct dais_emit *last)
{
    struct task task = {.id = id, .viewer = viewer, .emit = last};
    return worker_call(worker, run_remove, &task);
}

static int32_t run_compare(void *arg)
{
    struct task *task = arg;
    task->code = strcmp(strbuf_cstr(&task->client->log), task->text) == 0;
    return DAIS_OK;
}

void rig_pause(uint32_t ms)
{
    (void)poll(NULL, 0, (int)ms);
}

void rig_expect(struct client *client, const char *text)
{
    struct task task = {.client = client, .text = text};
    uint64_t end_ms = clock_ms() + RIG_PATIENCE_MS;
    while (!task.code && clock_ms() < end_ms) {
        rig_pause(1);
        assert_int_equal(worker_call(client->worker, run_compare, &task), DAIS_OK);
    }
    if (!task.code)
        assert_string_equal(strbuf_cstr(&client->log), text);
}

static int32_t run_events(void *arg)
{
    struct task *task = arg;
    task->number = task->client->events;
    return DAIS_OK;
}

void rig_expect_events(struct client *client, uint32_t count)
{
    struct task task = {.client = client};
    uint64_t end_ms = clock_ms() + RIG_PATIENCE_MS;
    while (task.number < count && clock_ms() < end_ms) {
        rig_pause(1);
        assert_int_equal(worker_call(client->worker, run_events, &task), DAIS_OK);
    }
    assert_int_equal(task.number, count);
}

void rig_expect_count(const char *id, uint32_t viewers, uint32_t members)
{
    struct dais_room_count count = {0};
    uint64_t end_ms = clock_ms() + RIG_PATIENCE_MS;
    do {
        assert_int_equal(rig_count(0, id, &count), DAIS_OK);
        if (count.viewers == viewers && count.members == members)
            return;
        rig_pause(1);
    } while (clock_ms() < end_ms);
    assert_int_equal(count.viewers, viewers);
    assert_int_equal(count.members, members);
}

static int32_t run_nothing(void *arg)
{
    (void)arg;
    return fiber_sleep(1);
}

void rig_settle(void)
{
    for (uint32_t i = 0; i < 2 * worker_count(); i++)
        assert_int_equal(worker_call(i % worker_count(), run_nothing, NULL), DAIS_OK);
}

static int32_t run_forget(void *arg)
{
    strbuf_clear(&((struct task *)arg)->client->log);
    return DAIS_OK;
}

void rig_forget(struct client *client)
{
    struct task task = {.client = client};
    assert_int_equal(worker_call(client->worker, run_forget, &task), DAIS_OK);
}

void client_fini(struct client *client)
{
    strbuf_fini(&client->log);
}

/* --- workers --- */

static int32_t start(void *context, uint32_t worker)
{
    (void)context;
    (void)worker;
    int32_t code = sockets_worker_start();
    if (code == DAIS_OK)
        code = rooms_worker_start();
    return code == DAIS_OK ? link_worker_start() : code;
}

static void drain(void *context, uint32_t worker)
{
    (void)context;
    (void)worker;
    rooms_worker_drain();
    sockets_worker_drain();
}

static void stop(void *context, uint32_t worker)
{
    (void)context;
    (void)worker;
    link_worker_stop();
    sockets_worker_stop();
    rooms_worker_stop();
}

static const struct realtime_hooks HOOKS;

int rig_start(uint32_t workers)
{
    limits_reset();
    rig_kind = (struct rig_kind){NULL, NULL};
    struct room_table *table = NULL;
    const struct worker_events events = {.start = start, .drain = drain, .stop = stop};
    if (limit_set(dais_cstr("sockets_drain_ms"), 0) != DAIS_OK || metrics_init(workers) ||
        rooms_init() || sockets_init(&HOOKS) || room_table_new(&table) ||
        room_table_kinds(table, &owner, KINDS))
        return -1;
    room_use(table);
    return workers_start(workers, &events);
}

int rig_stop(void)
{
    int32_t code = workers_stop(2000);
    rooms_fini();
    sockets_fini();
    metrics_fini();
    return code;
}
