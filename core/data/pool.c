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

static void on_changed(struct lane *lane)
{
    struct pool_slot *slot = CONTAINER_OF(lane, struct pool_slot, lane);
    if (slot->use == POOL_DRAINING && lane_is_idle(lane))
        slot->use = POOL_FREE;
    pass_on(slot);
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
    slot->use = lane_is_idle(&slot->lane) ? POOL_FREE : POOL_DRAINING;
    pass_on(slot);
}

void pool_refuse(struct pool *pool)
{
    struct list_node *node;
    while ((node = list_pop(&pool->waiters)))
        fiber_resume(&LIST_ITEM(node, struct waiter, node)->wait, DAIS_E_UNAVAILABLE);
}

void pool_tick(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->count; i++)
        lane_tick(&pool->slots[i].lane);
}
