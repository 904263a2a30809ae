/* SPDX-License-Identifier: MIT */
#include "unsure.h"

#include <stdatomic.h>

#include "card.h"
#include "dais/fiber.h"
#include "dais/log.h"
#include "dais/mem.h"
#include "dais/random.h"
#include "plugin_metrics.h"
#include "store.h"
#include "told.h"

/** When it is looked for, and how often: what is not there may still be under way, and the database
 * away. Each wait doubles: half a minute in all, longer than a statement may take. */
#define FIRST_LOOK_MS 500
#define LOOKS_MAX 6

struct unsure {
    char id[DAIS_UUID_BYTES];
    char room_id[DAIS_UUID_BYTES];
    int delayed;
};

static atomic_uint waiting;

/** With the room's lock: whoever deletes or releases it comes before, or behind. */
static int32_t look_locked(const struct unsure *unsure)
{
    struct store_message message;
    const struct card *card;
    int32_t error = store_get(NULL, dais_cstr(unsure->id), &message);
    if (error || (unsure->delayed && message.is_released))
        return error; /* release.c has told it */
    error = card_get(NULL, message.room_id, &card);
    if (error)
        return error;
    plugin_metrics_count(PLUGIN_METRICS_MESSAGES);
    told_message(card, &message);
    return DAIS_OK;
}

/** DAIS_OK: it was there, and is told. */
static int32_t look(const struct unsure *unsure)
{
    struct dais_lock *lock;
    int32_t error = dais_fiber->lock(dais_cstr(unsure->room_id), &lock);
    if (error)
        return error;
    error = look_locked(unsure);
    dais_fiber->unlock(lock);
    return error;
}

static void run(uint64_t cookie)
{
    struct unsure *unsure = (struct unsure *)(uintptr_t)cookie;
    int32_t error = DAIS_E_UNAVAILABLE;
    uint64_t wait_ms = FIRST_LOOK_MS;
    for (int looks = 0; looks < LOOKS_MAX && error; looks++) {
        if (dais_fiber->sleep(wait_ms))
            break;
        error = look(unsure);
        wait_ms *= 2;
    }
    if (error && error != DAIS_E_NOT_FOUND)
        dais_logf(DAIS_WARN, "whether message %s is stored was not found out", unsure->id);
    dais_mem->state_free(unsure);
    atomic_fetch_sub(&waiting, 1);
}

static const struct dais_task TASK = {"chat_unsure", run};

int unsure_is(int32_t error)
{
    return error == DAIS_E_CANCELLED || error == DAIS_E_TIMEOUT || error == DAIS_E_UNAVAILABLE;
}

void unsure_add(struct dais_str id, struct dais_str room_id, int delayed)
{
    struct unsure *unsure = NULL;
    dais_handle fiber;
    if (atomic_fetch_add(&waiting, 1) < UNSURE_MAX)
        unsure = dais_mem->state_alloc(sizeof *unsure);
    if (unsure) {
        memcpy(unsure->id, id.ptr, sizeof unsure->id - 1);
        memcpy(unsure->room_id, room_id.ptr, sizeof unsure->room_id - 1);
        unsure->delayed = delayed;
        if (dais_fiber->spawn(&TASK, (uint64_t)(uintptr_t)unsure, &fiber) == DAIS_OK)
            return;
        dais_mem->state_free(unsure);
    }
    atomic_fetch_sub(&waiting, 1);
}
