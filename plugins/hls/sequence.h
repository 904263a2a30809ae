/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The discontinuity sequence over restarts of the server.
 *
 * A player that goes on after a restart must not see EXT-X-DISCONTINUITY-SEQUENCE go back, or it
 * takes the new timeline for one that it knows. The clock is no source: hls.js 1.7 walks an array
 * of that length and hangs. So a file of the plugin's data folder holds a number above all that
 * were ever used; it is read once in the life of the server and written ahead, in blocks. What was
 * read stands on a board: newer code of the plugin counts from the same base. Each generation
 * writes ahead for its own streams; the number in the file never falls.
 *
 * Life: sequence_open in `start`; then sequence_base and sequence_use on any worker.
 */
#include <stdint.h>

#include "dais/error.h"
#include "dais/types.h"

/** So many numbers are reserved ahead. */
#define SEQUENCE_BLOCK 32u

/**
 * [fiber] [suspends] Takes the base from the board, or from the file in `folder`, whose path is
 * copied. DAIS_E_INTERNAL: it cannot be written.
 */
int32_t sequence_open(struct dais_str folder) DAIS_CHECK_RESULT;

/** [any] What streams add to their count of discontinuities; 0 before sequence_open. */
uint64_t sequence_base(void);

/** [worker] A stream has so many discontinuities; more are reserved before they are used up. */
void sequence_use(uint64_t count);
