/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a fiber owns in the database: its answers and its open transactions. The first of them makes
 * the fiber's `struct rows_scope`, and all that is left is freed when the fiber ends.
 */
#include "base/list.h"
#include "dais/db.h"

#include <libpq-fe.h>

/** Of one fiber. */
struct rows_scope {
    struct list rows;
    struct list transactions; /**< of struct dais_tx, by `node` */
};

/** The running fiber's scope, made when there is none; NULL without memory. [fiber] */
struct rows_scope *rows_scope(void);

/**
 * Makes the rows of an answer, which they own from then on; also on failure it is cleared.
 * DAIS_E_MEMORY. [fiber]
 */
DAIS_CHECK_RESULT int32_t rows_new(PGresult *result, struct dais_rows **ret_rows);
