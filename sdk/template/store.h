/* SPDX-License-Identifier: MIT */
#pragma once
/* The table and its statements; no other file has SQL. */
#include "dais/db.h"

/** A row of the table; ids are uuids as text. */
struct store_cheer {
    struct dais_str id;
    struct dais_str room_id;
    struct dais_str user_id;
    struct dais_str word;
};

extern const struct dais_statement store_statements[];

/** [fiber] [suspends] Stores a cheer; it is committed when this returns. */
DAIS_CHECK_RESULT int32_t store_add(const struct store_cheer *cheer);
