/* SPDX-License-Identifier: MIT */
/*
 * Members that get the same bytes. What a turn brings is encoded once, one message behind the
 * other; at the turn's end each member gets the whole of it from a shared buffer by one system
 * call, or, where something waits already, message by message by the rules of their classes. A
 * member that entered meanwhile, or was handed a part before, has a `start`.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "loop/worker.h"
#include "realtime/room_inner.h"
#include "realtime/ws.h"

/* Links whose memory is asked for ahead of their turn. */
#define AHEAD 6u
#define SEATS_FIRST 4u

static struct room_group *group_of(struct room_part *part, uint32_t dialect,
                                   const struct socket_form *form)
{
    for (struct room_group *group = part->groups; group; group = group->next) {
        if (group->dialect == dialect && group->form == form)
            return group;
    }
    struct room_group *group = mem_zalloc(1, sizeof *group);
    if (!group)
        return NULL;
    group->part = part;
    group->dialect = dialect;
    group->form = form;
    room_batch_init(&group->batch);
    group->next = part->groups;
    part->groups = group;
    return group;
}

static void free_if_empty(struct room_group *group)
{
    if (group->count > 0 || group->closing)
        return;
    struct room_group **at = &group->part->groups;
    while (*at != group)
        at = &(*at)->next;
    *at = group->next;
    list_remove(&group->dirty);
    room_batch_fini(&group->batch);
    mem_free(group->seats);
    mem_free(group);
}

static bool resize(struct room_group *group, uint32_t capacity)
{
    struct room_seat *seats = mem_resize(group->seats, capacity * sizeof *seats);
    if (!seats)
        return false;
    group->seats = seats;
    group->capacity = capacity;
    return true;
}

int32_t room_group_add(struct room_member *member, uint32_t dialect)
{
    struct room_group *group = group_of(member->part, dialect, member->socket->form);
    if (!group)
        return DAIS_E_MEMORY;
    if (group->count == group->capacity &&
        !resize(group, group->capacity ? group->capacity + group->capacity / 2 : SEATS_FIRST)) {
        free_if_empty(group);
        return DAIS_E_MEMORY;
    }
    member->group = group;
    member->index = group->count;
    group->seats[group->count++] = (struct room_seat){
        .link = member->socket->link, .member = member, .start = (uint32_t)group->batch.bytes.len};
    return DAIS_OK;
}

void room_group_remove(struct room_member *member)
{
    struct room_group *group = member->group;
    struct room_seat *last = &group->seats[--group->count];
    group->seats[member->index] = *last;
    last->member->index = member->index;
    member->group = NULL;
    if (group->count >= SEATS_FIRST && group->count < group->capacity / 4)
        (void)resize(group, group->capacity / 2);
    free_if_empty(group);
}

uint32_t room_link_put(struct link *link, const struct room_span *span, uint32_t start)
{
    uint32_t begin = span->base, count = 0;
    for (uint32_t i = 0; i < span->count; i++) {
        const struct room_end *end = &span->ends[i];
        if (end->end > start) {
            struct message message = {.buf = span->buf,
                                      .offset = begin - span->base,
                                      .len = end->end - begin,
                                      .class = end->class,
                                      .key = end->key};
            link_put(link, &message);
            count++;
        }
        begin = end->end > begin ? end->end : begin;
    }
    return count;
}

/* Those who cannot be told come back and resume. Closing a socket may take its seat at once. */
static void lose(struct room_group *group)
{
    group->closing = true;
    for (uint32_t i = group->count; i-- > 0;) {
        room_metrics_add(ROOM_METRIC_LOST, 1);
        socket_close(group->seats[i].member->socket, WS_CLOSE_SLOW);
    }
    group->closing = false;
    free_if_empty(group);
}

static uint32_t count_from(const struct room_batch *batch, uint32_t start)
{
    uint32_t count = batch->count;
    while (count > 0 && batch->ends[batch->count - count].end <= start)
        count--;
    return count;
}

/* One member whose start is not the batch's. */
static uint32_t send_late(struct room_seat *seat, const struct room_span *span, uint32_t len,
                          const struct room_batch *batch)
{
    uint32_t start = seat->start;
    seat->start = 0;
    if (start >= len)
        return 0;
    if (link_write(seat->link, span->buf, start, len - start))
        return count_from(batch, start);
    return room_link_put(seat->link, span, start);
}

static void send_all(struct room_group *group, struct dais_buf *buf)
{
    const struct room_batch *batch = &group->batch;
    const struct room_span span = {.buf = buf, .count = batch->count, .ends = batch->ends};
    uint32_t len = (uint32_t)buf->len;
    uint64_t sent = 0;
    for (uint32_t i = 0, n = group->count; i < n; i++) {
        struct room_seat *seat = &group->seats[i];
        if (i + AHEAD < n)
            __builtin_prefetch(group->seats[i + AHEAD].link);
        if (i + AHEAD / 2 < n)
            __builtin_prefetch(group->seats[i + AHEAD / 2].link->ws);
        if (seat->start)
            sent += send_late(seat, &span, len, batch);
        else if (link_write(seat->link, buf, 0, len))
            sent += batch->count;
        else
            sent += room_link_put(seat->link, &span, 0);
    }
    room_metrics_add(ROOM_METRIC_DELIVERIES, (int64_t)sent);
}

