/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who runs now: which plugin, in which callback, for which request.
 *
 * Each thread has one `struct owner_slot`, its own by default; the host points a thread at a slot
 * in shared memory (owner_slot_use), where the supervisor reads it after a crash. The slot IS the
 * current state: fibers save and load it at each switch, host trampolines set it around calls into
 * plugins, the log reads it. A store costs less than a nanosecond. The supervisor reads torn values
 * at worst between two stores of one mark, which is why the plugin is stored first.
 */
#include <stdatomic.h>
#include <stdint.h>

/** Plugin index of the core itself. */
#define OWNER_CORE 0u

/** A mark: who runs, and for whom. */
struct owner {
    uint32_t plugin;     /* index given by the host; OWNER_CORE */
    uint32_t generation; /* of the plugin */
    uint64_t callback;   /* what of it: the host's number of a table row */
    uint64_t request;    /* request id, 0: none */
};

/** A mark in (shared) memory, with the thread's heartbeat. 64 bytes, so that slots share no line.
 */
struct owner_slot {
    _Alignas(64) _Atomic uint32_t plugin;
    _Atomic uint32_t generation;
    _Atomic uint64_t callback;
    _Atomic uint64_t request;
    _Atomic uint64_t beat_ms; /* monotonic time of the last loop turn */
    _Atomic uint32_t busy;    /* 0 while the loop waits for events: a stale beat is then no stall */
};

/** The slot of this thread; use the functions below. */
extern _Thread_local struct owner_slot *owner_slot_self;

/** Makes this thread keep its mark in `slot` from now on (NULL: its own again). */
void owner_slot_use(struct owner_slot *slot);

/** The mark of this thread. */
static inline struct owner owner_get(void)
{
    struct owner_slot *slot = owner_slot_self;
    return (struct owner){
        .plugin = atomic_load_explicit(&slot->plugin, memory_order_relaxed),
        .generation = atomic_load_explicit(&slot->generation, memory_order_relaxed),
        .callback = atomic_load_explicit(&slot->callback, memory_order_relaxed),
        .request = atomic_load_explicit(&slot->request, memory_order_relaxed),
    };
}

/** Replaces the mark of this thread; the caller keeps the old one to put it back. */
static inline void owner_set(const struct owner *owner)
{
    struct owner_slot *slot = owner_slot_self;
    atomic_store_explicit(&slot->plugin, owner->plugin, memory_order_relaxed);
    atomic_store_explicit(&slot->generation, owner->generation, memory_order_relaxed);
    atomic_store_explicit(&slot->callback, owner->callback, memory_order_relaxed);
    atomic_store_explicit(&slot->request, owner->request, memory_order_relaxed);
}
