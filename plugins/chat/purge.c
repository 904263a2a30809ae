/* SPDX-License-Identifier: MIT */
#include "purge.h"

#include "card.h"
#include "dais/fiber.h"
#include "dais/log.h"
#include "plugin_config.h"
#include "store.h"
#include "store_rooms.h"
#include "told.h"

/** Rows of a bite, and milliseconds between two. */
#define BITE 500
#define PAUSE_MS 20
/** Bites of a turn; the rest is for the next one. */
#define BITES_MAX 200
#define DAY_MS (INT64_C(86400) * 1000)

/** Takes a bite of at most BITE rows and says how many it took. */
typedef int32_t (*bite_fn)(uint64_t *ret_count);

static int32_t bite_gone(uint64_t *ret_count)
{
    return store_purge_gone(BITE, ret_count);
}

static int32_t bite_over(uint64_t *ret_count)
{
    return store_purge_over(BITE, ret_count);
}

static int32_t bite_old(uint64_t *ret_count)
{
    int64_t before_ms = dais_fiber->unix_ms() - plugin_config()->history_days * DAY_MS;
    return store_purge_old(before_ms, BITE, ret_count);
}

/** Bites until there is no more, and gives way in between. */
static void eat(bite_fn bite)
{
    int32_t error = DAIS_OK;
    uint64_t count = BITE;
    for (int bites = 0; bites < BITES_MAX && count >= BITE && !error; bites++) {
        error = bites > 0 ? dais_fiber->sleep(PAUSE_MS) : DAIS_OK;
        if (!error)
            error = bite(&count);
    }
    if (error && error != DAIS_E_UNAVAILABLE && error != DAIS_E_CANCELLED)
        dais_logf(DAIS_WARN, "old chat could not be taken away (%d), it is tried again",
                  (int)error);
}

void purge_gone(void)
{
    eat(bite_gone);
}

void purge_old(void)
{
    if (plugin_config()->history_days > 0)
        eat(bite_old);
    eat(bite_over);
}

/* --- what others leave behind --- */

struct gone {
    uint64_t present;
    struct dais_str id;
};

static const struct dais_field GONE_FIELDS[] = {
    DAIS_FIELD(struct gone, id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36, "what is removed"),
    DAIS_FIELD_END,
};
static const struct dais_shape GONE = DAIS_SHAPE("ChatGone", struct gone, GONE_FIELDS);

static int32_t user_gone(const struct dais_hook_event *event, void *value)
{
    const struct gone *user = value;
    return store_user_gone(event->tx, user->id);
}

/** Its source does not find the room any more. */
static int32_t stream_gone(const struct dais_hook_event *event, void *value)
{
    const struct gone *stream = value;
    const struct dais_room moderators = {dais_cstr(TOLD_MODERATORS), stream->id};
    int32_t error = store_room_remove(event->tx, stream->id);
    if (error)
        return error;
    card_drop(stream->id);
    if (dais_rooms->close(&moderators, NULL))
        dais_logf(DAIS_WARN, "moderators stay in the room of a stream that is removed");
    return DAIS_OK;
}

const struct dais_hook purge_hooks[] = {
    {.name = "user_gone",
     .operation = "user.delete",
     .when = DAIS_HOOK_AFTER_COMMIT,
     .timeout_ms = DAIS_HOOK_TIMEOUT_MS_MAX,
     .value = &GONE,
     .run = user_gone,
     .summary = "Takes away what an account that was removed had in chats"},
    {.name = "stream_gone",
     .operation = "stream.delete",
     .when = DAIS_HOOK_AFTER_COMMIT,
     .timeout_ms = DAIS_HOOK_TIMEOUT_MS_MAX,
     .value = &GONE,
     .run = stream_gone,
     .summary = "Takes away the chat of a stream that was removed"},
    {.name = NULL},
};
