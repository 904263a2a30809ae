/* SPDX-License-Identifier: MIT */
#include "packager.h"

#include "dais/fiber.h"
#include "dais/log.h"
#include "held.h"
#include "hls.h"
#include "rendition.h"
#include "segmenter.h"
#include "sequence.h"
#include "snapshot.h"

#define NAME_BYTES_MAX 128u

struct packager {
    char name[NAME_BYTES_MAX];
    uint64_t session;
    bool dirty; /* a segment has come that no snapshot has */
    bool ended;
    bool warned;
    struct rendition renditions[TRACK_KINDS];
    struct segmenter segmenter;
    struct dais_buf *snapshot; /* the last one that was put on the board */
};

static struct dais_str name_of(const struct packager *packager)
{
    return dais_cstr(packager->name);
}

static void log_stream(const struct packager *packager, uint32_t level, const char *event)
{
    const struct dais_log_value values[] = {{"stream", name_of(packager)}};
    dais_log->write(level, dais_cstr(event), values, 1);
}

static uint64_t window_bytes(const struct packager *packager)
{
    return packager->renditions[TRACK_VIDEO].window.bytes +
           packager->renditions[TRACK_AUDIO].window.bytes;
}

static bool fits(const struct packager *packager, uint64_t bytes)
{
    return window_bytes(packager) + bytes <= (uint64_t)hls_config.stream_bytes_max &&
           held_bytes() + (int64_t)bytes <= hls_config.total_bytes_max;
}

/* Makes room for `bytes` of media, if need be by shortening the windows. */
static bool make_room(struct packager *packager, uint64_t bytes)
{
    bool shorter = true;
    while (!fits(packager, bytes) && shorter) {
        shorter = false;
        for (uint32_t kind = 0; kind < TRACK_KINDS; kind++) {
            if (packager->renditions[kind].window.count > RENDITION_SEGMENTS_MIN) {
                rendition_drop_oldest(&packager->renditions[kind]);
                shorter = true;
            }
        }
    }
    return fits(packager, bytes);
}

/* The bytes of a cut, or NULL where there are none or there is no room for them. */
static struct dais_buf *write_media(struct packager *packager, const struct segmenter_cut *cut)
{
    if (cut->gap) {
        return NULL;
    }
    const uint64_t bytes = box_fragment_size(&cut->fragment);
    struct dais_buf *buf = make_room(packager, bytes) ? dais_mem->buf_new(bytes) : NULL;
    if (buf == NULL) {
        log_stream(packager, DAIS_WARN, "no memory for a segment, it becomes a gap");
        return NULL;
    }
    box_fragment_write(&cut->fragment, buf->data);
    return buf;
}

static void on_cut(void *context, const struct segmenter_cut *cut)
{
    struct packager *packager = context;
    struct dais_buf *media = write_media(packager, cut);
    rendition_append(&packager->renditions[cut->fragment.kind], cut, media);
    sequence_use(cut->discontinuities);
    hls_count(HLS_METRIC_SEGMENTS, 1);
    hls_count(HLS_METRIC_GAPS, media == NULL ? 1 : 0);
    packager->dirty = true;
}

static void on_release(void *context, void *ref)
{
    dais_mem->buf_unref(ref);
}

static const struct segmenter_ops OPS = {on_cut, on_release};

static void take_off(const struct packager *packager)
{
    if (dais_shared->remove(&hls_board, name_of(packager)) != DAIS_OK) {
        log_stream(packager, DAIS_WARN, "the stream could not be taken off the board");
    }
}

/* What the board has of the name, which older code may have put there. */
static struct snapshot_last take_over(const struct packager *packager)
{
    const struct dais_buf *there = dais_shared->get(&hls_board, name_of(packager));
    if (there == NULL) {
        return (struct snapshot_last){0};
    }
    struct snapshot_last last = snapshot_last(there);
    last.discontinuities++;
    take_off(packager);
    return last;
}

