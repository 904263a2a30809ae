/* SPDX-License-Identifier: MIT */
#include "base/owner.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#define NS_PER_MS 1000000u
/* No processor counts slower: what lasted that many ticks is looked at more closely. */
#define TICKS_PER_MS_MIN 1000u

static _Thread_local struct owner_slot own_slot;

/* A thread-local pointer can't start as the address of another one, so threads that were never
 * given a slot share this one, whose marks nobody reads for attribution. */
static struct owner_slot nobody;

_Thread_local struct owner_slot *owner_slot_self = &nobody;

/* The same for accounts. */
static struct owner_ledger no_ledger = {.stall_ticks = UINT64_MAX};

_Thread_local struct owner_ledger *owner_ledger_self = &no_ledger;

static struct owner_ledger ledgers[OWNER_LEDGERS_MAX];

/* Two clocks at the same moment: how fast the ticks are follows from what both say later. */
static struct {
    _Atomic uint64_t ticks;
    _Atomic uint64_t ns;
} origin;

void owner_slot_use(struct owner_slot *slot)
{
    struct owner owner = owner_get();
    owner_slot_self = slot ? slot : &own_slot;
    atomic_store(&owner_slot_self->thread, (uint32_t)gettid());
    owner_set(&owner);
}

static void note_origin(void)
{
    if (atomic_load(&origin.ns) > 0)
        return;
    atomic_store(&origin.ticks, owner_ticks());
    atomic_store(&origin.ns, clock_ns());
}

static double ticks_per_ns(void)
{
    double ticks = (double)(owner_ticks() - atomic_load(&origin.ticks));
    double ns = (double)(clock_ns() - atomic_load(&origin.ns));
    return ns > 0 && ticks > 0 ? ticks / ns : 1.0;
}

void owner_ledger_use(uint32_t index, enum owner_thread kind)
{
    CHECK(index < OWNER_LEDGERS_MAX);
    uint64_t stall_ms = (uint64_t)limit_get(LIMIT_STALL_WARN_MS);
    bool watched = kind == OWNER_THREAD_LOOP && stall_ms > 0;
    note_origin();
    struct owner_ledger *ledger = &ledgers[index];
    ledger->kind = kind;
    ledger->since = owner_ticks();
    ledger->stall_ticks = watched ? stall_ms * TICKS_PER_MS_MIN : UINT64_MAX;
    atomic_store_explicit(&ledger->taken, 1, memory_order_release);
    owner_ledger_self = ledger;
}

void owner_stalled(uint64_t since, uint64_t ticks)
{
    struct owner owner = owner_get();
    struct owner_account *account = owner_account(owner.plugin);
    if (since == 0 || (int64_t)ticks < 0) /* a wait, or the counters of two processors differ */
        return;
    owner_add(&account->ticks, ticks);
    uint64_t warn_ms = (uint64_t)limit_get(LIMIT_STALL_WARN_MS);
    double rate = ticks_per_ns();
    uint64_t ms = (uint64_t)((double)ticks / rate) / NS_PER_MS;
    owner_ledger_self->stall_ticks = (uint64_t)((double)warn_ms * NS_PER_MS * rate);
    if (ms < warn_ms)
        return;
    owner_add(&account->stalls, 1);
    LOG_WARN("the loop was kept waiting", log_uint("ms", ms),
             log_text("callback", owner_callback_name(&owner)));
}

static void add_totals(struct owner_totals *sum, const struct owner_ledger *ledger, uint32_t plugin,
                       double ticks_per_second)
{
#define READ(field) atomic_load_explicit(&account->field, memory_order_relaxed)
    const struct owner_account *account = &ledger->accounts[plugin];
    sum->cpu_seconds += (double)READ(cpu_ns) / 1e9;
    if (ledger->kind == OWNER_THREAD_LOOP)
        sum->cpu_seconds += (double)READ(ticks) / ticks_per_second;
    sum->calls += READ(calls);
    sum->stalls += READ(stalls);
    sum->queries += READ(queries);
    sum->query_seconds += (double)READ(query_us) / 1e6;
    sum->errors += READ(errors);
#undef READ
}

struct owner_totals owner_totals(uint32_t plugin)
{
    struct owner_totals sum = {0};
    double ticks_per_second = ticks_per_ns() * 1e9;
    for (uint32_t i = 0; plugin < OWNERS_MAX && i < OWNER_LEDGERS_MAX; i++) {
        if (atomic_load_explicit(&ledgers[i].taken, memory_order_acquire))
            add_totals(&sum, &ledgers[i], plugin, ticks_per_second);
    }
    return sum;
}
