/* SPDX-License-Identifier: MIT */
#include "live.h"

#include "dais/fiber.h"
#include "dais/log.h"
#include "keys.h"
#include "live_card.h"
#include "live_room.h"
#include "store.h"
#include "streams.h"

/** How often the end of a stream is tried again while the database is away. */
#define END_RETRY_MS 1000
#define END_TRIES_MAX 600

/** A stream that media flows into, on its home worker; owned by its keeper task once that runs. */
struct live {
    char playback_id[64];
    char id[37]; /* "" until it was announced */
    uint64_t session;
    dais_handle keeper;
    int ended;
};

static struct dais_str live_name(const struct live *live)
{
    return dais_cstr(live->playback_id);
}

/** Tells everybody, once, as soon as the database has it. */
static void announce(struct live *live)
{
    const struct store_page page = {.playback_id = live_name(live), .limit = 1};
    struct store_stream *rows;
    uint32_t count;
    if (live->id[0] || store_list(&page, &rows, &count) || count == 0 ||
        rows->id.len >= sizeof live->id)
        return;
    if (live_card_put(rows->id, rows->playback_id))
        dais_logf(DAIS_WARN, "that a stream is live is not known everywhere");
    memcpy(live->id, rows->id.ptr, rows->id.len);
    live_room_created(rows);
}

/** Tries to mark the stream live; a stream that was removed or taken over is cut off. */
static void lease_renew(struct live *live)
{
    int32_t error = store_hold(live_name(live), (int64_t)live->session);
    if (!error)
        announce(live);
    if (error != DAIS_E_NOT_FOUND && error != DAIS_E_CONFLICT)
        return; /* held, or the database is away: playback goes on, the next renewal tells */
    const struct dais_log_value values[] = {{"stream", live_name(live)}};
    dais_log->write(DAIS_WARN, dais_cstr("stream is no longer ours, cut off"), values, 1);
    if (dais_media->stop(live_name(live)))
        dais_logf(DAIS_WARN, "a stream could not be cut off, the next renewal tries again");
}

void live_cut(const struct store_names *names)
{
    for (uint32_t i = 0; i < names->count; i++) {
        int32_t error = dais_media->stop(names->items[i]);
        if (error && error != DAIS_E_NOT_FOUND)
            dais_logf(DAIS_WARN, "a stream could not be cut off, its keeper tries again");
    }
}

static void lease_end(const struct live *live)
{
    for (int tries = 0; tries < END_TRIES_MAX; tries++) {
        int32_t error = store_end(live_name(live), (int64_t)live->session);
        if (error != DAIS_E_UNAVAILABLE || dais_fiber->sleep(END_RETRY_MS))
            return; /* what is not written now ends with its lease */
    }
}

/** Nobody takes it for live from here on. */
static void withdraw(const struct live *live)
{
    struct dais_str id = dais_cstr(live->id);
    if (id.len == 0)
        return;
    live_card_remove(id, live_name(live));
    live_room_ended(id, live_name(live));
}

/** One fiber for the life of a live stream: hold, renew, end. */
static void keeper_run(uint64_t cookie)
{
    struct live *live = (struct live *)(uintptr_t)cookie;
    while (!live->ended) {
        lease_renew(live);
        if (live->ended || dais_fiber->park(STREAMS_RENEW_MS) == DAIS_E_CANCELLED)
            break;
    }
    if (live->ended) {
        lease_end(live);
        withdraw(live);
    }
    live->keeper = 0;
    if (live->ended)
        dais_mem->state_free(live);
}

static const struct dais_task KEEPER = {"stream_keeper", keeper_run};

static uint64_t on_begin(const struct dais_stream_info *info)
{
    struct live *live = dais_mem->state_alloc(sizeof *live);
    if (!live || info->stream.len >= sizeof live->playback_id) {
        dais_mem->state_free(live);
        return 0;
    }
    memcpy(live->playback_id, info->stream.ptr, info->stream.len);
    live->session = info->session;
    if (dais_fiber->spawn(&KEEPER, (uint64_t)(uintptr_t)live, &live->keeper)) {
        dais_mem->state_free(live);
        return 0;
    }
    return (uint64_t)(uintptr_t)live;
}

static void on_resume(uint64_t cookie, const struct dais_stream_info *info)
{
    struct live *live = (struct live *)(uintptr_t)cookie;
    if (live)
        live->session = info->session;
}

static void on_end(uint64_t cookie)
{
    struct live *live = (struct live *)(uintptr_t)cookie;
    if (!live)
        return;
    live->ended = 1;
    if (live->keeper == 0 || dais_fiber->unpark(live->keeper))
        dais_mem->state_free(live);
}

const struct dais_media_observer live_observer = {
    .name = "streams",
    .begin = on_begin,
    .resume = on_resume,
    .end = on_end,
};

static int32_t authorize(struct dais_str key, struct dais_ingest *ret_ingest)
{
    uint8_t hmac[KEYS_HMAC_BYTES];
    int32_t error = keys_lookup(key, hmac);
    if (error)
        return error;
    struct store_stream stream;
    error = store_by_key(dais_str((const char *)hmac, sizeof hmac), &stream);
    if (error)
        return error == DAIS_E_NOT_FOUND ? DAIS_E_DENIED : error;
    ret_ingest->stream_id = stream.id;
    ret_ingest->playback_id = stream.playback_id;
    ret_ingest->title = stream.title;
    ret_ingest->session = (uint64_t)stream.session;
    return DAIS_OK;
}

const struct dais_streams_v1 live_service = {authorize};

static void sweep(void)
{
    int32_t error = store_sweep();
    if (error && error != DAIS_E_UNAVAILABLE && error != DAIS_E_CANCELLED)
        dais_logf(DAIS_WARN, "streams without a sign of life could not be marked ended");
}

const struct dais_timer live_timers[] = {
    {"live_sweep", 10 * 1000, 0, sweep},
    {NULL, 0, 0, NULL},
};
