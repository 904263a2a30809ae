/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Arenas: memory that is freed whole with its owner (a request, a message, a fiber).
 *
 * The owner embeds a `struct dais_arena` and calls arena_init; whoever works for the owner
 * allocates; arena_reset runs the deferred functions in reverse order and gives all memory back,
 * after which the arena is empty and usable again. Chunks come from a pool of the thread and go
 * back to the pool of the thread that resets, so a request costs no malloc. An arena is used by one
 * thread at a time.
 */
#include "dais/mem.h"
#include "dais/types.h"

#include <stdarg.h>

struct arena_chunk;
struct arena_deferred;

/** Members are private; here so that owners can embed it. */
struct dais_arena {
    uint8_t *next;                   /* first free byte of the newest chunk */
    uint8_t *end;                    /* end of the newest chunk */
    struct arena_chunk *chunks;      /* newest first */
    struct arena_deferred *deferred; /* newest first */
    size_t used;                     /* bytes of all chunks */
    size_t bytes_max;
};

/** Makes an empty arena that holds at most `bytes_max` bytes of chunks. Allocates nothing. */
void arena_init(struct dais_arena *arena, size_t bytes_max);

/** Runs deferred functions, newest first, and frees everything. The arena is empty again. */
void arena_reset(struct dais_arena *arena);

/** `bytes` of zeroed memory aligned for any type, valid until reset; NULL past the maximum. */
void *arena_alloc(struct dais_arena *arena, size_t bytes) __attribute__((warn_unused_result));

/** As arena_alloc with undefined contents and no alignment: for text. */
char *arena_bytes(struct dais_arena *arena, size_t bytes) __attribute__((warn_unused_result));

/** A copy of `text` with a NUL behind its length; absent when `text` is absent or memory is out. */
struct dais_str arena_dup(struct dais_arena *arena, struct dais_str text);

/** As arena_dup, giving the NUL-terminated copy itself or NULL. */
char *arena_cstr(struct dais_arena *arena, struct dais_str text);

/** Formats into the arena, NUL-terminated behind its length; absent past the maximum. */
struct dais_str arena_printf(struct dais_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** As arena_printf. */
struct dais_str arena_vprintf(struct dais_arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/** Calls `fn(arg)` at reset, newest first. DAIS_E_MEMORY past the maximum (fn is not called). */
DAIS_CHECK_RESULT int32_t arena_defer(struct dais_arena *arena, void (*fn)(void *arg), void *arg);

/** Bytes of chunks the arena holds now. */
size_t arena_used(const struct dais_arena *arena);

/** Frees the chunks pooled by this thread; a thread calls it before it ends. */
void arena_pool_drain(void);
