/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * How a room's chat is set, as moderators read and change it.
 *
 * A change names what it changes. It is checked, merged into what is stored, and stored with the
 * room's next version; no message is stored by an older one, so whoever sends after the answer is
 * held to it, on every worker. Members hear it as chat:settings, without the blocked words.
 */
#include "dais/caller.h"
#include "dais/field.h"

#include "who.h"

/** A change; begins as what it holds, so that both are read by the same rows. */
struct settings_change {
    struct chat_settings settings;
    struct who_room room;
};
extern const struct dais_shape settings_change_event; /**< {room, …settings} */
extern const struct dais_shape settings_told;         /**< event chat:settings */

/** [fiber] [suspends] The settings, all of them. DENIED: not a moderator · NOT_FOUND. */
DAIS_CHECK_RESULT int32_t settings_get(const struct dais_caller *caller,
                                       const struct who_room *room);

/** [fiber] [suspends] Changes what is given, and answers with all of them. DENIED · NOT_FOUND ·
 * INVALID: the field that cannot stand. */
DAIS_CHECK_RESULT int32_t settings_patch(const struct dais_caller *caller,
                                         const struct settings_change *in);

/**
 * [fiber] [suspends] Changes the settings of the caller's default live stream. DENIED: not an
 * approved creator · NOT_FOUND: he has no stream.
 */
DAIS_CHECK_RESULT int32_t settings_mine(const struct dais_caller *caller,
                                        const struct chat_settings *change);
