/* SPDX-License-Identifier: MIT */
#include "store.h"

enum { ADD };

const struct dais_statement store_statements[] = {
    [ADD] = {"add",
             "INSERT INTO template.cheers (id, room_id, user_id, word)"
             " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
             DAIS_LANE_BATCH, 4, DAIS_STATEMENT_IDEMPOTENT, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

int32_t store_add(const struct store_cheer *cheer)
{
    const struct dais_param params[] = {dais_text(cheer->id), dais_text(cheer->room_id),
                                        dais_text(cheer->user_id), dais_text(cheer->word)};
    return dais_db->query(&store_statements[ADD], params, 4, NULL);
}
