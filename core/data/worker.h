/* SPDX-License-Identifier: MIT */
#pragma once
/* The database's state on one worker: private to db.c and tx.c. */
#include "data/pool.h"
#include "data/resolve.h"
#include "data/run.h"

#define DATA_NAME_BYTES 32u

/** Of one worker. */
struct data_worker {
    struct conn_options options;
    struct resolver resolver;
    char name[DATA_NAME_BYTES]; /* application_name */
    struct lane read;
    struct lane batch;
    struct pool pool;
    bool ready; /* both lanes are up */
};

/**
 * The state of this worker when a statement may be sent now. DAIS_E_STATE outside a fiber,
 * DAIS_E_UNAVAILABLE, DAIS_E_CANCELLED. [fiber]
 */
DAIS_CHECK_RESULT int32_t data_worker_enter(struct data_worker **ret_worker);

/** Readies the run of a registered statement but its values. DAIS_E_INVALID. [fiber] */
DAIS_CHECK_RESULT int32_t data_worker_run(const struct data_worker *worker,
                                          const struct dais_statement *row, uint32_t count,
                                          struct run *ret_run);

/** Counts a run that ended with `code`. */
void data_worker_count(const struct run *run, int32_t code);
