/* SPDX-License-Identifier: MIT */
#include "joins.h"

#include "card.h"
#include "dais/fiber.h"
#include "dais/log.h"
#include "dais/random.h"
#include "service.h"
#include "worker.h"

static int is_user(struct dais_str viewer)
{
    return viewer.len == DAIS_UUID_BYTES - 1 && !memchr(viewer.ptr, ':', viewer.len);
}

static int has_turn(const struct dais_presence *change, int came)
{
    uint64_t key = turns_key(change->room.id.ptr, change->room.id.len, change->viewer.ptr,
                             change->viewer.len);
    return turns_take(&worker_self()->joins, key, dais_fiber->now_ms(), JOINS_EVERY_MS, came);
}

static void presence(const struct dais_presence *change)
{
    const struct card *card;
    int came = change->what == DAIS_PRESENCE_JOINED;
    if (change->what == DAIS_PRESENCE_COUNT || !is_user(change->viewer))
        return;
    if (card_get(NULL, change->room.id, &card) || !card->settings.show_joins ||
        !has_turn(change, came))
        return;
    const struct dais_chat_row row = {.type = came ? "join" : "leave",
                                      .room_id = card->id,
                                      .user_id = change->viewer,
                                      .text = dais_cstr(came ? "joined" : "left")};
    int32_t error = service_table.post(&row, NULL);
    if (error && error != DAIS_E_NOT_FOUND)
        dais_logf(DAIS_WARN, "who came or left is not in a room's chat (%d)", (int)error);
}

const struct dais_room_watch joins_watches[] = {
    {.kind = "live", .presence = presence, .summary = "Who watches a stream"},
    {.kind = "session", .presence = presence, .summary = "Who attends a session"},
    {.kind = NULL},
};
