/* SPDX-License-Identifier: MIT */
#include "data/lane.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/lane_op.h"
#include "data/metrics.h"

#include <stdio.h>
#include <string.h>

#define GENERATIONS_MAX UINT16_MAX
/* Places of the ring that one statement takes at most: the end of the one before it on its place,
 * its preparation, itself, its sync. */
#define PLACES_MAX 4u
/* Statements from which on a batch does not wait for the commit of the one before it. */
#define BATCH_STATEMENTS 64u

/* A fiber that waits for the connection. */
struct hope {
    struct list_node node;
    struct fiber_wait wait;
};

static void on_ready(struct conn *conn);
static void on_readable(struct conn *conn);
static void on_lost(struct conn *conn);

static const struct conn_events events = {on_ready, on_readable, on_lost};

static uint32_t ring_size(enum lane_kind kind)
{
    uint32_t wanted = kind == LANE_EXCLUSIVE ? 16 : 3 * (uint32_t)limit_get(LIMIT_DB_QUEUE) + 4;
    uint32_t size = 16;
    while (size < wanted)
        size *= 2;
    return size;
}

int32_t lane_init(struct lane *lane, enum lane_kind kind, const struct conn_options *options)
{
    uint32_t size = ring_size(kind);
    *lane = (struct lane){.kind = kind, .mask = size - 1};
    list_init(&lane->hopeful);
    conn_init(&lane->conn, options, &events);
    lane->ops = mem_zalloc(size, sizeof *lane->ops);
    return lane->ops ? DAIS_OK : DAIS_E_MEMORY;
}

static void reset(struct lane *lane)
{
    PQclear(lane->commit_error);
    lane->commit_error = NULL;
    lane->aborted = false;
    lane->head = lane->next = lane->synced = lane->tail;
    data_metric_add(DATA_METRIC_WAITING, -(int64_t)lane->waiting);
    lane->waiting = lane->open = 0;
    lane->bytes = 0;
}

/* The connection is gone: every call that is due ends. */
static void end_calls(struct lane *lane)
{
    for (uint32_t position = lane->head; position != lane->tail; position++) {
        struct lane_op *op = lane_op_at(lane, position);
        if (!op->call || op->kind == LANE_OP_PREPARE)
            continue;
        PQclear(op->call->result);
        op->call->result = NULL;
        bool committable = (int32_t)(position - lane->synced) < 0;
        fiber_resume(&op->call->wait, committable ? LANE_LOST : LANE_UNSENT);
    }
    reset(lane);
}

static void end_hopes(struct lane *lane, int32_t code)
{
    struct list_node *node;
    while ((node = list_pop(&lane->hopeful)))
        fiber_resume(&LIST_ITEM(node, struct hope, node)->wait, code);
}

void lane_fini(struct lane *lane)
{
    conn_close(&lane->conn);
    if (lane->ops)
        end_calls(lane);
    end_hopes(lane, DAIS_E_UNAVAILABLE);
    mem_free(lane->ops);
    mem_free(lane->prepared);
    lane->ops = NULL;
    lane->prepared = NULL;
    lane->prepared_count = 0;
}

static void on_ready(struct conn *conn)
{
    struct lane *lane = CONTAINER_OF(conn, struct lane, conn);
    CHECK(lane_is_idle(lane));
    if (lane->prepared)
        memset(lane->prepared, 0, lane->prepared_count * sizeof *lane->prepared);
    lane->timeout_ms = conn->options->statement_timeout_ms;
    end_hopes(lane, DAIS_OK);
    if (lane->changed)
        lane->changed(lane);
}

static void on_lost(struct conn *conn)
{
    struct lane *lane = CONTAINER_OF(conn, struct lane, conn);
    lane->epoch++;
    end_calls(lane);
    if (lane->changed)
        lane->changed(lane);
}

static void on_readable(struct conn *conn)
{
    lane_receive(CONTAINER_OF(conn, struct lane, conn));
}

