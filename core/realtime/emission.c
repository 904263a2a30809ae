/* SPDX-License-Identifier: MIT */
#include "realtime/emission.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/owner.h"
#include "base/shape.h"

#include <stdatomic.h>
#include <stdio.h>

#define DIALECT_BYTES_MAX 32u
/** What a form adds to an event: heads of frames, names, numbers, the room. */
#define FORM_BYTES_MAX 4096u

/** An emission; its texts, the lists of attachments and the bytes of both follow in the same block,
 * since rooms keep many of them. */
struct made {
    struct emission emission;
    _Atomic uint32_t refs;
};

/** An emission that is being made: views are offsets into `bytes` until it is whole. */
struct draft {
    struct strbuf bytes;
    struct emission_text texts[EMISSION_RENDERINGS_MAX];
    uint32_t count;
    uint32_t attachment_count;
};

static struct {
    atomic_flag lock; /* held to add one, which is rare and short */
    _Atomic uint32_t count;
    char names[EMISSION_DIALECTS_MAX + 1][DIALECT_BYTES_MAX];
} dialects = {.lock = ATOMIC_FLAG_INIT};

/* Names are written before the count tells of them, and never change. */
static uint32_t find_dialect(const char *name, uint32_t count)
{
    for (uint32_t i = 1; i <= count; i++)
        if (strcmp(dialects.names[i], name) == 0)
            return i;
    return 0;
}

static int32_t add_dialect(const char *name)
{
    uint32_t count = atomic_load(&dialects.count);
    uint32_t number = find_dialect(name, count);
    if (number > 0)
        return (int32_t)number;
    if (count == EMISSION_DIALECTS_MAX)
        return DAIS_E_LIMIT;
    snprintf(dialects.names[count + 1], DIALECT_BYTES_MAX, "%s", name);
    atomic_store(&dialects.count, count + 1);
    return (int32_t)(count + 1);
}

int32_t emission_dialect(const char *name)
{
    if (!name || !name[0])
        return 0;
    if (strlen(name) >= DIALECT_BYTES_MAX)
        return DAIS_E_INVALID;
    uint32_t number = find_dialect(name, atomic_load(&dialects.count));
    if (number > 0)
        return (int32_t)number;
    while (atomic_flag_test_and_set(&dialects.lock))
        continue;
    int32_t added = add_dialect(name);
    atomic_flag_clear(&dialects.lock);
    return added;
}

const char *emission_dialect_name(uint32_t number)
{
    return number <= atomic_load(&dialects.count) ? dialects.names[number] : "";
}

/* Appends text and notes where it lies. */
static struct dais_str note(struct draft *draft, struct dais_str text)
{
    uint64_t at = draft->bytes.len;
    strbuf_add(&draft->bytes, text);
    return dais_str((const char *)at, text.len);
}

static int32_t draft_args(struct draft *draft, const struct dais_rendering *row,
                          struct dais_str *ret_args)
{
    uint64_t at = draft->bytes.len;
    int32_t code = DAIS_OK;
    if (row->shape && !row->value)
        return DAIS_E_INVALID;
    if (row->shape)
        code = shape_write(row->shape, row->value, &draft->bytes);
    else
        strbuf_add(&draft->bytes, row->json);
    *ret_args = dais_str((const char *)at, draft->bytes.len - at);
    if (code == DAIS_OK && ret_args->len > (uint64_t)limit_get(LIMIT_EVENT_BYTES))
        code = DAIS_E_TOO_LARGE;
    return code == DAIS_OK ? strbuf_error(&draft->bytes) : code;
}

static int32_t draft_text(struct draft *draft, const struct dais_rendering *row)
{
    struct emission_text *text = &draft->texts[draft->count];
    int32_t dialect = emission_dialect(row->dialect);
    if (dialect < 0)
        return dialect;
    *text = (struct emission_text){.dialect = (uint32_t)dialect};
    draft->count++;
    if (row->reserved != 0 || (!row->event && dialect == 0))
        return DAIS_E_INVALID;
    if (!row->event)
        return DAIS_OK;
    uint64_t len = strlen(row->event);
    if (len == 0 || len > DAIS_EVENT_NAME_BYTES_MAX ||
        row->attachment_count > DAIS_EVENT_ATTACHMENTS_MAX ||
        (row->attachment_count > 0 && !row->attachments))
        return DAIS_E_INVALID;
    text->event = note(draft, dais_str(row->event, len));
    text->attachment_count = row->attachment_count;
    draft->attachment_count += row->attachment_count;
    return draft_args(draft, row, &text->args);
}

static bool is_last(const struct dais_rendering *row)
{
    return !row->dialect && !row->event;
}

static int32_t draft_all(struct draft *draft, const struct dais_rendering *rows)
{
    int32_t code = DAIS_OK;
    for (const struct dais_rendering *row = rows; !is_last(row) && code == DAIS_OK; row++)
        code = draft->count < EMISSION_RENDERINGS_MAX ? draft_text(draft, row) : DAIS_E_INVALID;
    return code == DAIS_OK && draft->count == 0 ? DAIS_E_INVALID : code;
}

