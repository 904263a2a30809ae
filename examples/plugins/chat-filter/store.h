/* SPDX-License-Identifier: MIT */
#pragma once
/* The table and its statements. */
#include "dais/db.h"

enum { STORE_COUNT, STORE_GET };

extern const struct dais_statement store_statements[];

/** [fiber] [suspends] Counts a message of a room in `tx`. */
DAIS_CHECK_RESULT int32_t store_count(struct dais_tx *tx, struct dais_str room_id);
