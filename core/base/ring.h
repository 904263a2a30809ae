/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A bounded ring of pointers. One thread may push while another one takes (SPSC); used by one
 * thread alone it is a plain queue.
 */
#include "dais/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct ring {
    void **slots;
    uint32_t mask;
    _Alignas(64) _Atomic uint32_t head; /* next to take */
    _Alignas(64) _Atomic uint32_t tail; /* next to fill */
};

/** Room for `capacity` pointers, a power of two ≤ 2^20. DAIS_E_INVALID, DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t ring_init(struct ring *ring, uint32_t capacity);

/** Frees the ring; what it still holds is the caller's. */
void ring_fini(struct ring *ring);

/** Appends `item` (not NULL). DAIS_E_LIMIT when full: the item stays with the caller. */
DAIS_CHECK_RESULT int32_t ring_push(struct ring *ring, void *item);

/** Takes the oldest item, or NULL. */
void *ring_take(struct ring *ring);

/** How many items it holds; exact on a thread that is alone with it. */
uint32_t ring_count(const struct ring *ring);