static struct dais_str settle(struct dais_str noted, const char *bytes)
{
    return dais_str(bytes + (uintptr_t)noted.ptr, noted.len);
}

/* Copies a draft into its block: texts, then lists, then bytes. */
static void fill(struct made *made, const struct draft *draft, const struct dais_rendering *rows)
{
    struct emission_text *texts = (struct emission_text *)(made + 1);
    struct dais_buf **list = (struct dais_buf **)(texts + draft->count);
    char *bytes = (char *)(list + draft->attachment_count);
    struct dais_str all = strbuf_view(&draft->bytes);
    memcpy(bytes, all.ptr, all.len);
    made->emission.texts = texts;
    made->emission.text_count = draft->count;
    for (uint32_t i = 0; i < draft->count; i++) {
        texts[i] = draft->texts[i];
        if (!rows[i].event)
            continue;
        texts[i].event = settle(texts[i].event, bytes);
        texts[i].args = settle(texts[i].args, bytes);
        texts[i].attachments = list;
        for (uint32_t j = 0; j < texts[i].attachment_count; j++)
            *list++ = buf_ref(rows[i].attachments[j]);
    }
}

static bool can_be(const struct dais_emit *emit)
{
    return emit && emit->renderings && emit->delivery >= MESSAGE_DURABLE &&
           emit->delivery <= MESSAGE_DROPPABLE && emit->flags == 0 && emit->reserved == 0;
}

/* Plugins choose keys without knowing of each other. */
static uint32_t key_of(const struct dais_emit *emit)
{
    uint64_t plugin = owner_get().plugin;
    return emit->delivery == MESSAGE_REPLACEABLE ? (uint32_t)hash_u64(plugin << 32 | emit->key) : 0;
}

int32_t emission_new(const struct dais_emit *emit, struct emission **ret)
{
    if (!can_be(emit))
        return DAIS_E_INVALID;
    struct draft draft = {0};
    strbuf_init(&draft.bytes, (size_t)limit_get(LIMIT_EVENT_BYTES) * 2);
    int32_t code = draft_all(&draft, emit->renderings);
    size_t bytes = sizeof(struct made) + draft.count * sizeof(struct emission_text) +
                   draft.attachment_count * sizeof(struct dais_buf *) + draft.bytes.len;
    struct made *made = code == DAIS_OK ? mem_zalloc(1, bytes) : NULL;
    if (made) {
        atomic_init(&made->refs, 1);
        made->emission.delivery = emit->delivery;
        made->emission.key = key_of(emit);
        made->emission.except = emit->except;
        fill(made, &draft, emit->renderings);
        *ret = &made->emission;
    } else if (code == DAIS_OK) {
        code = DAIS_E_MEMORY;
    }
    strbuf_fini(&draft.bytes);
    return code;
}

static struct made *made_of(struct emission *emission)
{
    return CONTAINER_OF(emission, struct made, emission);
}

struct emission *emission_ref(struct emission *emission)
{
    atomic_fetch_add_explicit(&made_of(emission)->refs, 1, memory_order_relaxed);
    return emission;
}

static void drop_text(struct emission_text *text)
{
    for (uint32_t i = 0; i < text->attachment_count; i++)
        buf_unref(text->attachments[i]);
}

void emission_unref(struct emission *emission)
{
    if (!emission)
        return;
    struct made *made = made_of(emission);
    if (atomic_fetch_sub_explicit(&made->refs, 1, memory_order_acq_rel) > 1)
        return;
    for (uint32_t i = 0; i < emission->text_count; i++)
        drop_text(&emission->texts[i]);
    mem_free(made);
}

const struct emission_text *emission_text(const struct emission *emission, uint32_t dialect)
{
    const struct emission_text *other = NULL;
    for (uint32_t i = 0; i < emission->text_count; i++) {
        const struct emission_text *text = &emission->texts[i];
        if (dialect > 0 && text->dialect == dialect)
            return text->event.ptr ? text : NULL;
        if (text->dialect == 0 && !other)
            other = text;
    }
    return other;
}

static uint64_t bytes_of(const struct emission_text *text)
{
    uint64_t bytes = text->args.len + FORM_BYTES_MAX;
    for (uint32_t i = 0; i < text->attachment_count; i++)
        bytes += text->attachments[i]->len + FRAME_HEAD_BYTES_MAX;
    return bytes;
}

int32_t emission_encode(const struct emission_text *text, const struct socket_form *form,
                        const struct envelope_mark *mark, struct dais_buf **ret_buf)
{
    const struct socket_event event = {
        .name = text->event,
        .args = text->args,
        .attachments = text->attachments,
        .attachment_count = text->attachment_count,
        .mark = mark,
    };
    STRBUF_AUTO struct strbuf out;
    strbuf_init(&out, bytes_of(text));
    int32_t code = form->event(form, &event, &out);
    if (code == DAIS_OK)
        code = strbuf_error(&out);
    if (code != DAIS_OK)
        return code;
    *ret_buf = buf_copy(strbuf_view(&out));
    return *ret_buf ? DAIS_OK : DAIS_E_MEMORY;
}
