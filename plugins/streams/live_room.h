/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Streams on sockets: who watches a stream is a member of its room "live:<id>", in the dialect of
 * the browser clients ("stream": public names) or of the party clients ("live": ids). Lists of
 * streams follow the room "directory:all".
 */
#include "dais/rooms.h"
#include "store.h"

extern const struct dais_event live_room_events[];
extern const struct dais_event_out live_room_documents[];
extern const struct dais_room_kind live_room_kinds[];

/** [fiber] Tells everybody that a stream is live. */
void live_room_created(const struct store_stream *stream);
/** [fiber] Tells everybody that it has ended. */
void live_room_ended(struct dais_str id, struct dais_str playback_id);
