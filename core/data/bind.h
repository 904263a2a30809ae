/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Parameters in the shape that libpq takes. Lives on the stack of the fiber for one call: texts and
 * numbers are copied with the NUL that libpq needs, into the struct itself or, when they are long,
 * into one block of the heap; bytes are borrowed.
 */
#include "data/statement.h"

#define BIND_SCRATCH_BYTES 2048u

/** Parameters of one call. About 2.6 KB. */
struct bind {
    uint32_t count;
    uint64_t bytes; /**< of all values, to bound what is on its way */
    char *heap;     /**< the long block, or NULL */
    const char *values[STATEMENT_PARAMS_MAX];
    int lengths[STATEMENT_PARAMS_MAX];
    int formats[STATEMENT_PARAMS_MAX];
    char scratch[BIND_SCRATCH_BYTES];
};

/**
 * Readies `count` values. DAIS_E_INVALID for an unknown kind, a text with a NUL inside and more
 * than STATEMENT_PARAMS_MAX values; DAIS_E_TOO_LARGE past limit `db_queue_bytes`; DAIS_E_MEMORY.
 * On success the caller ends with bind_fini.
 */
DAIS_CHECK_RESULT int32_t bind_init(struct bind *bind, const struct dais_param *params,
                                    uint32_t count);

/** Frees the long block. */
void bind_fini(struct bind *bind);
