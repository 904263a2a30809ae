/* SPDX-License-Identifier: MIT */
#include "dais/mem.h"
#include "store_rows.h"

/* Behind an UPDATE of chat.messages m that knows the room r. */
#define GIVE " RETURNING m.*) SELECT " STORE_MESSAGE_COLUMNS " FROM changed m" STORE_MESSAGE_JOINS

#define REACTOR_BARRED STORE_BARRED("m.room_id", "$2::uuid")

enum { EDIT, BARRED, REMOVE, REMOVE_OF, LOCK_ROOM, PIN, REACT, UNREACT, REACTED };

const struct dais_statement store_change_statements[] = {
    [EDIT] = {"edit",
              "WITH changed AS (UPDATE chat.messages m SET text = $3::text, edited_at = now() "
              "FROM chat.rooms r WHERE m.id = $1::uuid AND m.author_id = $2::uuid "
              "AND r.id = m.room_id AND " STORE_KEPT
              " AND NOT " STORE_BARRED("m.room_id", "$2::uuid") GIVE,
              DAIS_LANE_POOL, 3, DAIS_STATEMENT_IDEMPOTENT, 0},
    [BARRED] = {"barred",
                "SELECT 1 FROM chat.messages m JOIN chat.rooms r ON r.id = m.room_id "
                "WHERE m.id = $1::uuid AND m.author_id = $2::uuid AND " STORE_KEPT
                " AND " STORE_BARRED("m.room_id", "$2::uuid"),
                DAIS_LANE_READ, 2, DAIS_STATEMENT_IDEMPOTENT, 0},
    [REMOVE] = {"remove",
                "UPDATE chat.messages m SET deleted_at = now(), deleted_by = $2::uuid, "
                "pinned_at = NULL FROM chat.rooms r "
                "WHERE m.id = $1::uuid AND r.id = m.room_id AND " STORE_KEPT,
                DAIS_LANE_POOL, 2, 0, 0},
    /* The bound inside is STORE_REMOVE_BITE. What the account wrote is found by the index that
     * begins with it; coalesce keeps the plan from walking all that the room holds instead. */
    [REMOVE_OF] = {"remove_of",
                   "WITH bite AS (SELECT m.id FROM chat.messages m "
                   "JOIN chat.rooms r ON r.id = m.room_id "
                   "WHERE m.author_id = $2::uuid AND m.room_id = $1::uuid "
                   "AND m.id >= coalesce($3::uuid, " STORE_ID_MIN ") "
                   "AND m.id <= coalesce($4::uuid, " STORE_ID_MAX ") "
                   "AND m.id > coalesce(r.cleared_through, " STORE_ID_MIN ") "
                   "AND coalesce(m.deleted_at, 'infinity') = 'infinity' "
                   "LIMIT 500 FOR UPDATE OF m) "
                   "UPDATE chat.messages m SET deleted_at = now(), deleted_by = $5::uuid, "
                   "pinned_at = NULL FROM bite b WHERE m.id = b.id RETURNING m.id",
                   DAIS_LANE_POOL, 5, 0, 0},
    [LOCK_ROOM] = {"lock_room",
                   "SELECT 1 FROM chat.rooms r WHERE r.id = (SELECT m.room_id "
                   "FROM chat.messages m WHERE m.id = $1::uuid) FOR NO KEY UPDATE",
                   DAIS_LANE_POOL, 1, 0, 0},
    [PIN] = {"pin",
             "WITH changed AS (UPDATE chat.messages m "
             "SET pinned_at = CASE WHEN $2::int = 1 THEN clock_timestamp() END "
             "FROM chat.rooms r WHERE m.id = $1::uuid AND r.id = m.room_id AND " STORE_KEPT
             " AND m.is_released AND (m.pinned_at IS NULL) = ($2::int = 1) "
             "AND ($2::int = 0 OR (SELECT count(*) FROM chat.messages p "
             "WHERE p.room_id = m.room_id AND p.pinned_at IS NOT NULL "
             "AND p.id > coalesce(r.cleared_through, " STORE_ID_MIN ")) < $3::bigint)" GIVE,
             DAIS_LANE_POOL, 3, 0, 0},
    [REACT] = {"react",
               "WITH there AS (SELECT m.id FROM chat.messages m "
               "JOIN chat.rooms r ON r.id = m.room_id "
               "WHERE m.id = $1::uuid AND m.is_released AND " STORE_KEPT " AND NOT " REACTOR_BARRED
               "), "
               "added AS (INSERT INTO chat.reactions (message_id, emoji, user_id) "
               "SELECT t.id, $3::text, $2::uuid FROM there t "
               "WHERE (SELECT count(*) FROM chat.reaction_counts c WHERE c.message_id = $1::uuid "
               "AND c.count > 0 AND c.emoji <> $3::text) < $4::bigint "
               "ON CONFLICT DO NOTHING RETURNING message_id, emoji) "
               "INSERT INTO chat.reaction_counts AS c (message_id, emoji, count) "
               "SELECT a.message_id, a.emoji, 1 FROM added a "
               "ON CONFLICT (message_id, emoji) DO UPDATE SET count = c.count + 1, "
               "first_at = CASE WHEN c.count = 0 THEN now() ELSE c.first_at END",
               DAIS_LANE_POOL, 4, 0, 0},
    [UNREACT] = {"unreact",
                 "WITH gone AS (DELETE FROM chat.reactions x USING chat.messages m, chat.rooms r "
                 "WHERE x.message_id = $1::uuid AND x.user_id = $2::uuid AND x.emoji = $3::text "
                 "AND m.id = x.message_id AND r.id = m.room_id AND m.is_released "
                 "AND " STORE_KEPT " AND NOT " REACTOR_BARRED " RETURNING x.message_id, x.emoji) "
                 "UPDATE chat.reaction_counts c SET count = c.count - 1 FROM gone g "
                 "WHERE c.message_id = g.message_id AND c.emoji = g.emoji",
                 DAIS_LANE_POOL, 3, 0, 0},
    [REACTED] = {"reacted",
                 "SELECT EXISTS (SELECT FROM chat.reactions x WHERE x.message_id = $1::uuid "
                 "AND x.emoji = $3::text AND x.user_id = $2::uuid)::int, " REACTOR_BARRED
                 "::int FROM chat.messages m WHERE m.id = $1::uuid",
                 DAIS_LANE_READ, 3, DAIS_STATEMENT_IDEMPOTENT, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

int32_t store_edit(struct dais_tx *tx, struct dais_str id, struct dais_str author_id,
                   struct dais_str text, struct store_message *ret_message)
{
    const struct dais_param params[] = {dais_text(id), dais_text(author_id), dais_text(text)};
    struct dais_rows *rows = NULL;
    int32_t error = store_message_find(tx, &store_change_statements[EDIT], params, ret_message);
    if (error != DAIS_E_NOT_FOUND)
        return error;
    error = store_find(tx, &store_change_statements[BARRED], params, &rows);
    return error ? error : DAIS_E_DENIED;
}

int32_t store_remove(struct dais_tx *tx, struct dais_str id, struct dais_str by)
{
    const struct dais_param params[] = {dais_text(id), dais_text(by)};
    uint64_t count = 0;
    int32_t error = store_touch(tx, &store_change_statements[REMOVE], params, &count);
    if (error)
        return error;
    return count == 0 ? DAIS_E_NOT_FOUND : DAIS_OK;
}

static void newest_note(const struct dais_rows *rows, char *newest)
{
    for (uint32_t i = 0; i < dais_db->rows_count(rows); i++) {
        struct dais_str id = dais_db->cell(rows, i, 0);
        if (memcmp(id.ptr, newest, DAIS_UUID_BYTES - 1) > 0)
            memcpy(newest, id.ptr, DAIS_UUID_BYTES - 1);
    }
}

/** One bite; `*ret_count` is 0 when there was nothing left. */
static int32_t remove_bite(const struct dais_param *params, struct store_removed *removed,
                           uint32_t *ret_count)
{
    struct dais_rows *rows = NULL;
    int32_t error = store_run(NULL, &store_change_statements[REMOVE_OF], params, &rows);
    if (error)
        return error;
    newest_note(rows, removed->newest);
    *ret_count = dais_db->rows_count(rows);
    int is_first = removed->count == 0;
    removed->count += *ret_count;
    if (is_first)
        return store_ids_take(rows, &removed->first); /* views of the rows, which stay */
    dais_db->rows_free(rows);
    return DAIS_OK;
}

int32_t store_remove_of(const struct store_wrote *wrote, struct dais_str by,
                        struct store_removed *ret_removed)
{
    const struct dais_param params[] = {dais_text(wrote->room_id), dais_text(wrote->author_id),
                                        dais_text(wrote->from), dais_text(wrote->through),
                                        dais_text(by)};
    int32_t error = DAIS_OK;
    *ret_removed = (struct store_removed){.count = 0};
    for (uint32_t count = 1; !error && count > 0;) {
        if (ret_removed->count >= STORE_REMOVE_MAX)
            return DAIS_E_UNAVAILABLE;
        error = remove_bite(params, ret_removed, &count);
    }
    return error;
}

/** Why PIN has changed nothing: DAIS_OK when it is so already. */
static int32_t pin_why(struct dais_tx *tx, struct dais_str id, uint8_t pinned,
                       struct store_message *ret_message)
{
    int32_t error = store_get(tx, id, ret_message);
    if (error || ret_message->is_pinned == pinned)
        return error;
    return ret_message->is_released ? STORE_FULL : DAIS_E_CONFLICT;
}

static int32_t pin_in(struct dais_tx *tx, struct dais_str id, uint8_t pinned,
                      struct store_message *ret_message, uint8_t *ret_changed)
{
    const struct dais_param params[] = {dais_text(id), dais_int(pinned), dais_int(STORE_PINS_MAX)};
    struct dais_rows *rows = NULL;
    struct store_message message;
    int32_t error = store_find(tx, &store_change_statements[LOCK_ROOM], params, &rows);
    if (!error)
        error = store_message_find(tx, &store_change_statements[PIN], params, &message);
    else
        return error;
    uint8_t changed = !error;
    if (error == DAIS_E_NOT_FOUND)
        error = pin_why(tx, id, pinned, &message);
    if (error)
        return error;
    *ret_message = message;
    *ret_changed = changed;
    return DAIS_OK;
}

int32_t store_pin(struct dais_tx *tx, struct dais_str id, uint8_t pinned,
                  struct store_message *ret_message, uint8_t *ret_changed)
{
    struct dais_tx *own = NULL;
    pinned = pinned != 0;
    if (tx)
        return pin_in(tx, id, pinned, ret_message, ret_changed);
    int32_t error = dais_db->begin(&own);
    if (!error)
        error = pin_in(own, id, pinned, ret_message, ret_changed);
    if (!error)
        return dais_db->commit(own);
    if (own)
        dais_db->rollback(own);
    return error;
}

/** Why a reaction has changed nothing: DAIS_OK when it is so already. */
static int32_t react_why(const struct store_reaction *reaction, const struct dais_param *params)
{
    struct dais_rows *rows = NULL;
    int32_t error = store_find(NULL, &store_change_statements[REACTED], params, &rows);
    if (error)
        return error;
    if (dais_db->cell_int(rows, 0, 1))
        return DAIS_E_DENIED;
    int is_there = dais_db->cell_int(rows, 0, 0) != 0;
    return is_there || !reaction->value ? DAIS_OK : STORE_FULL;
}

int32_t store_react(const struct store_reaction *reaction, struct store_message *ret_message,
                    uint8_t *ret_changed)
{
    const struct dais_param params[] = {dais_text(reaction->message_id),
                                        dais_text(reaction->user_id), dais_text(reaction->emoji),
                                        dais_int(STORE_REACTION_KINDS_MAX)};
    uint32_t statement = reaction->value ? REACT : UNREACT;
    struct store_message message;
    uint64_t count = 0;
    int32_t error = store_touch(NULL, &store_change_statements[statement], params, &count);
    if (!error)
        error = store_get(NULL, reaction->message_id, &message);
    if (!error && !message.is_released)
        error = DAIS_E_NOT_FOUND;
    if (!error && count == 0)
        error = react_why(reaction, params);
    if (error)
        return error;
    *ret_message = message;
    *ret_changed = count > 0;
    return DAIS_OK;
}
