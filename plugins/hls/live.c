/* SPDX-License-Identifier: MIT */
#include "live.h"

#include <stdbool.h>

#include "dais/fiber.h"
#include "dais/log.h"
#include "hls.h"
#include "packager.h"

/* A stream, on the list of its worker once it has ended. */
struct live {
    struct packager *packager;
    uint64_t ended_ms;
    struct live *next;
};

struct live_worker {
    struct live *ended;
    bool stopping;
};

static struct live_worker *workers;

int32_t live_init(void)
{
    workers = dais_mem->state_alloc(dais_fiber->workers() * sizeof(*workers));
    return workers != NULL ? DAIS_OK : DAIS_E_MEMORY;
}

void live_fini(void)
{
    dais_mem->state_free(workers);
    workers = NULL;
}

static struct live_worker *self(void)
{
    return &workers[dais_fiber->worker()];
}

static struct live *live_of(uint64_t cookie)
{
    return (struct live *)(uintptr_t)cookie;
}

static void live_free(struct live *live)
{
    packager_free(live->packager);
    dais_mem->state_free(live);
}

/* Takes the ended stream of that name off the list: who starts anew replaces it at once, so that
 * nobody takes the end of the last show for this one. Returns what to go on from. */
static struct packager_last replace_ended(struct live_worker *worker, struct dais_str name)
{
    for (struct live **at = &worker->ended; *at != NULL; at = &(*at)->next) {
        struct live *live = *at;
        if (dais_str_eq(packager_name(live->packager), name)) {
            const struct packager_last last = packager_last(live->packager);
            *at = live->next;
            live_free(live);
            return last;
        }
    }
    return (struct packager_last){0};
}

static uint64_t on_begin(const struct dais_stream_info *info)
{
    const struct packager_last last = replace_ended(self(), info->stream);
    struct live *live = dais_mem->state_alloc(sizeof(*live));
    struct packager *packager = live != NULL ? packager_new(info, last) : NULL;
    if (packager == NULL) {
        const struct dais_log_value values[] = {{"stream", info->stream}};
        dais_log->write(DAIS_ERROR, dais_cstr("no memory for a stream, it has no playlist"), values,
                        1);
        dais_mem->state_free(live);
        return 0;
    }
    live->packager = packager;
    return (uint64_t)(uintptr_t)live;
}

static void on_track(uint64_t cookie, const struct dais_track *track)
{
    if (cookie != 0) {
        packager_track(live_of(cookie)->packager, track);
    }
}

static void on_packet(uint64_t cookie, const struct dais_packet *packet)
{
    if (cookie != 0) {
        packager_packet(live_of(cookie)->packager, packet);
    }
}

static void on_gap(uint64_t cookie)
{
    if (cookie != 0) {
        packager_gap(live_of(cookie)->packager);
    }
}

/* After a gap there is nothing left to cut; another publisher may also take over without one. */
static void on_resume(uint64_t cookie, const struct dais_stream_info *info)
{
    on_gap(cookie);
}

static void on_end(uint64_t cookie)
{
    struct live *live = live_of(cookie);
    struct live_worker *worker = self();
    if (live == NULL) {
        return;
    }
    if (worker->stopping || hls_config.linger_s == 0) {
        live_free(live);
        return;
    }
    packager_end(live->packager);
    live->ended_ms = dais_fiber->now_ms();
    live->next = worker->ended;
    worker->ended = live;
}

const struct dais_media_observer live_observer = {
    .name = "hls",
    .flags = DAIS_OBSERVE_PACKETS,
    .begin = on_begin,
    .track = on_track,
    .packet = on_packet,
    .gap = on_gap,
    .resume = on_resume,
    .end = on_end,
};

/* Frees the ended streams of a worker that ended before `before_ms`. */
static void sweep(struct live_worker *worker, uint64_t before_ms)
{
    struct live **at = &worker->ended;
    while (*at != NULL) {
        struct live *live = *at;
        if (live->ended_ms >= before_ms) {
            at = &live->next;
            continue;
        }
        *at = live->next;
        live_free(live);
    }
}

void live_sweep(void)
{
    const uint64_t linger_ms = (uint64_t)hls_config.linger_s * 1000;
    const uint64_t now_ms = dais_fiber->now_ms();
    sweep(self(), now_ms > linger_ms ? now_ms - linger_ms : 0);
}

void live_worker_stop(uint32_t worker)
{
    workers[worker].stopping = true;
    sweep(&workers[worker], UINT64_MAX);
}
