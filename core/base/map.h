/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Bounded hash maps with open addressing: text to pointer (`struct map`) and 64-bit number to
 * pointer (`struct idmap`). Keys of text are copied. The hash is keyed (hash.h). Values belong to
 * the caller and are never NULL. One thread at a time. A pointer to a map is not kept across
 * growth.
 */
#include "dais/error.h"
#include "dais/types.h"

#include <stdbool.h>

struct map_entry;
struct idmap_entry;

struct map {
    struct map_entry *entries;
    uint32_t capacity; /* 0 or a power of two */
    uint32_t count;
    uint32_t count_max;
};

struct idmap {
    struct idmap_entry *entries;
    uint32_t capacity;
    uint32_t count;
    uint32_t count_max;
};

/** An empty map for at most `count_max` keys. Allocates nothing yet. */
void map_init(struct map *map, uint32_t count_max);

/** Frees the map's own memory; values are the caller's. */
void map_fini(struct map *map);

/** The value of `key`, or NULL. */
void *map_get(const struct map *map, struct dais_str key);

/** Sets `key` to `value` (not NULL). DAIS_E_LIMIT when full, DAIS_E_MEMORY; the map is unchanged
 * then. */
DAIS_CHECK_RESULT int32_t map_put(struct map *map, struct dais_str key, void *value);

/** Takes `key` out and returns its value, or NULL. */
void *map_remove(struct map *map, struct dais_str key);

/**
 * Visits all keys in no order: start with `*cursor` 0; false at the end. The map must not change
 * in between. `ret_key` may be NULL; it is valid until the key is removed.
 */
bool map_next(const struct map *map, uint32_t *cursor, struct dais_str *ret_key, void **ret_value);

/** As above, for numbers (0 included). */
void idmap_init(struct idmap *map, uint32_t count_max);
void idmap_fini(struct idmap *map);
void *idmap_get(const struct idmap *map, uint64_t key);
DAIS_CHECK_RESULT int32_t idmap_put(struct idmap *map, uint64_t key, void *value);
void *idmap_remove(struct idmap *map, uint64_t key);
bool idmap_next(const struct idmap *map, uint32_t *cursor, uint64_t *ret_key, void **ret_value);
