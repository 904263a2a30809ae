/* SPDX-License-Identifier: MIT */
#include "release.h"

#include "card.h"
#include "dais/fiber.h"
#include "dais/log.h"
#include "store.h"
#include "told.h"

/** Rooms of a turn, and of each so many claims of so many messages; the rest is next. */
#define ROOMS_MAX 64
#define CLAIMS_MAX 10
#define MESSAGES_MAX 100

/** Claims and tells. With the room's lock. */
static int32_t release(const struct card *card, struct dais_str room_id)
{
    struct store_list list = {NULL, MESSAGES_MAX};
    int32_t error = DAIS_OK;
    for (int claims = 0; !error && list.count == MESSAGES_MAX && claims < CLAIMS_MAX; claims++) {
        list.count = 0;
        error = store_release(room_id, MESSAGES_MAX, &list);
        for (uint32_t i = 0; i < list.count && card; i++)
            told_message(card, &list.items[i]);
    }
    return error;
}

/** A room that is no longer has nobody to be told: its rows are claimed so that they are not due
 * for ever. */
static int32_t release_room(struct dais_str room_id)
{
    const struct card *card = NULL;
    struct dais_lock *lock = NULL;
    int32_t error = card_get(NULL, room_id, &card);
    if (error && error != DAIS_E_NOT_FOUND)
        return error;
    error = dais_fiber->lock(room_id, &lock);
    if (error)
        return error;
    error = release(card, room_id);
    dais_fiber->unlock(lock);
    return error;
}

void release_run(void)
{
    struct store_ids rooms = {NULL, 0};
    int32_t error = store_due(ROOMS_MAX, &rooms), failed = error;
    /* A room that cannot be asked about keeps no other one waiting. */
    for (uint32_t i = 0; i < rooms.count && error != DAIS_E_CANCELLED; i++) {
        error = release_room(rooms.items[i]);
        failed = error ? error : failed;
    }
    if (failed && failed != DAIS_E_UNAVAILABLE && failed != DAIS_E_CANCELLED)
        dais_logf(DAIS_WARN, "delayed messages are not shown yet (%d), it is tried again",
                  (int)failed);
}
