/* SPDX-License-Identifier: MIT */
#include "base/ring.h"

#include "base/check.h"
#include "base/mem.h"

#define CAPACITY_MAX (1u << 20)

int32_t ring_init(struct ring *ring, uint32_t capacity)
{
    if (capacity == 0 || capacity > CAPACITY_MAX || (capacity & (capacity - 1)) != 0)
        return DAIS_E_INVALID;
    void **slots = mem_zalloc(capacity, sizeof *slots);
    if (!slots)
        return DAIS_E_MEMORY;
    ring->slots = slots;
    ring->mask = capacity - 1;
    atomic_init(&ring->head, 0);
    atomic_init(&ring->tail, 0);
    return DAIS_OK;
}

void ring_fini(struct ring *ring)
{
    mem_free(ring->slots);
    ring->slots = NULL;
}

int32_t ring_push(struct ring *ring, void *item)
{
    CHECK(item != NULL);
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    if (tail - head > ring->mask)
        return DAIS_E_LIMIT;
    ring->slots[tail & ring->mask] = item;
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return DAIS_OK;
}

void *ring_take(struct ring *ring)
{
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    if (head == tail)
        return NULL;
    void *item = ring->slots[head & ring->mask];
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
    return item;
}

uint32_t ring_count(const struct ring *ring)
{
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    return tail - atomic_load_explicit(&ring->head, memory_order_acquire);
}
