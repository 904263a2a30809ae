/* SPDX-License-Identifier: MIT */
/*
 * Real encoders, as bytes they sent (recordings/README.md): whatever the slices in which they
 * arrive, the same events come out, and the right number of them.
 */
#include <stdio.h>
#include <string.h>

#include "flv.h"
#include "support.h"

#define KEY "sk_00000000000000000000000000000000"

static const struct recording {
    const char *file;
    const char *app;
    const char *encoder;
    const char *writer; /* of the metadata */
    uint32_t video;     /* frames */
    uint32_t keys;
    uint32_t audio;
    int64_t first_ms;
    int64_t last_ms; /* of the last audio frame */
} recordings[] = {
    {"obs.bin", "live", "FMLE/3.0 (compatible; FMSc/1.0)", "obs-output module", 145, 3, 206, 0,
     4826},
    {"ffmpeg.bin", "live", "FMLE/3.0 (compatible; Lavf59", "Lavf59", 100, 2, 174, 0, 4074},
    {"ffmpeg_extended.bin", "a/b", "FMLE/3.0 (compatible; Lavf59", "Lavf59", 75, 3, 131, 16775920,
     16778995},
    {"gstreamer.bin", "live", "LNX 10,0,32,18", "GStreamer", 75, 2, 131, 0, 3018},
};

/* All that a session said, summed up so that two runs can be compared. */
struct summary {
    uint32_t published;
    uint32_t unpublished;
    uint32_t metadata;
    uint32_t configs;
    uint32_t video;
    uint32_t keys;
    uint32_t audio;
    uint32_t others;
    int64_t first_ms;
    int64_t last_ms;
    uint64_t hash;
};

static void hash_bytes(struct summary *summary, const void *from, uint64_t len)
{
    const uint8_t *bytes = from;
    for (uint64_t i = 0; i < len; i++)
        summary->hash = (summary->hash ^ bytes[i]) * 0x100000001b3u;
}

static bool starts_with(struct dais_str text, const char *start)
{
    return text.len >= strlen(start) && memcmp(text.ptr, start, strlen(start)) == 0;
}

static void sum_packets(struct summary *summary, const struct session_media *media)
{
    struct flv_reader reader;
    struct flv_packet packet;
    int32_t status;
    bool video = media->type == CHUNK_VIDEO;
    flv_reader_init(&reader, media->data, video);
    while ((status = flv_next(&reader, &packet)) > 0) {
        assert_int_equal(packet.codec, video ? FLV_CODEC_AVC : FLV_CODEC_AAC);
        summary->configs += packet.kind == FLV_CONFIG;
        summary->others += packet.kind == FLV_END || packet.kind == FLV_OTHER;
        if (packet.kind != FLV_FRAME)
            continue;
        if (summary->video + summary->audio == 0)
            summary->first_ms = media->timestamp_ms;
        summary->video += video;
        summary->keys += video && packet.key;
        summary->audio += !video;
        if (!video)
            summary->last_ms = media->timestamp_ms;
    }
    assert_int_equal(status, 0);
}

static void sum_event(struct summary *summary, const struct session_event *event,
                      const struct recording *recording)
{
    hash_bytes(summary, &event->kind, sizeof(event->kind));
    if (event->kind == SESSION_PUBLISH) {
        summary->published++;
        assert_true(dais_str_eq(event->publish.key, dais_cstr(KEY)));
        assert_true(dais_str_eq(event->publish.app, dais_cstr(recording->app)));
        assert_true(starts_with(event->publish.encoder, recording->encoder));
    } else if (event->kind == SESSION_UNPUBLISH) {
        summary->unpublished++;
    } else if (event->media.type == CHUNK_DATA_AMF0) {
        struct flv_metadata metadata;
        assert_int_equal(flv_read_metadata(event->media.data, &metadata), 1);
        assert_true(starts_with(metadata.encoder, recording->writer));
        summary->metadata++;
    } else {
        hash_bytes(summary, &event->media.timestamp_ms, sizeof(int64_t));
        hash_bytes(summary, event->media.data.ptr, event->media.data.len);
        sum_packets(summary, &event->media);
    }
}

/* Feeds one slice and answers as the server would. */
static void feed(struct session *session, struct dais_str in, struct summary *summary,
                 const struct recording *recording)
{
    struct session_event event;
    int32_t status;
    do {
        status = session_feed(session, &in, &event);
        assert_true(status >= 0);
        if (status > 0)
            sum_event(summary, &event, recording);
        if (status > 0 && event.kind == SESSION_PUBLISH)
            assert_int_equal(session_accept(session), 0);
        if (status > 0 && event.kind == SESSION_MEDIA && event.media.body)
            session->bodies.body_unref(session->bodies.ctx, event.media.body);
        session_sent(session, session_output(session).len);
    } while (status > 0 || in.len > 0);
}

static struct summary play(const struct recording *recording, size_t slice)
{
    char path[4096];
    struct support_bytes bytes = {0};
    snprintf(path, sizeof(path), "%s/%s", RECORDINGS, recording->file);
    support_read_file(&bytes, path);

    static struct session session;
    struct support_bodies counts;
    struct session_config config = support_config(&counts);
    struct summary summary = {.hash = 0xcbf29ce484222325u};
    session_init(&session, &config);
    for (size_t at = 0; at < bytes.len; at += slice) {
        size_t len = bytes.len - at < slice ? bytes.len - at : slice;
        feed(&session, dais_str((const char *)bytes.data + at, len), &summary, recording);
    }
    session_fini(&session);
    support_free(&bytes);
    assert_int_equal(counts.alive, 0);
    return summary;
}

static void recordings_are_understood(void **state)
{
    for (size_t i = 0; i < sizeof(recordings) / sizeof(recordings[0]); i++) {
        const struct recording *recording = &recordings[i];
        struct summary summary = play(recording, 65536);
        assert_int_equal(summary.published, 1);
        assert_int_equal(summary.unpublished, 1);
        assert_true(summary.metadata > 0); /* GStreamer repeats it */
        assert_int_equal(summary.configs, 2);
        assert_int_equal(summary.video, recording->video);
        assert_int_equal(summary.keys, recording->keys);
        assert_int_equal(summary.audio, recording->audio);
        assert_int_equal(summary.first_ms, recording->first_ms);
        assert_int_equal(summary.last_ms, recording->last_ms);
    }
}

static void slices_make_no_difference(void **state)
{
    const size_t slices[] = {1, 2, 13, 128, 1460, 4096};
    for (size_t i = 0; i < sizeof(recordings) / sizeof(recordings[0]); i++) {
        struct summary whole = play(&recordings[i], SIZE_MAX / 2);
        for (size_t j = 0; j < sizeof(slices) / sizeof(slices[0]); j++) {
            struct summary sliced = play(&recordings[i], slices[j]);
            assert_memory_equal(&sliced, &whole, sizeof(whole));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recordings_are_understood),
        cmocka_unit_test(slices_make_no_difference),
    };
    return cmocka_run_group_tests_name("recordings", tests, NULL, NULL);
}
