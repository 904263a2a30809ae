/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Handles: a number for a thing instead of a pointer, so that a stale one is noticed.
 *
 * A `dais_handle` is generation (32 bits) · tag (8 bits, the worker that owns the table) · index
 * (24 bits). Removing a thing advances its generation; the old handle then gives DAIS_E_GONE. A
 * table belongs to one thread; the tag says to which worker a handle must be mailed.
 */
#include "dais/error.h"
#include "dais/types.h"

#define HANDLE_INDEX_BITS 24u
#define HANDLE_COUNT_MAX (1u << HANDLE_INDEX_BITS)

struct handle_slot {
    void *thing; /* NULL: free */
    uint32_t generation;
    uint32_t next_free;
};

struct handle_table {
    struct handle_slot *slots;
    uint32_t capacity;
    uint32_t capacity_max;
    uint32_t free_first; /* capacity: none */
    uint32_t count;
    uint8_t tag;
};

/** An empty table for at most `count_max` things (≤ HANDLE_COUNT_MAX). */
void handle_table_init(struct handle_table *table, uint8_t tag, uint32_t count_max);

/** Frees the table; the things are the caller's. */
void handle_table_fini(struct handle_table *table);

/** A handle for `thing` (not NULL). DAIS_E_LIMIT when full, DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t handle_add(struct handle_table *table, void *thing,
                                     dais_handle *ret_handle);

/** Takes the thing out; its handle is stale from now on. Returns it, or NULL when already stale. */
void *handle_remove(struct handle_table *table, dais_handle handle);

/** The tag in a handle. */
static inline uint8_t handle_tag(dais_handle handle)
{
    return (uint8_t)(handle >> HANDLE_INDEX_BITS);
}

/** The thing, or NULL when the handle is stale, 0 or of another table. */
static inline void *handle_get(const struct handle_table *table, dais_handle handle)
{
    uint32_t index = (uint32_t)handle & (HANDLE_COUNT_MAX - 1);
    if (index >= table->capacity || table->slots[index].generation != (uint32_t)(handle >> 32) ||
        handle_tag(handle) != table->tag)
        return NULL;
    return table->slots[index].thing;
}

/** As handle_get with a code: DAIS_E_GONE. */
DAIS_CHECK_RESULT static inline int32_t handle_find(const struct handle_table *table,
                                                    dais_handle handle, void **ret_thing)
{
    void *thing = handle_get(table, handle);
    if (!thing)
        return DAIS_E_GONE;
    *ret_thing = thing;
    return DAIS_OK;
}
