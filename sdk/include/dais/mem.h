/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.mem/1: memory with an owner.
 *
 * Two kinds exist. An arena belongs to a request or a fiber and is freed whole when that ends. A
 * shared buffer is reference-counted and immutable once others can see it: written once, sent to
 * all. A plugin's own long-lived state comes from `state_alloc`.
 */
#include "dais/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Memory that is freed whole with its owner. Opaque. */
struct dais_arena;

/**
 * A shared buffer. Who may see it holds a reference. The bytes must not change after the second
 * reference was taken. 64 zero bytes follow the last byte, so that parsers may read past it.
 */
struct dais_buf {
    uint8_t *data;
    uint64_t len;
};

/** Called once when the last reference of a buffer is gone, on whatever thread that was. */
typedef void (*dais_buf_gone_fn)(struct dais_buf *buf, void *context);

struct dais_mem_v1 {
    /** [any] `bytes` of zeroed memory, living as long as `arena`; NULL past the arena's maximum. */
    void *(*arena_alloc)(struct dais_arena *arena, uint64_t bytes);
    /** [any] A copy of `text` in `arena`, NUL-terminated behind its length; absent on failure. */
    struct dais_str (*arena_dup)(struct dais_arena *arena, struct dais_str text);
    /** [fiber] The arena of the running fiber; for a handler it is the request's. */
    struct dais_arena *(*arena_self)(void);
    /** [any] A buffer of `bytes` with one reference, contents undefined; NULL without memory. */
    struct dais_buf *(*buf_new)(uint64_t bytes);
    /** [any] As buf_new, and calls `gone(buf, context)` before the memory is freed. */
    struct dais_buf *(*buf_new_with)(uint64_t bytes, dais_buf_gone_fn gone, void *context);
    /** [any] Takes one more reference and returns `buf`. */
    struct dais_buf *(*buf_ref)(struct dais_buf *buf);
    /** [any] Gives one reference back; NULL is ignored. */
    void (*buf_unref)(struct dais_buf *buf);
    /** [any] Zeroed memory owned by the plugin until state_free; counted against its quota. */
    void *(*state_alloc)(uint64_t bytes);
    /** [any] Frees what state_alloc gave; NULL is ignored. */
    void (*state_free)(void *state);
};

DAIS_SLOT const struct dais_mem_v1 *dais_mem;
#define DAIS_NEED_MEM DAIS_NEED(mem, "dais.mem/1", 0)

#ifdef __cplusplus
}
#endif
