/* SPDX-License-Identifier: MIT */
#include "playlist.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "names.h"

/* EXT-X-MAP without I-frames-only needs 6, EXT-X-GAP 8. */
#define VERSION_MASTER 6
#define VERSION_MEDIA 8

struct text {
    char *ptr;
    size_t room;
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    const bool fits = text->len < text->room;
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(fits ? text->ptr + text->len : NULL,
                              fits ? text->room - text->len : 0, format, args);
    va_end(args);
    text->len += len > 0 ? (size_t)len : 0;
}

/* A line with the name of `file` between `before` and `after`. */
static void add_name(struct text *text, const char *before, const struct names_file *file,
                     const char *after)
{
    char name[NAMES_CHARS];
    names_write(file, name);
    add(text, "%s%s%s\n", before, name, after);
}

static void add_codecs(struct text *text, const struct playlist_master *master)
{
    char video[H264_CODEC_CHARS] = "";
    char audio[AAC_CODEC_CHARS] = "";
    if (master->tracks[TRACK_VIDEO] != NULL) {
        h264_codec(&master->tracks[TRACK_VIDEO]->h264, video);
    }
    if (master->tracks[TRACK_AUDIO] != NULL) {
        aac_codec(&master->tracks[TRACK_AUDIO]->aac, audio);
    }
    add(text, ",CODECS=\"%s%s%s\"", video, video[0] != '\0' && audio[0] != '\0' ? "," : "", audio);
}

/* What the sequence parameter set says, or what was measured, in thousandths. */
static uint64_t frame_rate(const struct playlist_master *master)
{
    const struct h264_config *h264 = &master->tracks[TRACK_VIDEO]->h264;
    if (h264->rate_num == 0) {
        return master->frames_per_1000s;
    }
    return ((uint64_t)h264->rate_num * 1000 + h264->rate_den / 2) / h264->rate_den;
}

static void add_variant(struct text *text, const struct playlist_master *master)
{
    const struct track *video = master->tracks[TRACK_VIDEO];
    uint64_t peak = 0;
    uint64_t average = 0;
    for (uint32_t kind = 0; kind < TRACK_KINDS; kind++) {
        if (master->tracks[kind] != NULL) {
            peak += master->windows[kind]->rate.peak;
            average += window_average(master->windows[kind]);
        }
    }
    add(text, "#EXT-X-STREAM-INF:BANDWIDTH=%" PRIu64 ",AVERAGE-BANDWIDTH=%" PRIu64, peak, average);
    add_codecs(text, master);
    if (video != NULL) {
        const uint64_t rate = frame_rate(master);
        const uint64_t width = (uint64_t)video->h264.width * video->h264.aspect_width /
                               video->h264.aspect_height;
        add(text, ",RESOLUTION=%" PRIu64 "x%" PRIu32, width, video->h264.height);
        if (rate > 0) {
            add(text, ",FRAME-RATE=%" PRIu64 ".%03" PRIu64, rate / 1000, rate % 1000);
        }
        add(text, ",CLOSED-CAPTIONS=NONE");
    }
    const bool group = video != NULL && master->tracks[TRACK_AUDIO] != NULL;
    add(text, group ? ",AUDIO=\"audio\"\n" : "\n");
}

size_t playlist_master(const struct playlist_master *master, char *out, size_t room)
{
    struct text text = {out, room, 0};
    const struct track *audio = master->tracks[TRACK_AUDIO];
    const bool has_video = master->tracks[TRACK_VIDEO] != NULL;
    add(&text, "#EXTM3U\n#EXT-X-VERSION:%d\n", VERSION_MASTER);
    if (master->independent) {
        add(&text, "#EXT-X-INDEPENDENT-SEGMENTS\n");
    }
    struct names_file file = {.what = NAMES_MEDIA, .kind = TRACK_AUDIO};
    if (has_video && audio != NULL) {
        add(&text,
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"main\",DEFAULT=YES,"
            "AUTOSELECT=YES,CHANNELS=\"%u\",",
            audio->aac.object_type == 29 ? 2u : audio->aac.channels);
        add_name(&text, "URI=\"", &file, "\"");
    }
    add_variant(&text, master);
    file.kind = has_video ? TRACK_VIDEO : TRACK_AUDIO;
    add_name(&text, "", &file, "");
    return text.len;
}

static void add_wall(struct text *text, int64_t wall_ms)
{
    const time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    if (wall_ms < 0 || gmtime_r(&seconds, &utc) == NULL) {
        return;
    }
    add(text, "#EXT-X-PROGRAM-DATE-TIME:%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\n", utc.tm_year + 1900,
        utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, (int)(wall_ms % 1000));
}

static void add_map(struct text *text, const struct playlist_media *media, uint32_t init)
{
    const struct names_file file = {NAMES_INIT, media->kind, media->session, init};
    add_name(text, "#EXT-X-MAP:URI=\"", &file, "\"");
}

static void add_segment(struct text *text, const struct playlist_media *media, uint32_t index)
{
    const struct window_segment *segment = &media->segments[index];
    const struct names_file file = {NAMES_SEGMENT, media->kind, media->session, segment->msn};
    const uint64_t us = window_segment_us(segment);
    if (segment->discontinuity) {
        add(text, "#EXT-X-DISCONTINUITY\n");
    }
    if (index == 0 || segment->discontinuity || segment->init != segment[-1].init) {
        add_map(text, media, segment->init);
    }
    add_wall(text, segment->wall_ms);
    if (segment->gap) {
        add(text, "#EXT-X-GAP\n");
    }
    add(text, "#EXTINF:%" PRIu64 ".%06" PRIu64 ",\n", us / 1000000, us % 1000000);
    add_name(text, "", &file, "");
}

size_t playlist_media(const struct playlist_media *media, char *out, size_t room)
{
    struct text text = {out, room, 0};
    const struct window_segment *first = &media->segments[0];
    add(&text, "#EXTM3U\n#EXT-X-VERSION:%d\n#EXT-X-TARGETDURATION:%" PRIu32 "\n", VERSION_MEDIA,
        media->target_s);
    add(&text, "#EXT-X-MEDIA-SEQUENCE:%" PRIu64 "\n", first->msn);
    add(&text, "#EXT-X-DISCONTINUITY-SEQUENCE:%" PRIu64 "\n",
        media->discontinuities + first->discontinuities - (first->discontinuity ? 1 : 0));
    for (uint32_t i = 0; i < media->count; i++) {
        add_segment(&text, media, i);
    }
    if (media->ended) {
        add(&text, "#EXT-X-ENDLIST\n");
    }
    return text.len;
}
