/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who runs now: which plugin, in which callback, for which request; and what it has used so far.
 *
 * Each thread has one `struct owner_slot`, its own by default; the host points a thread at a slot
 * in shared memory (owner_slot_use), where the supervisor reads it after a crash. The slot IS the
 * current state: fibers save and load it at each switch, host trampolines set it around calls into
 * plugins, the log reads it. The supervisor reads torn values at worst between two stores of one
 * mark, which is why the plugin is stored first.
 *
 * Accounting hangs on the same places: when another plugin takes the thread over, the ticks since
 * the last change are charged to the one before (owner_set). A thread writes to a ledger of its own
 * (owner_ledger_use); reading adds the ledgers up. A change costs two reads of the tick counter at
 * most, a change between callbacks of one plugin costs a store.
 */
#include <stdatomic.h>
#include <stdint.h>

/** Plugin index of the core itself. */
#define OWNER_CORE 0u
/** Plugins of one process, the core included; a power of two. */
#define OWNERS_MAX 64u
/** Threads that have a ledger: workers, job threads, the main thread. */
#define OWNER_LEDGERS_MAX 320u

/** A mark: who runs, and for whom. */
struct owner {
    uint32_t plugin;     /* index given by the host; OWNER_CORE */
    uint32_t generation; /* of the plugin */
    uint64_t callback;   /* what of it: the address of its name (owner_callback), 0: not known */
    uint64_t request;    /* request id, 0: none */
};

/**
 * The callback number of something with a constant name, which the crash handler reads: the path of
 * a route, the name of a task, a topic. `name` must stay where it is until the process ends.
 */
static inline uint64_t owner_callback(const char *name)
{
    return (uint64_t)(uintptr_t)name;
}

/** The name behind a mark's callback; "" when it is not known. Only in the process that set it. */
static inline const char *owner_callback_name(const struct owner *owner)
{
    return owner->callback ? (const char *)(uintptr_t)owner->callback : "";
}

/** A mark in (shared) memory, with the thread's heartbeat. 64 bytes, so that slots share no line.
 */
struct owner_slot {
    _Alignas(64) _Atomic uint32_t plugin;
    _Atomic uint32_t generation;
    _Atomic uint64_t callback;
    _Atomic uint64_t request;
    _Atomic uint64_t beats;  /* rises with each turn of the thread's loop, twice */
    _Atomic uint32_t busy;   /* 0 while the loop waits for events: no beat is no stall then */
    _Atomic uint32_t thread; /* its kernel id, 0: not taken */
};

/** What one plugin has used on one thread. Written by that thread alone; 64 bytes. */
struct owner_account {
    _Alignas(64) _Atomic uint64_t ticks; /* of owner_ticks while it ran on a worker */
    _Atomic uint64_t cpu_ns;             /* CPU time of its jobs */
    _Atomic uint64_t calls;              /* callbacks begun */
    _Atomic uint64_t stalls;             /* times it kept a loop longer than limit stall_warn_ms */
    _Atomic uint64_t queries;            /* statements it asked for */
    _Atomic uint64_t query_us;           /* from asking to answer */
    _Atomic uint64_t errors;             /* answers of status 500 and above, tasks that failed */
};

/** What a thread does: a loop is watched for stalls, jobs are charged by their CPU time. */
enum owner_thread { OWNER_THREAD_LOOP, OWNER_THREAD_JOBS };

/** The accounts of one thread. */
struct owner_ledger {
    _Atomic uint64_t since; /* owner_ticks at the last change; 0 while the loop waits */
    uint64_t stall_ticks;   /* a plugin that ran longer in one go has stalled the loop */
    enum owner_thread kind;
    _Atomic uint32_t taken; /* some thread uses it or has used it */
    struct owner_account accounts[OWNERS_MAX];
};

/** Sums over all threads. */
struct owner_totals {
    double cpu_seconds;
    uint64_t calls;
    uint64_t stalls;
    uint64_t queries;
    double query_seconds;
    uint64_t errors;
};

/** The slot and the ledger of this thread; use the functions below. */
extern _Thread_local struct owner_slot *owner_slot_self;
extern _Thread_local struct owner_ledger *owner_ledger_self;

