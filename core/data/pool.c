/* SPDX-License-Identifier: MIT */
#include "data/pool.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/metrics.h"

/* A fiber that waits for a connection. */
struct waiter {
    struct list_node node;
    struct fiber_wait wait;
    struct pool_slot *slot;
};

static bool is_usable(const struct pool_slot *slot)
{
    return slot->use == POOL_FREE && lane_is_ready(&slot->lane);
}

/* Hands a connection that became free to the fiber that waits longest. */
static void pass_on(struct pool_slot *slot)
{
    struct list_node *node = is_usable(slot) ? list_pop(&slot->pool->waiters) : NULL;
    if (!node)
        return;
    struct waiter *waiter = LIST_ITEM(node, struct waiter, node);
    slot->use = POOL_LENT;
    waiter->slot = slot;
    fiber_resume(&waiter->wait, DAIS_OK);
}

/* A transaction is still open although all was answered: what should have ended it was cancelled.
 */
static bool is_in_transaction(const struct pool_slot *slot)
{
    if (!lane_is_ready(&slot->lane))
        return false;
    PGTransactionStatusType status = PQtransactionStatus(slot->lane.conn.pg);
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

static bool is_drained(const struct pool_slot *slot)
{
    return slot->use == POOL_DRAINING && lane_is_idle(&slot->lane) && !slot->is_cancelling;
}

static void settle(struct pool_slot *slot)
{
    /* One that is in a transaction is ended at the end of the turn. */
    if (is_drained(slot) && !is_in_transaction(slot))
        slot->use = POOL_FREE;
    pass_on(slot);
}

static void on_changed(struct lane *lane)
{
    settle(CONTAINER_OF(lane, struct pool_slot, lane));
}

static void on_cancelled(struct cancel *cancel)
{
    struct pool_slot *slot = CONTAINER_OF(cancel, struct pool_slot, cancel);
    slot->is_cancelling = false;
    settle(slot);
}

int32_t pool_init(struct pool *pool, const struct conn_options *options)
{
    *pool = (struct pool){0};
    list_init(&pool->waiters);
    uint32_t count = (uint32_t)limit_get(LIMIT_DB_POOL);
    pool->slots = mem_zalloc(count, sizeof *pool->slots);
    int32_t code = pool->slots ? DAIS_OK : DAIS_E_MEMORY;
    for (uint32_t i = 0; i < count && code == DAIS_OK; i++) {
        struct pool_slot *slot = &pool->slots[i];
        slot->pool = pool;
        code = lane_init(&slot->lane, LANE_EXCLUSIVE, options);
        slot->lane.changed = on_changed;
        pool->count += code == DAIS_OK;
    }
    if (code != DAIS_OK)
        pool_fini(pool);
    return code;
}

void pool_fini(struct pool *pool)
{
    pool_refuse(pool);
    for (uint32_t i = 0; i < pool->count; i++)
        lane_fini(&pool->slots[i].lane);
    mem_free(pool->slots);
    *pool = (struct pool){0};
    list_init(&pool->waiters);
}

static struct pool_slot *find_usable(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->count; i++) {
        if (is_usable(&pool->slots[i]))
            return &pool->slots[i];
    }
    return NULL;
}

/* One connection more, if all that were opened are busy. */
static void open_one(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->count; i++) {
        if (pool->slots[i].lane.conn.state == CONN_CLOSED) {
            conn_open(&pool->slots[i].lane.conn);
            return;
        }
    }
}

static int32_t wait_in_line(struct pool *pool, uint64_t timeout_ms, struct pool_slot **ret_slot)
{
    struct waiter waiter = {0};
    if (pool->waiting >= (uint32_t)limit_get(LIMIT_DB_POOL_QUEUE))
        return DAIS_E_LIMIT;
    fiber_wait_init(&waiter.wait);
    list_push(&pool->waiters, &waiter.node);
    pool->waiting++;
    data_metric_add(DATA_METRIC_POOL_WAITING, 1);
    int32_t code = fiber_suspend(&waiter.wait, timeout_ms);
    list_remove(&waiter.node);
    pool->waiting--;
    data_metric_add(DATA_METRIC_POOL_WAITING, -1);
    if (code != DAIS_OK)
        return code;
    CHECK(waiter.slot && waiter.slot->use == POOL_LENT);
    *ret_slot = waiter.slot;
    return DAIS_OK;
}

int32_t pool_take(struct pool *pool, uint64_t timeout_ms, struct pool_slot **ret_slot)
{
    struct pool_slot *slot = list_is_empty(&pool->waiters) ? find_usable(pool) : NULL;
    if (!slot) {
        open_one(pool);
        return wait_in_line(pool, timeout_ms, ret_slot);
    }
    slot->use = POOL_LENT;
    *ret_slot = slot;
    return DAIS_OK;
}

void pool_give(struct pool_slot *slot)
{
    CHECK(slot->use == POOL_LENT);
    lane_tick(&slot->lane);
    slot->use = POOL_DRAINING;
    /* What cannot be cancelled ends by its own time limit. */
    if (lane_is_ready(&slot->lane) && lane_is_abandoned(&slot->lane))
        slot->is_cancelling = cancel_start(&slot->cancel, slot->lane.conn.pg, on_cancelled) ==
                              DAIS_OK;
    settle(slot);
}

void pool_refuse(struct pool *pool)
{
    struct list_node *node;
    while ((node = list_pop(&pool->waiters)))
        fiber_resume(&LIST_ITEM(node, struct waiter, node)->wait, DAIS_E_UNAVAILABLE);
}

void pool_tick(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->count; i++) {
        struct pool_slot *slot = &pool->slots[i];
        lane_tick(&slot->lane);
        if (is_drained(slot) && is_in_transaction(slot))
            conn_lose(&slot->lane.conn);
    }
}
