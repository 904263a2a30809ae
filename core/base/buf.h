/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Shared buffers: `struct dais_buf` of dais/mem.h, reference-counted, immutable once others see it.
 *
 * Made with one reference by buf_new (writable until the second reference is taken), filled, then
 * handed to as many readers and workers as needed; each gives its reference back. BUF_PADDING zero
 * bytes follow the contents of buffers made here, so that parsers may read past the end. All
 * functions may be called on any thread.
 */
#include "dais/error.h"
#include "dais/mem.h"
#include "dais/types.h"

#define BUF_PADDING 64u

/** A buffer of `len` bytes (0 allowed), contents undefined, one reference; NULL without memory. */
struct dais_buf *buf_new(uint64_t len) __attribute__((warn_unused_result));

/** As buf_new; `gone(buf, context)` is called once, before the memory is freed. */
struct dais_buf *buf_new_with(uint64_t len, dais_buf_gone_fn gone, void *context)
    __attribute__((warn_unused_result));

/** A buffer holding a copy of `bytes`. */
struct dais_buf *buf_copy(struct dais_str bytes) __attribute__((warn_unused_result));

/**
 * A buffer around memory that somebody else made; `gone` frees it when the last reference is gone.
 * No padding is promised. On NULL (no memory) the caller still owns `data`.
 */
struct dais_buf *buf_from(void *data, uint64_t len, dais_buf_gone_fn gone, void *context)
    __attribute__((warn_unused_result));

/** Takes one more reference; returns `buf`. */
struct dais_buf *buf_ref(struct dais_buf *buf);

/** Gives one reference back and frees at the last one; NULL is ignored. */
void buf_unref(struct dais_buf *buf);

/** Shortens a buffer that nobody else sees yet; the padding moves along. `len` ≤ its length. */
void buf_truncate(struct dais_buf *buf, uint64_t len);

/** Whether the caller's reference is the only one. */
int buf_is_unique(const struct dais_buf *buf);

/** The contents as a view, valid as long as a reference is held. */
static inline struct dais_str buf_view(const struct dais_buf *buf)
{
    return dais_str((const char *)buf->data, buf->len);
}
