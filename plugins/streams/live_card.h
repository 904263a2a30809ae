/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What every worker knows of the streams that are live, without asking the database: their two
 * names and how many watch. A card is there while media flows; a thousand viewers who come back at
 * once cost no query.
 */
#include "dais/shared.h"

/** The boards, for plugin.c. */
extern const struct dais_board live_card_boards[];
#define LIVE_CARD_BOARDS 3

/** A live stream. Borrowed: valid until the caller gives way. */
struct live_card {
    char id[37];
    char playback_id[65];
};

/** [fiber] Makes a stream known under both names. */
DAIS_CHECK_RESULT int32_t live_card_put(struct dais_str id, struct dais_str playback_id);
/** [fiber] It is not live any more; how many watch stays known. */
void live_card_remove(struct dais_str id, struct dais_str playback_id);
/** [fiber] [worker] The live stream of this id, or public name; NULL when it is not live. */
const struct live_card *live_card_by_id(struct dais_str id);
const struct live_card *live_card_by_name(struct dais_str playback_id);

/** [fiber] Notes how many watch the stream `id`. */
void live_card_count(struct dais_str id, uint32_t viewers);
/** [fiber] [worker] How many do. */
uint32_t live_card_viewers(struct dais_str id);
