/* SPDX-License-Identifier: MIT */
#include "base/check.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"

#define CAPACITY_FIRST 16u

/* As map.c: linear probing, removal shifts back, an entry without value is free. */
struct idmap_entry {
    uint64_t key;
    void *value;
};

void idmap_init(struct idmap *map, uint32_t count_max)
{
    *map = (struct idmap){.count_max = count_max};
}

void idmap_fini(struct idmap *map)
{
    mem_free(map->entries);
    idmap_init(map, map->count_max);
}

static struct idmap_entry *probe(const struct idmap *map, uint64_t key)
{
    for (uint64_t at = hash_u64(key);; at++) {
        struct idmap_entry *entry = &map->entries[at & (map->capacity - 1)];
        if (!entry->value || entry->key == key)
            return entry;
    }
}

void *idmap_get(const struct idmap *map, uint64_t key)
{
    return map->count ? probe(map, key)->value : NULL;
}

static int32_t grow(struct idmap *map)
{
    if ((map->count + 1) * 4ull <= map->capacity * 3ull)
        return DAIS_OK;
    struct idmap larger = {.capacity = map->capacity ? map->capacity * 2 : CAPACITY_FIRST,
                           .count = map->count,
                           .count_max = map->count_max};
    larger.entries = mem_zalloc(larger.capacity, sizeof *larger.entries);
    if (!larger.entries)
        return DAIS_E_MEMORY;
    for (uint32_t i = 0; i < map->capacity; i++) {
        if (map->entries[i].value)
            *probe(&larger, map->entries[i].key) = map->entries[i];
    }
    mem_free(map->entries);
    *map = larger;
    return DAIS_OK;
}

int32_t idmap_put(struct idmap *map, uint64_t key, void *value)
{
    CHECK(value != NULL);
    struct idmap_entry *found = map->count ? probe(map, key) : NULL;
    if (found && found->value) {
        found->value = value;
        return DAIS_OK;
    }
    if (map->count >= map->count_max)
        return DAIS_E_LIMIT;
    int32_t code = grow(map);
    if (code)
        return code;
    *probe(map, key) = (struct idmap_entry){key, value};
    map->count++;
    return DAIS_OK;
}

void *idmap_remove(struct idmap *map, uint64_t key)
{
    if (map->count == 0)
        return NULL;
    struct idmap_entry *entry = probe(map, key);
    void *value = entry->value;
    if (!value)
        return NULL;
    const uint32_t mask = map->capacity - 1;
    uint32_t gap = (uint32_t)(entry - map->entries);
    for (uint32_t at = (gap + 1) & mask; map->entries[at].value; at = (at + 1) & mask) {
        uint32_t home = (uint32_t)hash_u64(map->entries[at].key) & mask;
        if (((at - home) & mask) < ((at - gap) & mask))
            continue;
        map->entries[gap] = map->entries[at];
        gap = at;
    }
    map->entries[gap] = (struct idmap_entry){0};
    map->count--;
    return value;
}

bool idmap_next(const struct idmap *map, uint32_t *cursor, uint64_t *ret_key, void **ret_value)
{
    while (*cursor < map->capacity) {
        const struct idmap_entry *entry = &map->entries[(*cursor)++];
        if (!entry->value)
            continue;
        if (ret_key)
            *ret_key = entry->key;
        *ret_value = entry->value;
        return true;
    }
    return false;
}
