/* SPDX-License-Identifier: MIT */
#include "live.h"

#include "dais/log.h"
#include "hls.h"
#include "packager.h"

static struct packager *packager_of(uint64_t cookie)
{
    return (struct packager *)(uintptr_t)cookie;
}

static uint64_t on_begin(const struct dais_stream_info *info)
{
    struct packager *packager = packager_new(info);
    if (packager == NULL) {
        const struct dais_log_value values[] = {{"stream", info->stream}};
        dais_log->write(DAIS_ERROR, dais_cstr("no memory for a stream, it has no playlist"), values,
                        1);
    }
    return (uint64_t)(uintptr_t)packager;
}

static void on_track(uint64_t cookie, const struct dais_track *track)
{
    if (cookie != 0) {
        packager_track(packager_of(cookie), track);
    }
}

static void on_packet(uint64_t cookie, const struct dais_packet *packet)
{
    if (cookie != 0) {
        packager_packet(packager_of(cookie), packet);
    }
}

static void on_gap(uint64_t cookie)
{
    if (cookie != 0) {
        packager_gap(packager_of(cookie));
    }
}

/* After a gap there is nothing left to cut; another publisher may also take over without one. */
static void on_resume(uint64_t cookie, const struct dais_stream_info *info)
{
    on_gap(cookie);
}

static void on_end(uint64_t cookie)
{
    if (cookie != 0) {
        packager_end(packager_of(cookie));
    }
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
