/* SPDX-License-Identifier: MIT */
#include "store_rooms.h"

#include "dais/mem.h"
#include "store_rows.h"

/* Lists travel as one text. No word holds the separator: it is a control character. */
#define SEPARATOR "\x1f"

#define SINCE STORE_TIME("m.created_at")

enum { GET, MAKE, SET, REMOVE, LOCK, APPOINT, DISMISS, LIST, STANDING };

const struct dais_statement store_rooms_statements[] = {
    [GET] = {"room_get",
             "SELECT r.id, r.version, r.cleared_through, r.is_enabled::int, r.is_delayed::int, "
             "r.is_followers_only::int, r.show_joins::int, r.delay_seconds, "
             "r.followers_min_age_seconds, r.slow_mode_seconds, r.message_max, "
             "r.edit_window_seconds, r.writers, r.links, r.blocked_word_action, "
             "array_to_string(r.blocked_words, E'" SEPARATOR "'), "
             "(SELECT string_agg(m.user_id::text, E'" SEPARATOR "' ORDER BY m.user_id) "
             "FROM chat.moderators m WHERE m.room_id = r.id) "
             "FROM chat.rooms r WHERE r.id = $1::uuid",
             DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [MAKE] = {"room_make",
              "INSERT INTO chat.rooms (id, kind, owner_id) VALUES ($1::uuid, $2, $3::uuid) "
              "ON CONFLICT DO NOTHING",
              DAIS_LANE_POOL, 3, DAIS_STATEMENT_IDEMPOTENT, 0},
    [SET] = {"room_set",
             "UPDATE chat.rooms SET version = version + 1, is_enabled = $3::int = 1, "
             "is_delayed = $4::int = 1, is_followers_only = $5::int = 1, show_joins = $6::int = 1, "
             "delay_seconds = $7, followers_min_age_seconds = $8, slow_mode_seconds = $9, "
             "message_max = $10, edit_window_seconds = $11, writers = $12, links = $13, "
             "blocked_word_action = $14, "
             "blocked_words = coalesce(string_to_array($15::text, E'" SEPARATOR "'), '{}') "
             "WHERE id = $1::uuid AND version = $2::bigint",
             DAIS_LANE_POOL, 15, 0, 0},
    [REMOVE] = {"room_remove",
                "WITH gone AS (DELETE FROM chat.rooms WHERE id = $1::uuid RETURNING id), "
                "turns AS (DELETE FROM chat.pace WHERE room_id = $1::uuid) "
                "INSERT INTO chat.gone (id, what) SELECT id, 'room' FROM gone "
                "ON CONFLICT DO NOTHING",
                DAIS_LANE_POOL, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [LOCK] = {"room_lock",
              "UPDATE chat.rooms SET version = version + 1 WHERE id = $1::uuid AND EXISTS "
              "(SELECT FROM auth.users_public u WHERE u.id = $2::uuid)",
              DAIS_LANE_POOL, 2, 0, 0},
    [APPOINT] = {"moderator_add",
                 "INSERT INTO chat.moderators (room_id, user_id, added_by) "
                 "SELECT $1::uuid, $2::uuid, $3::uuid WHERE (SELECT count(*) "
                 "FROM chat.moderators m WHERE m.room_id = $1::uuid) < $4::bigint "
                 "ON CONFLICT DO NOTHING",
                 DAIS_LANE_POOL, 4, 0, 0},
    [DISMISS] = {"moderator_remove",
                 "DELETE FROM chat.moderators WHERE room_id = $1::uuid AND user_id = $2::uuid",
                 DAIS_LANE_POOL, 2, 0, 0},
    [LIST] = {"moderators",
              "SELECT m.user_id, u.name, nullif(u.avatar_url, ''), m.added_by, " SINCE
              " FROM chat.moderators m JOIN auth.users_public u ON u.id = m.user_id "
              "WHERE m.room_id = $1::uuid ORDER BY lower(u.name), m.user_id",
              DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [STANDING] = {"standing",
                  "SELECT u.id, u.name, u.role, EXISTS (SELECT FROM chat.moderators m "
                  "WHERE m.room_id = $1::uuid AND m.user_id = u.id)::int "
                  "FROM auth.users_public u WHERE u.id = $2::uuid",
                  DAIS_LANE_READ, 2, DAIS_STATEMENT_IDEMPOTENT, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

/** The parts of a list in the fiber's arena; none for an absent or empty text. */
static int32_t list_split(struct dais_str text, struct dais_list *ret_list)
{
    uint64_t count = text.len > 0 ? 1 : 0, at = 0;
    for (uint64_t i = 0; i < text.len; i++)
        count += text.ptr[i] == SEPARATOR[0];
    struct dais_str *items = dais_mem->arena_alloc(dais_mem->arena_self(),
                                                   (count + 1) * sizeof *items);
    if (!items)
        return DAIS_E_MEMORY;
    for (uint64_t i = 0; i < count; i++) {
        const char *begin = text.ptr + at;
        const char *end = memchr(begin, SEPARATOR[0], text.len - at);
        uint64_t len = end ? (uint64_t)(end - begin) : text.len - at;
        items[i] = dais_str(begin, len);
        at += len + 1;
    }
    *ret_list = (struct dais_list){items, count};
    return DAIS_OK;
}

/** The other way; absent for none. DAIS_E_INVALID: an item holds the separator. */
static int32_t list_join(const struct dais_list *list, struct dais_str *ret_text)
{
    const struct dais_str *items = list->items;
    uint64_t bytes = 0, at = 0;
    *ret_text = dais_str(NULL, 0);
    for (uint64_t i = 0; i < list->count; i++)
        bytes += items[i].len + 1;
    char *text = dais_mem->arena_alloc(dais_mem->arena_self(), bytes + 1);
    if (!text)
        return DAIS_E_MEMORY;
    for (uint64_t i = 0; i < list->count; i++) {
        if (memchr(items[i].ptr, SEPARATOR[0], items[i].len))
            return DAIS_E_INVALID;
        memcpy(text + at, items[i].ptr, items[i].len);
        at += items[i].len;
        text[at++] = SEPARATOR[0];
    }
    if (at > 0)
        *ret_text = dais_str(text, at - 1);
    return DAIS_OK;
}

static int32_t room_take(const struct dais_rows *rows, struct store_room *ret_room)
{
    struct dais_list moderators;
    struct store_room room = {
        .id = dais_db->cell(rows, 0, 0),
        .version = dais_db->cell_int(rows, 0, 1),
        .cleared_through = dais_db->cell(rows, 0, 2),
        .settings =
            {
                .enabled = dais_db->cell_int(rows, 0, 3) != 0,
                .delayed = dais_db->cell_int(rows, 0, 4) != 0,
                .followers_only = dais_db->cell_int(rows, 0, 5) != 0,
                .show_joins = dais_db->cell_int(rows, 0, 6) != 0,
                .delay_seconds = dais_db->cell_int(rows, 0, 7),
                .followers_min_age_seconds = dais_db->cell_int(rows, 0, 8),
                .slow_mode_seconds = dais_db->cell_int(rows, 0, 9),
                .message_max = dais_db->cell_int(rows, 0, 10),
                .edit_window_seconds = dais_db->cell_int(rows, 0, 11),
                .writers = dais_db->cell(rows, 0, 12),
                .links = dais_db->cell(rows, 0, 13),
                .blocked_word_action = dais_db->cell(rows, 0, 14),
            },
    };
    int32_t error = list_split(dais_db->cell(rows, 0, 15), &room.settings.blocked_words);
    if (!error)
        error = list_split(dais_db->cell(rows, 0, 16), &moderators);
    if (error)
        return error;
    room.moderators = moderators.items;
    room.moderator_count = (uint32_t)moderators.count;
    *ret_room = room;
    return DAIS_OK;
}

static int32_t room_find(struct dais_str room_id, struct store_room *ret_room)
{
    const struct dais_param params[] = {dais_text(room_id)};
    struct dais_rows *rows = NULL;
    int32_t error = store_find(NULL, &store_rooms_statements[GET], params, &rows);
    return error ? error : room_take(rows, ret_room);
}

int32_t store_room_ensure(const struct dais_room_found *found, struct store_room *ret_room)
{
    const struct dais_param params[] = {dais_text(found->id), dais_text(found->kind),
                                        dais_text(found->owner_id)};
    int32_t error = room_find(found->id, ret_room);
    if (error != DAIS_E_NOT_FOUND)
        return error;
    error = store_run(NULL, &store_rooms_statements[MAKE], params, NULL);
    return error ? error : room_find(found->id, ret_room);
}

int32_t store_room_set(struct dais_str room_id, int64_t version,
                       const struct chat_settings *settings)
{
    struct dais_str words;
    uint64_t count = 0;
    int32_t error = list_join(&settings->blocked_words, &words);
    if (error)
        return error;
    const struct dais_param params[] = {
        dais_text(room_id),
        dais_int(version),
        dais_int(settings->enabled),
        dais_int(settings->delayed),
        dais_int(settings->followers_only),
        dais_int(settings->show_joins),
        dais_int(settings->delay_seconds),
        dais_int(settings->followers_min_age_seconds),
        dais_int(settings->slow_mode_seconds),
        dais_int(settings->message_max),
        dais_int(settings->edit_window_seconds),
        dais_text(settings->writers),
        dais_text(settings->links),
        dais_text(settings->blocked_word_action),
        dais_text(words),
    };
    error = store_touch(NULL, &store_rooms_statements[SET], params, &count);
    if (error)
        return error;
    return count == 0 ? DAIS_E_STATE : DAIS_OK;
}

int32_t store_room_remove(struct dais_tx *tx, struct dais_str room_id)
{
    const struct dais_param params[] = {dais_text(room_id)};
    return store_run(tx, &store_rooms_statements[REMOVE], params, NULL);
}

static int32_t appoint_in(struct dais_tx *tx, const struct store_appoint *appoint,
                          uint8_t *ret_changed)
{
    const struct dais_param params[] = {dais_text(appoint->room_id), dais_text(appoint->user_id),
                                        dais_text(appoint->by), dais_int(STORE_MODERATORS_MAX)};
    uint64_t count = 0;
    struct dais_rows *rows = NULL;
    int32_t error = store_touch(tx, &store_rooms_statements[LOCK], params, &count);
    if (!error && count == 0)
        error = DAIS_E_NOT_FOUND;
    if (!error)
        error = store_touch(tx, &store_rooms_statements[appoint->value ? APPOINT : DISMISS], params,
                            &count);
    if (error)
        return error;
    *ret_changed = count > 0;
    if (count > 0 || !appoint->value)
        return DAIS_OK;
    error = store_find(tx, &store_rooms_statements[STANDING], params, &rows);
    if (error)
        return error;
    return dais_db->cell_int(rows, 0, 3) ? DAIS_OK : STORE_FULL;
}

int32_t store_moderator_set(const struct store_appoint *appoint, uint8_t *ret_changed)
{
    struct dais_tx *tx = NULL;
    uint8_t changed = 0;
    int32_t error = dais_db->begin(&tx);
    if (error)
        return error;
    error = appoint_in(tx, appoint, &changed);
    if (error) {
        dais_db->rollback(tx);
        return error;
    }
    error = dais_db->commit(tx);
    if (!error)
        *ret_changed = changed;
    return error;
}

int32_t store_moderators(struct dais_str room_id, struct store_moderator **ret_items,
                         uint32_t *ret_count)
{
    const struct dais_param params[] = {dais_text(room_id)};
    struct dais_rows *rows = NULL;
    int32_t error = store_run(NULL, &store_rooms_statements[LIST], params, &rows);
    if (error)
        return error;
    uint32_t count = dais_db->rows_count(rows);
    struct store_moderator *items = dais_mem->arena_alloc(dais_mem->arena_self(),
                                                          (count + 1) * sizeof *items);
    if (!items)
        return DAIS_E_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        items[i] = (struct store_moderator){
            .user_id = dais_db->cell(rows, i, 0),
            .name = dais_db->cell(rows, i, 1),
            .avatar_url = dais_db->cell(rows, i, 2),
            .added_by = dais_db->cell(rows, i, 3),
            .created_at = dais_db->cell(rows, i, 4),
        };
    *ret_items = items;
    *ret_count = count;
    return DAIS_OK;
}

int32_t store_standing(struct dais_str room_id, struct dais_str user_id,
                       struct store_standing *ret_standing)
{
    const struct dais_param params[] = {dais_text(room_id), dais_text(user_id)};
    struct dais_rows *rows = NULL;
    int32_t error = store_find(NULL, &store_rooms_statements[STANDING], params, &rows);
    if (!error)
        *ret_standing = (struct store_standing){
            .user_id = dais_db->cell(rows, 0, 0),
            .name = dais_db->cell(rows, 0, 1),
            .role = dais_db->cell(rows, 0, 2),
            .is_moderator = dais_db->cell_int(rows, 0, 3) != 0,
        };
    return error;
}