struct packager *packager_new(const struct dais_stream_info *info)
{
    if (info->stream.len >= NAME_BYTES_MAX) {
        return NULL;
    }
    struct packager *packager = dais_mem->state_alloc(sizeof(*packager));
    if (packager == NULL) {
        return NULL;
    }
    memcpy(packager->name, info->stream.ptr, info->stream.len);
    packager->session = info->session;
    const struct snapshot_last last = take_over(packager);
    /* A segment lasts a second or more, so that the clock is ahead of what was used. */
    const uint64_t now_s = (uint64_t)(dais_fiber->unix_ms() / 1000);
    const struct segmenter_limits limits = {
        .target_ms = (uint32_t)hls_config.segment_ms,
        .segment_ms_max = (uint32_t)hls_config.segment_ms_max,
        .segment_bytes_max = (uint64_t)hls_config.stream_bytes_max / 4,
        .first_msn = now_s > last.msn ? now_s : last.msn + 1,
        .first_discontinuity = last.discontinuities,
    };
    segmenter_init(&packager->segmenter, &limits, &OPS, packager);
    hls_count(HLS_METRIC_STREAMS, 1);
    return packager;
}

static bool kind_of(const struct dais_track *track, enum track_kind *ret_kind)
{
    if (track->kind == DAIS_MEDIA_VIDEO && track->codec == DAIS_CODEC_H264) {
        *ret_kind = TRACK_VIDEO;
        return true;
    }
    *ret_kind = TRACK_AUDIO;
    return track->kind == DAIS_MEDIA_AUDIO && track->codec == DAIS_CODEC_AAC;
}

void packager_track(struct packager *packager, const struct dais_track *announced)
{
    enum track_kind kind;
    if (!kind_of(announced, &kind)) {
        log_stream(packager, DAIS_WARN, "a track's codec cannot be packaged, it is left out");
        return;
    }
    struct rendition *rendition = &packager->renditions[kind];
    if (rendition->announced && rendition->index != announced->index) {
        return;
    }
    struct dais_buf *record = announced->config;
    struct track track;
    const uint64_t before = rendition->init_last;
    int32_t code = track_parse(kind, dais_str((const char *)record->data, record->len), &track);
    if (code == DAIS_OK) {
        code = rendition_configure(rendition, record, &track);
    }
    if (code != DAIS_OK) {
        log_stream(packager, DAIS_WARN, "a track's configuration is not valid, it is left out");
        return;
    }
    if (rendition->announced && rendition->init_last == before) {
        return; /* announced again, as before */
    }
    rendition->announced = true;
    rendition->index = announced->index;
    segmenter_track(&packager->segmenter, &rendition->track, (uint32_t)rendition->init_last);
}

/* Which tracks the stream has is decided while it runs, and stays so while the encoder is away. */
static bool is_complete(struct packager *packager)
{
    bool complete = true;
    for (uint32_t kind = 0; kind < TRACK_KINDS; kind++) {
        struct rendition *rendition = &packager->renditions[kind];
        if (packager->segmenter.running) {
            rendition->present = packager->segmenter.lanes[kind].on;
        }
        if (!rendition->present) {
            rendition_clear(rendition);
        }
        complete = complete && (!rendition->present || rendition->window.count > 0);
    }
    return complete;
}

static uint32_t target_s(const struct packager *packager)
{
    if (packager->segmenter.target_s > 0 || !packager->ended) {
        return packager->segmenter.target_s;
    }
    /* Ended before its first segment was full. */
    uint32_t longest_s = (uint32_t)((hls_config.segment_ms + 999) / 1000);
    for (uint32_t kind = 0; kind < TRACK_KINDS; kind++) {
        const uint32_t held_s = window_longest_s(&packager->renditions[kind].window);
        longest_s = held_s > longest_s ? held_s : longest_s;
    }
    return longest_s;
}

static void describe(const struct packager *packager, enum track_kind kind,
                     struct snapshot_source *source)
{
    const struct rendition *rendition = &packager->renditions[kind];
    const struct window *window = &rendition->window;
    const uint32_t listed_max = (uint32_t)hls_config.window_segments;
    const uint32_t listed = window->count < listed_max ? window->count : listed_max;
    source->master.tracks[kind] = &rendition->track;
    source->master.windows[kind] = window;
    source->media[kind] = (struct playlist_media){
        .kind = kind,
        .segments = window->segments + window->count - listed,
        .count = listed,
        .session = packager->session,
        .discontinuities = sequence_base(),
        .target_s = target_s(packager),
        .ended = packager->ended,
    };
}

static void warn_once(struct packager *packager)
{
    const struct segmenter *segmenter = &packager->segmenter;
    const uint32_t wanted_s = (uint32_t)((hls_config.segment_ms + 999) / 1000);
    if (packager->warned || (segmenter->forced == 0 && segmenter->target_s <= wanted_s)) {
        return;
    }
    packager->warned = true;
    log_stream(packager, DAIS_WARN,
               "keyframes come too rarely: segments are longer or cannot be joined");
}

