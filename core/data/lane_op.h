/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What is under way on a lane: private to lane.c, which sends, and lane_receive.c, which takes the
 * answers. Each thing that libpq answers has one place in the ring, in the order of sending.
 */
#include "data/lane.h"

enum lane_op_kind { LANE_OP_STATEMENT, LANE_OP_TEXT, LANE_OP_PREPARE, LANE_OP_SYNC };

/** One answer that is due. */
struct lane_op {
    struct lane_call *call; /* NULL: nobody waits (any more) */
    enum lane_op_kind kind;
    uint32_t statement; /* its index */
    uint32_t plan;
    uint64_t bytes;
};

/** Bytes of the longest name, "s4294967295_65535", with its NUL. */
#define LANE_NAME_BYTES 20u

/** A statement on this connection. Its name carries the plan and how often it was prepared: a stale
 * one gets a new name. */
struct lane_prepared {
    uint32_t plan; /* 0: none yet */
    uint16_t generation;
    bool done;
    char name[LANE_NAME_BYTES];
};

/** The place of a position. */
static inline struct lane_op *lane_op_at(const struct lane *lane, uint32_t position)
{
    return &lane->ops[position & lane->mask];
}

/** What an operation prepared or used has to be prepared again. */
static inline void lane_forget_prepared(struct lane *lane, const struct lane_op *op)
{
    /* Unless another statement has its place meanwhile. */
    if (lane->prepared[op->statement].plan == op->plan)
        lane->prepared[op->statement].done = false;
}

/** Takes the answers that have arrived. [worker] */
void lane_receive(struct lane *lane);