static struct lane_op *push(struct lane *lane, enum lane_op_kind kind, struct lane_call *call)
{
    CHECK(lane->tail - lane->head <= lane->mask);
    struct lane_op *op = lane_op_at(lane, lane->tail++);
    *op = (struct lane_op){.kind = kind, .call = call};
    if (kind != LANE_OP_STATEMENT)
        return op;
    lane->waiting++;
    data_metric_add(DATA_METRIC_WAITING, 1);
    return op;
}

/* libpq takes no more: out of memory, or the connection is broken. Or the ring does not: on a lent
 * connection only when the server has not answered several statements that were given up. */
static int32_t refuse(struct lane *lane)
{
    conn_lose(&lane->conn);
    return DAIS_E_UNAVAILABLE;
}

static bool has_room(const struct lane *lane, uint32_t places)
{
    return lane->tail - lane->head + places <= lane->mask + 1;
}

/* The place of a statement, as it is on this connection; NULL without memory. */
static struct lane_prepared *place_of(struct lane *lane, const struct statement *statement)
{
    if (statement->index < lane->prepared_count)
        return &lane->prepared[statement->index];
    uint32_t count = statement_count();
    struct lane_prepared *larger = mem_resize(lane->prepared, count * sizeof *larger);
    if (!larger)
        return NULL;
    memset(larger + lane->prepared_count, 0, (count - lane->prepared_count) * sizeof *larger);
    lane->prepared = larger;
    lane->prepared_count = count;
    return &larger[statement->index];
}

/* Another statement has the place now: what was prepared there before goes. */
static int32_t take_place(struct lane *lane, const struct statement *statement,
                          struct lane_prepared *place)
{
    char sql[16 + LANE_NAME_BYTES];
    if (place->plan == statement->plan)
        return DAIS_OK;
    int32_t code = DAIS_OK;
    if (place->done) {
        snprintf(sql, sizeof sql, "DEALLOCATE %s", place->name);
        code = lane_send_text(lane, sql, NULL);
    }
    *place = (struct lane_prepared){.plan = statement->plan};
    return code;
}

static bool prepare(struct lane *lane, const struct statement *statement, struct lane_call *call)
{
    struct lane_prepared *prepared = &lane->prepared[statement->index];
    if (prepared->generation == GENERATIONS_MAX)
        return false;
    prepared->generation++;
    snprintf(prepared->name, sizeof prepared->name, "s%u_%u", statement->plan,
             (unsigned)prepared->generation);
    if (PQsendPrepare(lane->conn.pg, prepared->name, statement->row->sql, 0, NULL) != 1)
        return false;
    prepared->done = true;
    struct lane_op *op = push(lane, LANE_OP_PREPARE, call);
    op->statement = statement->index;
    op->plan = statement->plan;
    return true;
}

static void begin_call(struct lane *lane, struct lane_call *call)
{
    fiber_wait_init(&call->wait);
    call->result = NULL;
    call->end = LANE_ANSWERED;
    call->position = lane->tail;
}

static bool is_full(const struct lane *lane, const struct bind *bind)
{
    if (lane->kind == LANE_EXCLUSIVE || lane->waiting == 0)
        return false;
    return lane->tail - lane->head + PLACES_MAX > lane->mask ||
           lane->waiting >= (uint32_t)limit_get(LIMIT_DB_QUEUE) ||
           lane->bytes + bind->bytes > (uint64_t)limit_get(LIMIT_DB_QUEUE_BYTES);
}

/* Ends the group, if anything was sent since the last one ended. */
static void end_group(struct lane *lane)
{
    if (lane->tail == lane->synced || !lane_is_ready(lane))
        return;
    /* Sends what is buffered, too. */
    if (PQpipelineSync(lane->conn.pg) != 1) {
        conn_lose(&lane->conn);
        return;
    }
    push(lane, LANE_OP_SYNC, NULL);
    lane->synced = lane->tail;
    lane->open = 0;
    conn_flush(&lane->conn);
}

