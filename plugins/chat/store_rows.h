/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the store's files share: how a message is read from the tables, how a statement is run, and
 * how times are written. Only store*.c include it.
 */
#include "store.h"

extern const struct dais_statement store_page_statements[];
extern const struct dais_statement store_change_statements[];
extern const struct dais_statement store_live_statements[];
extern const struct dais_statement store_purge_statements[];

/** Ids before and behind all others. */
#define STORE_ID_MIN "'00000000-0000-0000-0000-000000000000'::uuid"
#define STORE_ID_MAX "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid"

/** A time as answers write it: RFC 3339, UTC, milliseconds. */
#define STORE_TIME(column)                                                                         \
    "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
/** A time as Unix milliseconds. */
#define STORE_MS(column) "(extract(epoch FROM " column ") * 1000)::bigint"

/** A bar in force of `user` in `room`. */
#define STORE_BARRED(room, user)                                                                   \
    "EXISTS (SELECT FROM chat.bars b WHERE b.room_id = " room " AND b.user_id = " user             \
    " AND (b.until IS NULL OR b.until > now()))"

/** Whether message `m` is neither deleted nor cleared with its room `r`. */
#define STORE_KEPT "m.deleted_at IS NULL AND m.id > coalesce(r.cleared_through, " STORE_ID_MIN ")"
/** …and is there: not of an account that is gone, which `u` would be. */
#define STORE_THERE STORE_KEPT " AND (m.author_id IS NULL OR u.id IS NOT NULL)"

#define STORE_REACTIONS                                                                            \
    "(SELECT json_agg(json_build_object('emoji', c.emoji, 'count', c.count) "                      \
    "ORDER BY c.first_at, c.emoji) FROM chat.reaction_counts c "                                   \
    "WHERE c.message_id = m.id AND c.count > 0)"
/** What store_message_take reads, over the rows that STORE_MESSAGE_JOINS gives names. */
#define STORE_MESSAGE_COLUMNS                                                                      \
    "m.id, m.room_id, m.author_id, u.name, nullif(u.avatar_url, ''), u.uid, m.type, m.text, "      \
    "m.client_id, q.id, q.author_id, qu.name, left(q.text, 100), "                                 \
    "array_to_json(m.mentions), " STORE_REACTIONS                                                  \
    ", m.data, " STORE_TIME("m.edited_at") ", (m.pinned_at IS NOT NULL)::int, m.is_released::int"
#define STORE_REPLY_JOINS                                                                          \
    " LEFT JOIN chat.messages q ON q.id = m.reply_to AND q.deleted_at IS NULL "                    \
    "AND q.id > coalesce(r.cleared_through, " STORE_ID_MIN ") "                                    \
    "LEFT JOIN auth.users_public qu ON qu.id = q.author_id"
/** Behind rows `m`: the room r, the author u, the message q it answers and that one's author. */
#define STORE_MESSAGE_JOINS                                                                        \
    " JOIN chat.rooms r ON r.id = m.room_id "                                                      \
    "LEFT JOIN auth.users_public u ON u.id = m.author_id" STORE_REPLY_JOINS

/** [fiber] [suspends] Runs a statement with all of its parameters, in `tx` or alone. */
DAIS_CHECK_RESULT int32_t store_run(struct dais_tx *tx, const struct dais_statement *statement,
                                    const struct dais_param *params, struct dais_rows **ret_rows);

/** [fiber] [suspends] As store_run; DAIS_E_NOT_FOUND without a row. */
DAIS_CHECK_RESULT int32_t store_find(struct dais_tx *tx, const struct dais_statement *statement,
                                     const struct dais_param *params, struct dais_rows **ret_rows);

/** [fiber] [suspends] As store_run, and how many rows were touched. */
DAIS_CHECK_RESULT int32_t store_touch(struct dais_tx *tx, const struct dais_statement *statement,
                                      const struct dais_param *params, uint64_t *ret_count);

/** [fiber] [suspends] Runs a statement that answers one message. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_message_find(struct dais_tx *tx,
                                             const struct dais_statement *statement,
                                             const struct dais_param *params,
                                             struct store_message *ret_message);

/** [fiber] Reads the columns of STORE_MESSAGE_COLUMNS. DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t store_message_take(const struct dais_rows *rows, uint32_t row,
                                             struct store_message *ret_message);

/** [fiber] All rows as messages, in the fiber's arena. */
DAIS_CHECK_RESULT int32_t store_list_take(const struct dais_rows *rows,
                                          struct store_list *ret_list);

/** [fiber] The first column of all rows, in the fiber's arena. */
DAIS_CHECK_RESULT int32_t store_ids_take(const struct dais_rows *rows, struct store_ids *ret_ids);

/** [fiber] `count` ids as an array of SQL: {a,b}; absent when there are none. DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t store_array(const struct dais_str *ids, uint32_t count,
                                      struct dais_str *ret_array);

/** [fiber] `count` ids as JSON: ["a","b"]. DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t store_json_list(const struct dais_str *ids, uint32_t count,
                                          struct dais_str *ret_json);
