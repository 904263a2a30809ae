/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "realtime/room_inner.h"

static bool is_id(struct dais_str id)
{
    if (id.len == 0 || id.len > DAIS_ROOM_ID_BYTES_MAX || !str_is_utf8(id))
        return false;
    for (uint64_t i = 0; i < id.len; i++) {
        unsigned char c = (unsigned char)id.ptr[i];
        if (c < ' ' || c == 0x7f || c == '"' || c == '\\')
            return false;
    }
    return true;
}

int32_t room_name_new(const struct dais_room *room, struct room_name **ret_name)
{
    if (room->kind.len == 0 || room->kind.len > DAIS_ROOM_KIND_BYTES_MAX ||
        str_find(room->kind, ':') >= 0 || !is_id(room->id))
        return DAIS_E_INVALID;
    size_t len = room->kind.len + 1 + room->id.len;
    struct room_name *name = mem_alloc(sizeof *name + len);
    if (!name)
        return DAIS_E_MEMORY;
    atomic_init(&name->references, 1);
    name->kind_len = (uint32_t)room->kind.len;
    name->len = (uint32_t)len;
    memcpy(name->text, room->kind.ptr, room->kind.len);
    name->text[room->kind.len] = ':';
    memcpy(name->text + room->kind.len + 1, room->id.ptr, room->id.len);
    *ret_name = name;
    return DAIS_OK;
}

struct room_name *room_name_ref(struct room_name *name)
{
    atomic_fetch_add_explicit(&name->references, 1, memory_order_relaxed);
    return name;
}

void room_name_unref(struct room_name *name)
{
    if (name && atomic_fetch_sub_explicit(&name->references, 1, memory_order_acq_rel) == 1)
        mem_free(name);
}

/* What it holds in memory, near enough to bound it. */
static uint32_t weigh(const struct emission *emission)
{
    uint64_t bytes = sizeof(struct room_event) + sizeof *emission + ROOM_NAME_BYTES_MAX;
    for (uint32_t i = 0; i < emission->text_count; i++) {
        const struct emission_text *text = &emission->texts[i];
        bytes += sizeof *text + text->event.len + text->args.len;
        for (uint32_t n = 0; n < text->attachment_count; n++)
            bytes += text->attachments[n]->len;
    }
    return bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;
}

int32_t room_event_new(const struct dais_room *room, const struct dais_emit *emit,
                       struct room_event **ret_event)
{
    struct room_event *event = mem_zalloc(1, sizeof *event);
    if (!event)
        return DAIS_E_MEMORY;
    atomic_init(&event->references, 1);
    int32_t code = room_name_new(room, &event->name);
    if (code == DAIS_OK)
        code = emission_new(emit, &event->emission);
    if (code != DAIS_OK) {
        room_event_unref(event);
        return code;
    }
    event->bytes = weigh(event->emission);
    if (event->emission->delivery == MESSAGE_REPLACEABLE) /* rooms do not replace each other's */
        event->emission->key = (uint32_t)hash_u64(hash_bytes(room_name_view(event->name)) ^
                                                  event->emission->key);
    *ret_event = event;
    return DAIS_OK;
}

struct room_event *room_event_ref(struct room_event *event)
{
    atomic_fetch_add_explicit(&event->references, 1, memory_order_relaxed);
    return event;
}

void room_event_unref(struct room_event *event)
{
    if (!event || atomic_fetch_sub_explicit(&event->references, 1, memory_order_acq_rel) != 1)
        return;
    emission_unref(event->emission);
    room_name_unref(event->name);
    mem_free(event);
}

/* Takes off what was half written. */
static int32_t settle(struct strbuf *out, size_t from, int32_t code)
{
    if (code == DAIS_OK)
        code = strbuf_error(out);
    if (code == DAIS_OK)
        return out->len > from ? DAIS_OK : DAIS_E_NOT_FOUND;
    out->error = DAIS_OK;
    strbuf_truncate(out, from);
    return code == DAIS_E_INVALID ? DAIS_E_NOT_FOUND : DAIS_E_MEMORY;
}

int32_t room_event_encode(const struct room_event *event, uint32_t dialect,
                          const struct socket_form *form, struct strbuf *out)
{
    const struct emission_text *text = emission_text(event->emission, dialect);
    if (!text || !text->event.ptr)
        return DAIS_E_NOT_FOUND;
    struct envelope_mark mark = {
        .room = room_name_view(event->name), .epoch = event->epoch, .seq = event->seq};
    struct socket_event said = {.name = text->event,
                                .args = text->args,
                                .attachments = text->attachments,
                                .attachment_count = text->attachment_count,
                                .mark = event->seq ? &mark : NULL};
    size_t from = out->len;
    return settle(out, from, form->event(form, &said, out));
}

void room_resync_args(const struct envelope_mark *at, struct strbuf *out)
{
    strbuf_addz(out, "{\"room\":\"");
    strbuf_add(out, at->room); /* its characters need no escapes: is_id */
    strbuf_addz(out, "\",\"epoch\":");
    strbuf_addu(out, at->epoch);
    strbuf_addz(out, ",\"seq\":");
    strbuf_addu(out, at->seq);
    strbuf_addc(out, '}');
}

int32_t room_resync_encode(const struct envelope_mark *at, const struct socket_form *form,
                           struct strbuf *out)
{
    char text[ROOM_RESYNC_BYTES_MAX];
    struct strbuf args;
    strbuf_init_on(&args, text, sizeof text);
    room_resync_args(at, &args);
    struct socket_event said = {.name = dais_cstr("room:resync"), .args = strbuf_view(&args)};
    size_t from = out->len;
    return settle(out, from, form->event(form, &said, out));
}

void room_batch_init(struct room_batch *batch)
{
    *batch = (struct room_batch){.count = 0};
    strbuf_init(&batch->bytes, UINT32_MAX);
}

void room_batch_fini(struct room_batch *batch)
{
    strbuf_fini(&batch->bytes);
    mem_free(batch->ends);
    room_batch_init(batch);
}

bool room_batch_end(struct room_batch *batch, uint32_t from, uint32_t class, uint32_t key)
{
    if (batch->count == batch->capacity) {
        uint32_t capacity = batch->capacity ? batch->capacity * 2 : 4;
        struct room_end *ends = mem_resize(batch->ends, capacity * sizeof *ends);
        if (!ends) {
            strbuf_truncate(&batch->bytes, from);
            return false;
        }
        batch->ends = ends;
        batch->capacity = capacity;
    }
    batch->ends[batch->count++] = (struct room_end){
        .end = (uint32_t)batch->bytes.len, .class = class, .key = key};
    return true;
}

void room_replay_unref(struct room_replay *replay)
{
    if (!replay || atomic_fetch_sub_explicit(&replay->references, 1, memory_order_acq_rel) != 1)
        return;
    buf_unref(replay->buf);
    mem_free(replay->ends);
    mem_free(replay);
}
