/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/sanitize.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

/* The first chunk of an arena is small, since most requests need no more; the next ones are not. */
#define CHUNK_SMALL ((size_t)8 << 10)
#define CHUNK_LARGE ((size_t)64 << 10)
#define ALIGNMENT alignof(max_align_t)
/* Bytes after each allocation that nobody may touch; sanitizer builds only. */
#define RED_ZONE (SANITIZE_ADDRESS ? (size_t)16 : (size_t)0)

struct arena_chunk {
    struct arena_chunk *older;
    size_t bytes; /* with this header */
    _Alignas(max_align_t) uint8_t payload[];
};

struct arena_deferred {
    struct arena_deferred *older;
    void (*fn)(void *arg);
    void *arg;
};

/* Free chunks of this thread. */
struct pool {
    struct arena_chunk *small;
    struct arena_chunk *large;
    size_t bytes;
};

static _Thread_local struct pool pool;

static struct arena_chunk **pool_list(size_t bytes)
{
    if (bytes == CHUNK_SMALL)
        return &pool.small;
    return bytes == CHUNK_LARGE ? &pool.large : NULL;
}

static struct arena_chunk *chunk_get(size_t bytes)
{
    struct arena_chunk **list = pool_list(bytes);
    struct arena_chunk *chunk = list ? *list : NULL;
    if (chunk) {
        *list = chunk->older;
        pool.bytes -= bytes;
        return chunk;
    }
    chunk = mem_alloc(bytes);
    if (!chunk)
        return NULL;
    chunk->bytes = bytes;
    sanitize_poison(chunk->payload, bytes - sizeof *chunk);
    return chunk;
}

static void chunk_free(struct arena_chunk *chunk)
{
    sanitize_unpoison(chunk->payload, chunk->bytes - sizeof *chunk);
    mem_free(chunk);
}

static void chunk_put(struct arena_chunk *chunk)
{
    struct arena_chunk **list = pool_list(chunk->bytes);
    if (!list || pool.bytes + chunk->bytes > (size_t)limit_get(LIMIT_ARENA_POOL_BYTES)) {
        chunk_free(chunk);
        return;
    }
    sanitize_poison(chunk->payload, chunk->bytes - sizeof *chunk);
    chunk->older = *list;
    *list = chunk;
    pool.bytes += chunk->bytes;
}

void arena_pool_drain(void)
{
    struct arena_chunk **lists[] = {&pool.small, &pool.large};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        while (*lists[i]) {
            struct arena_chunk *chunk = *lists[i];
            *lists[i] = chunk->older;
            chunk_free(chunk);
        }
    }
    pool.bytes = 0;
}

void arena_init(struct dais_arena *arena, size_t bytes_max)
{
    *arena = (struct dais_arena){.bytes_max = bytes_max};
}

void arena_reset(struct dais_arena *arena)
{
    /* A deferred function may still use the arena, even defer again. */
    while (arena->deferred) {
        struct arena_deferred *deferred = arena->deferred;
        arena->deferred = deferred->older;
        deferred->fn(deferred->arg);
    }
    struct arena_chunk *chunk = arena->chunks;
    while (chunk) {
        struct arena_chunk *older = chunk->older;
        chunk_put(chunk);
        chunk = older;
    }
    arena_init(arena, arena->bytes_max);
}

static size_t chunk_bytes_for(const struct dais_arena *arena, size_t bytes)
{
    size_t need = sizeof(struct arena_chunk) + bytes;
    if (!arena->chunks && need <= CHUNK_SMALL)
        return CHUNK_SMALL;
    return need <= CHUNK_LARGE ? CHUNK_LARGE : need;
}

/* Room for `bytes` in a new chunk, which becomes the one that is filled unless the old one has more
 * left. */
static uint8_t *alloc_slowly(struct dais_arena *arena, size_t bytes)
{
    if (bytes > arena->bytes_max)
        return NULL;
    size_t total = chunk_bytes_for(arena, bytes);
    if (total > arena->bytes_max - arena->used && bytes <= CHUNK_LARGE)
        total = sizeof(struct arena_chunk) + bytes; /* near the maximum take only what is needed */
    if (total > arena->bytes_max - arena->used)
        return NULL;
    struct arena_chunk *chunk = chunk_get(total);
    if (!chunk)
        return NULL;
    arena->used += total;
    uint8_t *end = (uint8_t *)chunk + total;
    uint8_t *next = chunk->payload + bytes;
    if (arena->chunks && (size_t)(arena->end - arena->next) > (size_t)(end - next)) {
        chunk->older = arena->chunks->older;
        arena->chunks->older = chunk;
        return chunk->payload;
    }
    chunk->older = arena->chunks;
    arena->chunks = chunk;
    arena->next = next;
    arena->end = end;
    return chunk->payload;
}

static uint8_t *alloc_from(struct dais_arena *arena, size_t bytes, size_t align)
{
    size_t gap = (size_t)(-(uintptr_t)arena->next & (align - 1));
    size_t left = (size_t)(arena->end - arena->next);
    if (__builtin_expect(arena->next && left >= gap && bytes + RED_ZONE <= left - gap, 1)) {
        uint8_t *memory = arena->next + gap;
        arena->next = memory + bytes + RED_ZONE;
        sanitize_unpoison(memory, bytes);
        return memory;
    }
    uint8_t *memory = alloc_slowly(arena, bytes + RED_ZONE);
    if (memory)
        sanitize_unpoison(memory, bytes);
    return memory;
}

void *arena_alloc(struct dais_arena *arena, size_t bytes)
{
    if (bytes > arena->bytes_max)
        return NULL;
    uint8_t *memory = alloc_from(arena, bytes, ALIGNMENT);
    return memory ? memset(memory, 0, bytes) : NULL;
}

char *arena_bytes(struct dais_arena *arena, size_t bytes)
{
    if (bytes > arena->bytes_max)
        return NULL;
    return (char *)alloc_from(arena, bytes, 1);
}

char *arena_cstr(struct dais_arena *arena, struct dais_str text)
{
    if (!text.ptr || text.len >= arena->bytes_max)
        return NULL;
    char *copy = arena_bytes(arena, text.len + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return copy;
}

struct dais_str arena_dup(struct dais_arena *arena, struct dais_str text)
{
    char *copy = arena_cstr(arena, text);
    return dais_str(copy, copy ? text.len : 0);
}

struct dais_str arena_vprintf(struct dais_arena *arena, const char *format, va_list args)
{
    char text[256];
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(text, sizeof text, format, args);
    struct dais_str result = {NULL, 0};
    if (len >= 0 && (size_t)len < sizeof text) {
        result = arena_dup(arena, dais_str(text, (uint64_t)len));
    } else if (len >= 0) {
        char *room = arena_bytes(arena, (size_t)len + 1);
        if (room)
            result = dais_str(room, (uint64_t)vsnprintf(room, (size_t)len + 1, format, again));
    }
    va_end(again);
    return result;
}

struct dais_str arena_printf(struct dais_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct dais_str result = arena_vprintf(arena, format, args);
    va_end(args);
    return result;
}

int32_t arena_defer(struct dais_arena *arena, void (*fn)(void *arg), void *arg)
{
    struct arena_deferred *deferred = arena_alloc(arena, sizeof *deferred);
    if (!deferred)
        return DAIS_E_MEMORY;
    *deferred = (struct arena_deferred){.older = arena->deferred, .fn = fn, .arg = arg};
    arena->deferred = deferred;
    return DAIS_OK;
}

size_t arena_used(const struct dais_arena *arena)
{
    return arena->used;
}
