/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Rooms as chat keeps them: settings and moderators. Only card.c reads a room to decide by it.
 *
 * Whoever changes one raises its `version` in the same statement, so that no send is stored that
 * was decided before; and calls card_drop behind the commit.
 */
#include "chat.h"
#include "dais/db.h"
#include "dais/svc/roomsource.h"

extern const struct dais_statement store_rooms_statements[];

/** Moderators of a room at most. */
#define STORE_MODERATORS_MAX 100u

/** A room. Views live as long as the running fiber. */
struct store_room {
    struct dais_str id;
    int64_t version;
    struct dais_str cleared_through; /**< id, or absent */
    struct chat_settings settings;
    const struct dais_str *moderators; /**< ids in their order */
    uint32_t moderator_count;
};

/** [fiber] [suspends] Reads the row of a room that its source has found, and makes it if there is
 * none. */
DAIS_CHECK_RESULT int32_t store_room_ensure(const struct dais_room_found *found,
                                            struct store_room *ret_room);

/**
 * [fiber] [suspends] Stores all of `settings` if the room's version is still `version`, and raises
 * it. DAIS_E_STATE: somebody else changed the room. Get the card again, merge again.
 */
DAIS_CHECK_RESULT int32_t store_room_set(struct dais_str room_id, int64_t version,
                                         const struct chat_settings *settings);

/** [fiber] [suspends] Removes a room with all it holds; its messages go by store_purge_gone. For
 * stream.delete. Without the room it is no error. */
DAIS_CHECK_RESULT int32_t store_room_remove(struct dais_tx *tx, struct dais_str room_id);

/** Somebody who moderates a room. */
struct store_moderator {
    struct dais_str user_id;
    struct dais_str name;
    struct dais_str avatar_url; /**< absent: none */
    struct dais_str added_by;
    struct dais_str created_at;
};

/** Somebody is to moderate a room, or is to no longer. */
struct store_appoint {
    struct dais_str room_id;
    struct dais_str user_id;
    struct dais_str by;
    uint8_t value;
};

/**
 * [fiber] [suspends] Appoints or dismisses, with the room's row locked. `ret_changed`: it was not
 * so before. DAIS_E_NOT_FOUND: no such room or account · STORE_FULL: there are
 * STORE_MODERATORS_MAX.
 */
DAIS_CHECK_RESULT int32_t store_moderator_set(const struct store_appoint *appoint,
                                              uint8_t *ret_changed);

/** [fiber] [suspends] Who moderates a room, by name; in the fiber's arena. */
DAIS_CHECK_RESULT int32_t store_moderators(struct dais_str room_id,
                                           struct store_moderator **ret_items, uint32_t *ret_count);

/** What decides whether somebody may be barred. */
struct store_standing {
    struct dais_str user_id;
    struct dais_str name;
    struct dais_str role;
    uint8_t is_moderator; /**< of this room */
};

/** [fiber] [suspends] Looks an account up. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_standing(struct dais_str room_id, struct dais_str user_id,
                                         struct store_standing *ret_standing);
