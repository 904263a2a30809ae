/* SPDX-License-Identifier: MIT */
#include "base/map.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

#define CAPACITY_FIRST 16u

/* Linear probing; removal shifts the run behind it back, so there are no tombstones. An entry
 * without value is free. The load stays below three quarters. */
struct map_entry {
    uint64_t hash;
    void *value;
    char *key;
    uint64_t key_len;
};

void map_init(struct map *map, uint32_t count_max)
{
    *map = (struct map){.count_max = count_max};
}

void map_fini(struct map *map)
{
    for (uint32_t i = 0; i < map->capacity; i++) {
        if (map->entries[i].value)
            mem_free(map->entries[i].key);
    }
    mem_free(map->entries);
    map_init(map, map->count_max);
}

/* The entry of `key`, or the free one where it belongs. */
static struct map_entry *probe(const struct map *map, uint64_t hash, struct dais_str key)
{
    for (uint64_t at = hash;; at++) {
        struct map_entry *entry = &map->entries[at & (map->capacity - 1)];
        if (!entry->value)
            return entry;
        if (entry->hash == hash && dais_str_eq(dais_str(entry->key, entry->key_len), key))
            return entry;
    }
}

void *map_get(const struct map *map, struct dais_str key)
{
    return map->count ? probe(map, hash_bytes(key), key)->value : NULL;
}

static int32_t grow(struct map *map)
{
    if ((map->count + 1) * 4ull <= map->capacity * 3ull)
        return DAIS_OK;
    struct map larger = {.capacity = map->capacity ? map->capacity * 2 : CAPACITY_FIRST,
                         .count = map->count,
                         .count_max = map->count_max};
    larger.entries = mem_zalloc(larger.capacity, sizeof *larger.entries);
    if (!larger.entries)
        return DAIS_E_MEMORY;
    for (uint32_t i = 0; i < map->capacity; i++) {
        const struct map_entry *entry = &map->entries[i];
        if (entry->value)
            *probe(&larger, entry->hash, dais_str(entry->key, entry->key_len)) = *entry;
    }
    mem_free(map->entries);
    *map = larger;
    return DAIS_OK;
}

int32_t map_put(struct map *map, struct dais_str key, void *value)
{
    CHECK(value != NULL);
    uint64_t hash = hash_bytes(key);
    struct map_entry *found = map->count ? probe(map, hash, key) : NULL;
    if (found && found->value) {
        found->value = value;
        return DAIS_OK;
    }
    if (map->count >= map->count_max)
        return DAIS_E_LIMIT;
    char *copy = mem_alloc(key.len + 1);
    if (!copy || grow(map)) {
        mem_free(copy);
        return DAIS_E_MEMORY;
    }
    if (key.len)
        memcpy(copy, key.ptr, key.len);
    copy[key.len] = '\0';
    *probe(map, hash, key) = (struct map_entry){hash, value, copy, key.len};
    map->count++;
    return DAIS_OK;
}

/* Closes the gap at `gap`: an entry of the run behind it moves back unless it would then stand
 * before its own place. */
static void shift_back(struct map *map, uint32_t gap)
{
    const uint32_t mask = map->capacity - 1;
    for (uint32_t at = (gap + 1) & mask; map->entries[at].value; at = (at + 1) & mask) {
        uint32_t home = (uint32_t)map->entries[at].hash & mask;
        if (((at - home) & mask) < ((at - gap) & mask))
            continue;
        map->entries[gap] = map->entries[at];
        gap = at;
    }
    map->entries[gap] = (struct map_entry){0};
}

void *map_remove(struct map *map, struct dais_str key)
{
    if (map->count == 0)
        return NULL;
    struct map_entry *entry = probe(map, hash_bytes(key), key);
    void *value = entry->value;
    if (!value)
        return NULL;
    mem_free(entry->key);
    shift_back(map, (uint32_t)(entry - map->entries));
    map->count--;
    return value;
}

bool map_next(const struct map *map, uint32_t *cursor, struct dais_str *ret_key, void **ret_value)
{
    while (*cursor < map->capacity) {
        const struct map_entry *entry = &map->entries[(*cursor)++];
        if (!entry->value)
            continue;
        if (ret_key)
            *ret_key = dais_str(entry->key, entry->key_len);
        *ret_value = entry->value;
        return true;
    }
    return false;
}
