/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include "base/check.h"
#include "base/mem.h"

#include <stdatomic.h>
#include <string.h>

#define MAGIC CHECK_MAGIC_OF('S', 'B', 'U', 'F')

/* What stands around the public part. */
struct box {
    uint32_t magic;
    _Atomic uint32_t refs;
    dais_buf_gone_fn gone;
    void *context;
    struct dais_buf buf;
    uint8_t payload[];
};

static struct box *box_of(const struct dais_buf *buf)
{
    struct box *box = CONTAINER_OF(buf, struct box, buf);
    CHECK(box->magic == MAGIC);
    return box;
}

struct dais_buf *buf_new_with(uint64_t len, dais_buf_gone_fn gone, void *context)
{
    if (len > SIZE_MAX - sizeof(struct box) - BUF_PADDING)
        return NULL;
    struct box *box = mem_alloc(sizeof *box + len + BUF_PADDING);
    if (!box)
        return NULL;
    box->magic = MAGIC;
    atomic_init(&box->refs, 1);
    box->gone = gone;
    box->context = context;
    box->buf = (struct dais_buf){box->payload, len};
    memset(box->payload + len, 0, BUF_PADDING);
    return &box->buf;
}

struct dais_buf *buf_new(uint64_t len)
{
    return buf_new_with(len, NULL, NULL);
}

struct dais_buf *buf_copy(struct dais_str bytes)
{
    struct dais_buf *buf = buf_new(bytes.len);
    if (buf && bytes.len != 0)
        memcpy(buf->data, bytes.ptr, bytes.len);
    return buf;
}

struct dais_buf *buf_from(void *data, uint64_t len, dais_buf_gone_fn gone, void *context)
{
    struct box *box = mem_alloc(sizeof *box);
    if (!box)
        return NULL;
    box->magic = MAGIC;
    atomic_init(&box->refs, 1);
    box->gone = gone;
    box->context = context;
    box->buf = (struct dais_buf){data, len};
    return &box->buf;
}

struct dais_buf *buf_ref(struct dais_buf *buf)
{
    uint32_t before = atomic_fetch_add_explicit(&box_of(buf)->refs, 1, memory_order_relaxed);
    CHECK(before != 0 && before < UINT32_MAX / 2);
    return buf;
}

void buf_unref(struct dais_buf *buf)
{
    if (!buf)
        return;
    struct box *box = box_of(buf);
    uint32_t before = atomic_fetch_sub_explicit(&box->refs, 1, memory_order_acq_rel);
    CHECK(before != 0);
    if (before != 1)
        return;
    if (box->gone)
        box->gone(buf, box->context);
    box->magic = 0; /* so that a late user is noticed, as far as the memory is not used again */
    mem_free(box);
}

void buf_truncate(struct dais_buf *buf, uint64_t len)
{
    struct box *box = box_of(buf);
    CHECK(buf_is_unique(buf) && len <= buf->len);
    if (buf->data == box->payload)
        memset(buf->data + len, 0, BUF_PADDING);
    buf->len = len;
}

int buf_is_unique(const struct dais_buf *buf)
{
    return atomic_load_explicit(&box_of(buf)->refs, memory_order_acquire) == 1;
}
