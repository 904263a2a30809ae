/* SPDX-License-Identifier: MIT */
#include "base/handle.h"

#include "base/check.h"
#include "base/mem.h"

#define CAPACITY_FIRST 64u

void handle_table_init(struct handle_table *table, uint8_t tag, uint32_t count_max)
{
    CHECK(count_max > 0 && count_max <= HANDLE_COUNT_MAX);
    *table = (struct handle_table){.tag = tag, .capacity_max = count_max};
}

void handle_table_fini(struct handle_table *table)
{
    mem_free(table->slots);
    table->slots = NULL;
    table->capacity = table->count = table->free_first = 0;
}

static int32_t grow(struct handle_table *table)
{
    if (table->capacity == table->capacity_max)
        return DAIS_E_LIMIT;
    uint32_t capacity = table->capacity ? table->capacity * 2 : CAPACITY_FIRST;
    if (capacity > table->capacity_max)
        capacity = table->capacity_max;
    struct handle_slot *slots = mem_resize(table->slots, capacity * sizeof *slots);
    if (!slots)
        return DAIS_E_MEMORY;
    /* Generations start at 1, so that no handle is 0. */
    for (uint32_t i = table->capacity; i < capacity; i++)
        slots[i] = (struct handle_slot){.generation = 1, .next_free = i + 1};
    table->free_first = table->capacity;
    table->slots = slots;
    table->capacity = capacity;
    return DAIS_OK;
}

int32_t handle_add(struct handle_table *table, void *thing, dais_handle *ret_handle)
{
    CHECK(thing != NULL);
    if (table->free_first == table->capacity) {
        int32_t code = grow(table);
        if (code)
            return code;
    }
    uint32_t index = table->free_first;
    struct handle_slot *slot = &table->slots[index];
    table->free_first = slot->next_free;
    slot->thing = thing;
    table->count++;
    *ret_handle = (dais_handle)slot->generation << 32 |
                  (dais_handle)table->tag << HANDLE_INDEX_BITS | index;
    return DAIS_OK;
}

void *handle_remove(struct handle_table *table, dais_handle handle)
{
    void *thing = handle_get(table, handle);
    if (!thing)
        return NULL;
    uint32_t index = (uint32_t)handle & (HANDLE_COUNT_MAX - 1);
    struct handle_slot *slot = &table->slots[index];
    slot->thing = NULL;
    slot->generation = slot->generation == UINT32_MAX ? 1 : slot->generation + 1;
    slot->next_free = table->free_first;
    table->free_first = index;
    table->count--;
    return thing;
}