/** Makes this thread keep its mark in `slot` from now on (NULL: its own again). */
void owner_slot_use(struct owner_slot *slot);

/**
 * Gives this thread the ledger `index` (< OWNER_LEDGERS_MAX), which no other running thread uses;
 * what stands in it stays. Without one a thread's accounts are lost.
 */
void owner_ledger_use(uint32_t index, enum owner_thread kind);

/** What `plugin` (< OWNERS_MAX) has used on all threads since the start. [any thread] */
struct owner_totals owner_totals(uint32_t plugin);

/** Called by owner_charge when `ticks` are too many: counts and logs the stall, if it is one. */
void owner_stalled(uint64_t since, uint64_t ticks);

/** A counter that rises steadily: the processor's where there is one, else nanoseconds. */
static inline uint64_t owner_ticks(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
#error "owner_ticks: name this processor's counter"
#endif
}

/** Adds to a counter that only this thread writes. */
static inline void owner_add(_Atomic uint64_t *counter, uint64_t value)
{
    uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, before + value, memory_order_relaxed);
}

/** The account of `plugin` on this thread. */
static inline struct owner_account *owner_account(uint32_t plugin)
{
    return &owner_ledger_self->accounts[plugin % OWNERS_MAX];
}

/** Charges the time since the last change to the plugin that runs, which goes on. */
static inline void owner_charge(void)
{
    struct owner_ledger *ledger = owner_ledger_self;
    uint32_t plugin = atomic_load_explicit(&owner_slot_self->plugin, memory_order_relaxed);
    uint64_t since = atomic_load_explicit(&ledger->since, memory_order_relaxed);
    uint64_t ticks = owner_ticks() - since;
    atomic_store_explicit(&ledger->since, since + ticks, memory_order_relaxed);
    if (__builtin_expect(ticks > ledger->stall_ticks, 0))
        owner_stalled(since, ticks);
    else
        owner_add(&ledger->accounts[plugin % OWNERS_MAX].ticks, ticks);
}

/** Counts a turn of this thread's loop. */
static inline void owner_beat(uint32_t busy)
{
    struct owner_slot *slot = owner_slot_self;
    uint64_t beats = atomic_load_explicit(&slot->beats, memory_order_relaxed);
    atomic_store_explicit(&slot->beats, beats + 1, memory_order_relaxed);
    atomic_store_explicit(&slot->busy, busy, memory_order_relaxed);
}

/** The loop is about to wait: the time until the next change is nobody's. */
static inline void owner_asleep(void)
{
    owner_beat(0);
    atomic_store_explicit(&owner_ledger_self->since, 0, memory_order_relaxed);
}

/** The loop has events. Callbacks of libuv may have run since the wait. */
static inline void owner_awake(void)
{
    owner_beat(1);
}

/** A callback of `plugin` begins. */
static inline void owner_account_call(uint32_t plugin)
{
    owner_add(&owner_account(plugin)->calls, 1);
}

/** The plugin that runs has had the answer to a statement, `us` microseconds after asking. */
static inline void owner_account_query(uint64_t us)
{
    uint32_t plugin = atomic_load_explicit(&owner_slot_self->plugin, memory_order_relaxed);
    struct owner_account *account = owner_account(plugin);
    owner_add(&account->queries, 1);
    owner_add(&account->query_us, us);
}

/** `plugin` has answered with a status of 500 or above, or a task of it has failed. */
static inline void owner_account_error(uint32_t plugin)
{
    owner_add(&owner_account(plugin)->errors, 1);
}

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
    if (atomic_load_explicit(&slot->plugin, memory_order_relaxed) != owner->plugin)
        owner_charge();
    atomic_store_explicit(&slot->plugin, owner->plugin, memory_order_relaxed);
    atomic_store_explicit(&slot->generation, owner->generation, memory_order_relaxed);
    atomic_store_explicit(&slot->callback, owner->callback, memory_order_relaxed);
    atomic_store_explicit(&slot->request, owner->request, memory_order_relaxed);
}
