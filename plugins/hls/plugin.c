/* SPDX-License-Identifier: MIT */
/* HLS: descriptor and tables. */
#include "api.h"
#include "dais/dais.h"
#include "hls.h"
#include "live.h"
#include "sequence.h"
#include "snapshot.h"
#include "window.h"

struct hls_config hls_config;
uint32_t hls_metrics;
const struct dais_board hls_board = {
    .name = "hls_streams", .keys_max = 16384, .key_bytes_max = 127, .layout = SNAPSHOT_LAYOUT};

const struct dais_board hls_sequence_board = {
    .name = "hls_sequence", .keys_max = 1, .key_bytes_max = 8, .layout = 1};

static const struct dais_need NEEDS[] = {
    DAIS_NEED_CONFIG, DAIS_NEED_FIBER,   DAIS_NEED_HTTP,   DAIS_NEED_LOG,      DAIS_NEED_MEDIA,
    DAIS_NEED_MEM,    DAIS_NEED_METRICS, DAIS_NEED_SHARED, {NULL, NULL, 0, 0},
};

#define WINDOW_MAX (WINDOW_SEGMENTS_MAX / 2)

static const struct dais_field CONFIG_FIELDS[] = {
    DAIS_FIELD_CONFIG(struct hls_config, segment_ms, DAIS_KIND_INT, 1000, 10000, "2000", NULL,
                      "a segment ends at the first keyframe after this time, in ms"),
    DAIS_FIELD_CONFIG(struct hls_config, segment_ms_max, DAIS_KIND_INT, 1000, 10000, "10000", NULL,
                      "longest segment where keyframes come rarely, in ms"),
    DAIS_FIELD_CONFIG(struct hls_config, window_segments, DAIS_KIND_INT, 3, WINDOW_MAX, "6", NULL,
                      "segments that a playlist lists"),
    DAIS_FIELD_CONFIG(struct hls_config, kept_segments, DAIS_KIND_INT, 0, WINDOW_MAX - 1, "3", NULL,
                      "older segments that are still served"),
    DAIS_FIELD_CONFIG(struct hls_config, linger_s, DAIS_KIND_INT, 0, 3600, "60", NULL,
                      "how long the window of an ended stream is served, in s"),
    DAIS_FIELD_CONFIG(struct hls_config, stream_bytes_max, DAIS_KIND_INT, 1 << 20, 1ll << 36,
                      "67108864", NULL, "media held for one stream, in bytes"),
    DAIS_FIELD_CONFIG(struct hls_config, total_bytes_max, DAIS_KIND_INT, 1 << 20, 1ll << 40,
                      "4294967296", NULL, "media held for all streams, in bytes"),
    DAIS_FIELD_END,
};
static const struct dais_shape CONFIG = DAIS_SHAPE("HlsConfig", struct hls_config, CONFIG_FIELDS);

/* In the order of enum hls_metric. */
static const struct dais_metric METRICS[] = {
    {"streams", DAIS_GAUGE, 0, "streams that are packaged"},
    {"window_bytes", DAIS_GAUGE, 0, "media held in memory"},
    {"segments_total", DAIS_COUNTER, 0, "segments made, gaps included"},
    {"gaps_total", DAIS_COUNTER, 0, "segments without media: a silent track, or no memory"},
    {"forced_segments_total", DAIS_COUNTER, 0, "segments cut where no keyframe was"},
    {"jumps_total", DAIS_COUNTER, 0, "jumps of timestamps that became discontinuities"},
    {"packets_dropped_total", DAIS_COUNTER, 0, "packets that could not be packaged"},
    {NULL, 0, 0, NULL},
};

static const struct dais_route ROUTES[] = {
    {.method = "GET",
     .path = "/hls/:playbackId/:file",
     .access = DAIS_ACCESS_PUBLIC,
     .rate_class = "media",
     .flags = DAIS_ROUTE_INLINE,
     .status = 200,
     .path_shape = &api_file_shape,
     .handler = api_file,
     .summary = "A playlist, init segment or media segment of a live stream"},
    {.method = NULL},
};

static int32_t config_read(void)
{
    const int32_t error = dais_config->read(&CONFIG, &hls_config);
    if (error == DAIS_OK && hls_config.segment_ms_max < hls_config.segment_ms) {
        dais_logf(DAIS_ERROR, "segment_ms_max must not be below segment_ms");
        return DAIS_E_INVALID;
    }
    return error;
}

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = config_read();
    if (!error)
        error = dais_metrics->table(METRICS, &hls_metrics);
    if (!error)
        error = dais_shared->board(&hls_board);
    if (!error)
        error = dais_shared->board(&hls_sequence_board);
    if (!error)
        error = dais_media->observe(&live_observer);
    if (!error)
        error = dais_http->routes(ROUTES);
    return error;
}

static int32_t start(void)
{
    return sequence_open(dais_config->data_dir());
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "hls",
    .version = "0.1.0",
    .summary = "Live streams as HLS, from memory",
    .needs = NEEDS,
    .init = init,
    .start = start,
};
