/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The discontinuity sequence over restarts of the server.
 *
 * A player that goes on after a restart must not see EXT-X-DISCONTINUITY-SEQUENCE go back, or it
 * takes the new timeline for one that it knows. The clock is no source: hls.js 1.7 walks an array
 * of that length and hangs. So a file of the plugin's data folder holds a number above all that
 * were ever used; it is read once at the start and written ahead, in blocks.
 *
 * Life: sequence_open in `start`; then sequence_base and sequence_use on any worker, sequence_keep
 * from a timer.
 */
#include <stdint.h>

#include "dais/error.h"
#include "dais/types.h"

/** So many numbers are reserved ahead. */
#define SEQUENCE_BLOCK 32u

/**
 * [fiber] [suspends] Reads the file in `folder`, whose path is copied, and reserves a block.
 * DAIS_E_INTERNAL: it cannot be written.
 */
int32_t sequence_open(struct dais_str folder) DAIS_CHECK_RESULT;

/** [any] What streams add to their count of discontinuities; 0 before sequence_open. */
uint64_t sequence_base(void);

/** [any] A stream has so many discontinuities. */
void sequence_use(uint64_t count);

/** [fiber] [suspends] Reserves more where half of the block is used. */
void sequence_keep(void);
