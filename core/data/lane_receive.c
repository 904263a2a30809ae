/* SPDX-License-Identifier: MIT */
#include "data/lane_op.h"

#include "base/check.h"
#include "data/metrics.h"
#include "data/sqlstate.h"

static const char *state_of(const PGresult *result)
{
    return PQresultErrorField(result, PG_DIAG_SQLSTATE);
}

static void forget(struct lane *lane, struct lane_op *op)
{
    op->call = NULL;
    if (op->kind != LANE_OP_STATEMENT)
        return;
    lane->waiting--;
    lane->bytes -= op->bytes;
    data_metric_add(DATA_METRIC_WAITING, -1);
}

static void deliver(struct lane_call *call, enum lane_end end)
{
    if (end != LANE_ANSWERED) {
        PQclear(call->result);
        call->result = NULL;
    }
    fiber_resume(&call->wait, end);
}

/* Keeps an answer for its call, or drops it when nobody waits. */
static void keep(struct lane_call *call, PGresult *result)
{
    if (!call || call->result) {
        PQclear(result);
        return;
    }
    call->result = result;
    call->end = LANE_ANSWERED;
}

static void take_prepared(struct lane *lane, const struct lane_op *op, PGresult *result)
{
    if (PQresultStatus(result) == PGRES_COMMAND_OK) {
        PQclear(result);
        return;
    }
    lane->aborted = true;
    lane_forget_prepared(lane, op);
    /* The statement itself will be told as aborted, but this is why. */
    if (PQresultStatus(result) == PGRES_FATAL_ERROR)
        keep(op->call, result);
    else
        PQclear(result);
}

static void take_error(struct lane *lane, const struct lane_op *op, PGresult *result)
{
    bool ran = PQresultStatus(result) == PGRES_FATAL_ERROR;
    bool stale = ran && op->kind == LANE_OP_STATEMENT && sqlstate_is_stale(state_of(result));
    lane->aborted = true;
    if (stale)
        lane_forget_prepared(lane, op);
    if (ran && !stale) {
        keep(op->call, result);
        return;
    }
    PQclear(result);
    if (op->call && !op->call->result)
        op->call->end = LANE_AGAIN;
}

/* False: this is no answer that a statement may give; the connection is of no use any more. */
static bool take_answer(struct lane *lane, struct lane_op *op, PGresult *result)
{
    switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
        keep(op->call, result);
        break;
    case PGRES_FATAL_ERROR:
    case PGRES_PIPELINE_ABORTED:
        take_error(lane, op, result);
        break;
    default: /* COPY */
        PQclear(result);
        return false;
    }
    lane->next++;
    if (lane->kind != LANE_READ)
        return true;
    /* A read is done when it is answered; the ring may go on. */
    if (op->call)
        deliver(op->call, op->call->end);
    forget(lane, op);
    lane->head = lane->next;
    return true;
}

static uint32_t count_statements(const struct lane *lane)
{
    uint32_t count = 0;
    for (uint32_t position = lane->head; position != lane->next; position++)
        count += lane_op_at(lane, position)->kind == LANE_OP_STATEMENT;
    return count;
}

/* The sync was answered: what the group did is committed, or nothing of it is. */
static void finish_group(struct lane *lane)
{
    bool failed = lane->aborted || lane->commit_error;
    bool again = failed && lane->kind == LANE_BATCH && count_statements(lane) > 1;
    for (; lane->head != lane->next; lane->head++) {
        struct lane_op *op = lane_op_at(lane, lane->head);
        struct lane_call *call = op->call;
        if (call && op->kind != LANE_OP_PREPARE) {
            if (lane->commit_error && !again) {
                PQclear(call->result);
                call->result = lane->commit_error;
                lane->commit_error = NULL;
            }
            deliver(call, again ? LANE_AGAIN : call->end);
        }
        forget(lane, op);
    }
    lane->head = ++lane->next;
    lane->aborted = false;
    PQclear(lane->commit_error);
    lane->commit_error = NULL;
    if (lane->changed)
        lane->changed(lane);
    if (lane->kind == LANE_BATCH)
        lane_tick(lane); /* what has gathered meanwhile */
}

/* At the sync: the end of the group, or before that the error of its commit. */
static void take_sync(struct lane *lane, PGresult *result)
{
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
        PQclear(result);
        finish_group(lane);
        return;
    }
    PQclear(lane->commit_error);
    lane->commit_error = result;
}

/* The server says goodbye, or libpq has found the connection closed and made an error of it. */
static bool tells_loss(const struct lane *lane, const PGresult *result)
{
    return PQresultStatus(result) == PGRES_FATAL_ERROR &&
           (sqlstate_is_loss(state_of(result)) || PQstatus(lane->conn.pg) == CONNECTION_BAD);
}

static bool take(struct lane *lane, PGresult *result)
{
    struct lane_op *op = lane_op_at(lane, lane->next);
    if (tells_loss(lane, result)) {
        PQclear(result);
        return false;
    }
    switch (op->kind) {
    case LANE_OP_SYNC:
        take_sync(lane, result);
        return true;
    case LANE_OP_PREPARE:
        take_prepared(lane, op, result);
        lane->next++;
        if (lane->kind == LANE_READ)
            lane->head = lane->next;
        return true;
    default:
        return take_answer(lane, op, result);
    }
}

void lane_receive(struct lane *lane)
{
    /* Between two answers libpq gives one NULL, so an end is only told by the ring. */
    for (uint32_t empty = 0; empty < 2 && lane->next != lane->tail && !PQisBusy(lane->conn.pg);) {
        PGresult *result = PQgetResult(lane->conn.pg);
        if (result && !take(lane, result)) {
            conn_lose(&lane->conn);
            return;
        }
        empty = result ? 0 : empty + 1;
    }
}