/* Puts a snapshot on the board if there is something new that can be shown. */
static void publish(struct packager *packager)
{
    if (!packager->dirty || sequence_base() == 0 || !is_complete(packager) ||
        target_s(packager) == 0) {
        return;
    }
    packager->dirty = false;
    warn_once(packager);
    struct rendition_files files[TRACK_KINDS];
    struct snapshot_source source = {
        .session = packager->session,
        .last = {packager->segmenter.head, packager->segmenter.discontinuities}};
    source.bytes_kept = packager->ended ? window_bytes(packager) : 0;
    source.master.independent = packager->segmenter.forced == 0;
    source.master.frames_per_1000s = packager->renditions[TRACK_VIDEO].frames_per_1000s;
    for (uint32_t kind = 0; kind < TRACK_KINDS; kind++) {
        if (packager->renditions[kind].present) {
            describe(packager, (enum track_kind)kind, &source);
            rendition_list(&packager->renditions[kind], &files[kind], &source);
        }
    }
    struct dais_buf *snapshot = snapshot_build(&source);
    const int32_t code = snapshot != NULL
                             ? dais_shared->put(&hls_board, name_of(packager), snapshot)
                             : DAIS_E_MEMORY;
    if (code != DAIS_OK) {
        log_stream(packager, DAIS_ERROR, "the playlists could not be published");
        dais_mem->buf_unref(snapshot);
        return;
    }
    dais_mem->buf_unref(packager->snapshot);
    packager->snapshot = snapshot;
}

void packager_packet(struct packager *packager, const struct dais_packet *packet)
{
    enum track_kind kind = TRACK_VIDEO;
    while (kind < TRACK_KINDS && (!packager->renditions[kind].announced ||
                                  packager->renditions[kind].index != packet->track)) {
        kind++;
    }
    if (kind == TRACK_KINDS) {
        return;
    }
    const struct segmenter_packet unit = {
        .kind = kind,
        .key = packet->flags & DAIS_PACKET_KEY,
        .dts = packet->dts,
        .pts = packet->pts,
        .ptr = packet->buf->data + packet->offset,
        .len = packet->len,
        .ref = dais_mem->buf_ref(packet->buf),
        .wall_ms = dais_fiber->unix_ms(),
    };
    const uint64_t forced = packager->segmenter.forced;
    const uint64_t jumps = packager->segmenter.jumps;
    if (segmenter_push(&packager->segmenter, &unit) != DAIS_OK) {
        dais_mem->buf_unref(packet->buf);
        hls_count(HLS_METRIC_PACKETS_DROPPED, 1);
    }
    if (packager->segmenter.forced != forced || packager->segmenter.jumps != jumps) {
        hls_count(HLS_METRIC_FORCED, (int64_t)(packager->segmenter.forced - forced));
        hls_count(HLS_METRIC_JUMPS, (int64_t)(packager->segmenter.jumps - jumps));
    }
    publish(packager);
}

void packager_gap(struct packager *packager)
{
    for (uint32_t kind = 0; kind < TRACK_KINDS; kind++) {
        struct rendition *rendition = &packager->renditions[kind];
        rendition->announced = false;
        if (packager->segmenter.running) {
            rendition->present = packager->segmenter.lanes[kind].on;
        }
    }
    segmenter_break(&packager->segmenter);
    publish(packager);
}

/* The board's part of the stream ends later, and without this code. */
static void leave_board(const struct packager *packager)
{
    const uint64_t linger_ms = (uint64_t)hls_config.linger_s * 1000;
    if (packager->snapshot != NULL &&
        dais_shared->remove_later(&hls_board, name_of(packager), packager->snapshot, linger_ms) !=
            DAIS_OK) {
        take_off(packager);
    }
}

void packager_end(struct packager *packager)
{
    packager->ended = true;
    packager->dirty = true;
    packager_gap(packager);
    leave_board(packager);
    dais_mem->buf_unref(packager->snapshot);
    for (uint32_t kind = 0; kind < TRACK_KINDS; kind++) {
        rendition_fini(&packager->renditions[kind]);
    }
    hls_count(HLS_METRIC_STREAMS, -1);
    dais_mem->state_free(packager);
}
