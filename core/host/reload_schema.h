/* SPDX-License-Identifier: MIT */
#pragma once
/* The schema of a generation that is about to serve. */
#include "dais/error.h"

struct generation;
struct host;

/**
 * Runs the migrations that `next` has and the database hasn't. Where they are those of `before`
 * (or NULL), which serves, the database is not asked. An error after generation_fail.
 * [main thread, waits for worker 0]
 */
DAIS_CHECK_RESULT int32_t reload_schema(struct host *host, struct generation *next,
                                        const struct generation *before);