int32_t lane_send(struct lane *lane, const struct statement *statement, const struct bind *bind,
                  struct lane_call *call, bool alone)
{
    if (!lane_is_ready(lane))
        return DAIS_E_UNAVAILABLE;
    if (is_full(lane, bind))
        return DAIS_E_LIMIT;
    if (!has_room(lane, PLACES_MAX + 1)) /* one for the sync in front of it */
        return refuse(lane);
    if (alone)
        end_group(lane);
    /* That may have found the connection broken. */
    if (!lane_is_ready(lane))
        return DAIS_E_UNAVAILABLE;
    struct lane_prepared *prepared = place_of(lane, statement);
    int32_t code = prepared ? take_place(lane, statement, prepared) : DAIS_E_MEMORY;
    if (code != DAIS_OK)
        return code;
    begin_call(lane, call);
    if (!prepared->done && !prepare(lane, statement, call)) {
        lane_withdraw(lane, call);
        return refuse(lane);
    }
    if (PQsendQueryPrepared(lane->conn.pg, prepared->name, (int)bind->count, bind->values,
                            bind->lengths, bind->formats, 0) != 1) {
        lane_withdraw(lane, call);
        return refuse(lane);
    }
    call->position = lane->tail;
    struct lane_op *op = push(lane, LANE_OP_STATEMENT, call);
    op->statement = statement->index;
    op->plan = statement->plan;
    op->bytes = bind->bytes;
    lane->bytes += bind->bytes;
    lane->open++;
    if (alone)
        end_group(lane);
    return DAIS_OK;
}

int32_t lane_send_text(struct lane *lane, const char *sql, struct lane_call *call)
{
    if (!lane_is_ready(lane))
        return DAIS_E_UNAVAILABLE;
    if (!has_room(lane, 2)) /* its own, its sync's */
        return refuse(lane);
    if (PQsendQueryParams(lane->conn.pg, sql, 0, NULL, NULL, NULL, NULL, 0) != 1)
        return refuse(lane);
    if (call)
        begin_call(lane, call);
    push(lane, LANE_OP_TEXT, call);
    return DAIS_OK;
}

/* What is committed while a commit is under way would have to wait for it, and then for its own: it
 * is sent, and the server goes on with it, but it becomes one batch. */
static bool is_gathering(const struct lane *lane)
{
    bool committing = (int32_t)(lane->synced - lane->next) > 0;
    return lane->kind == LANE_BATCH && committing && lane->open < BATCH_STATEMENTS;
}

void lane_tick(struct lane *lane)
{
    if (lane->tail == lane->synced || !lane_is_ready(lane))
        return;
    if (is_gathering(lane))
        conn_flush(&lane->conn);
    else
        end_group(lane);
}

void lane_withdraw(struct lane *lane, struct lane_call *call)
{
    /* Its own place, and its preparation's in front of it. */
    for (uint32_t back = 0; back < 2; back++) {
        uint32_t position = call->position - back;
        bool kept = position - lane->head < lane->tail - lane->head;
        if (kept && lane_op_at(lane, position)->call == call)
            lane_op_at(lane, position)->call = NULL;
    }
    PQclear(call->result);
    call->result = NULL;
}

bool lane_is_abandoned(const struct lane *lane)
{
    for (uint32_t position = lane->next; position != lane->tail; position++) {
        const struct lane_op *op = lane_op_at(lane, position);
        if (op->kind == LANE_OP_STATEMENT && !op->call)
            return true;
    }
    return false;
}

int32_t lane_await(struct lane *lane, uint64_t timeout_ms)
{
    if (lane_is_ready(lane))
        return DAIS_OK;
    struct hope hope = {0};
    fiber_wait_init(&hope.wait);
    list_push(&lane->hopeful, &hope.node);
    int32_t code = fiber_suspend(&hope.wait, timeout_ms);
    list_remove(&hope.node);
    return code == DAIS_E_TIMEOUT ? DAIS_E_UNAVAILABLE : code;
}