/* The next batch gets this one's memory, unless it is unusually much. */
static void recycle(struct room_group *group)
{
    struct room_batch *spare = &group->part->rooms->spare;
    if (!spare->bytes.ptr && group->batch.bytes.capacity <= 2 * ROOM_BATCH_BYTES_MAX) {
        *spare = group->batch;
        strbuf_clear(&spare->bytes);
        spare->count = 0;
        room_batch_init(&group->batch);
        return;
    }
    room_batch_fini(&group->batch);
}

void room_group_send(struct room_group *group)
{
    list_remove(&group->dirty);
    if (group->batch.count == 0)
        return;
    struct dais_buf *buf = buf_copy(strbuf_view(&group->batch.bytes));
    if (buf) {
        send_all(group, buf);
        buf_unref(buf);
    }
    recycle(group);
    if (!buf)
        lose(group);
}

/* The batch, with memory that another one has left. */
static struct room_batch *batch_of(struct room_group *group)
{
    struct room_batch *spare = &group->part->rooms->spare;
    if (!group->batch.bytes.ptr && spare->bytes.ptr) {
        room_batch_fini(&group->batch);
        group->batch = *spare;
        room_batch_init(spare);
    }
    if (!list_is_linked(&group->dirty))
        list_push(&group->part->rooms->dirty_groups, &group->dirty);
    return &group->batch;
}

/* What was written behind `from` is a message now, but not for `except`. Without memory the members
 * of a durable one are closed. The group may be gone then. */
static void end_message(struct room_group *group, const struct room_end *kind, int32_t code,
                        const struct room_member *except)
{
    struct room_batch *batch = &group->batch;
    uint32_t from = kind->end;
    if (code == DAIS_OK && !room_batch_end(batch, from, kind->class, kind->key))
        code = DAIS_E_MEMORY;
    if (except && code == DAIS_OK)
        group->seats[except->index].start = (uint32_t)batch->bytes.len;
    if (code == DAIS_E_MEMORY && kind->class == MESSAGE_DURABLE)
        lose(group);
    else if (batch->bytes.len >= ROOM_BATCH_BYTES_MAX)
        room_group_send(group);
}

void room_group_append(struct room_group *group, const struct room_event *event,
                       struct room_member *except)
{
    if (except && except->group != group)
        except = NULL;
    if (except)
        room_group_catch_up(except);
    struct room_batch *batch = batch_of(group);
    const struct room_end kind = {.end = (uint32_t)batch->bytes.len,
                                  .class = event->emission->delivery,
                                  .key = event->emission->key};
    int32_t code = room_event_encode(event, group->dialect, group->form, &batch->bytes);
    end_message(group, &kind, code, except);
}

void room_group_resync(struct room_group *group, const struct envelope_mark *at)
{
    struct room_batch *batch = batch_of(group);
    const struct room_end kind = {.end = (uint32_t)batch->bytes.len, .class = MESSAGE_DURABLE};
    int32_t code = room_resync_encode(at, group->form, &batch->bytes);
    room_metrics_add(ROOM_METRIC_RESYNCED, group->count);
    end_message(group, &kind, code, NULL);
}

void room_group_catch_up(struct room_member *member)
{
    struct room_group *group = member->group;
    if (!group)
        return;
    struct room_batch *batch = &group->batch;
    struct room_seat *seat = &group->seats[member->index];
    uint32_t start = seat->start, len = (uint32_t)batch->bytes.len;
    if (start >= len)
        return;
    struct dais_buf *buf = buf_copy(dais_str(batch->bytes.ptr + start, len - start));
    if (!buf)
        return; /* it gets it at the turn's end, out of order with what comes in between */
    struct room_span span = {.buf = buf, .base = start, .count = count_from(batch, start)};
    span.ends = batch->ends + (batch->count - span.count);
    seat->start = len;
    room_metrics_add(ROOM_METRIC_DELIVERIES, span.count);
    (void)room_link_put(seat->link, &span, start);
    buf_unref(buf);
}

void room_group_send_one(struct room_member *member, const struct room_event *event)
{
    struct room_group *group = member->group;
    struct room_batch one;
    room_batch_init(&one);
    struct dais_buf *buf = NULL;
    int32_t code = room_event_encode(event, group->dialect, group->form, &one.bytes);
    if (code == DAIS_OK)
        buf = buf_copy(strbuf_view(&one.bytes));
    if (buf) {
        struct message message = {.buf = buf,
                                  .len = (uint32_t)buf->len,
                                  .class = event->emission->delivery,
                                  .key = event->emission->key};
        link_put(group->seats[member->index].link, &message);
    }
    buf_unref(buf);
    room_batch_fini(&one);
}
