/* SPDX-License-Identifier: MIT */
/* From media messages to tracks and packets, with a hub that writes down what it is given. */
#include <stdlib.h>
#include <string.h>

#include "live.h"
#include "support.h"

#define AVCC "\x01\x42\xc0\x1e\xff\xe1\0"
#define AVCC_2 "\x01\x64\0\x28\xff\xe1\0"

/* What the hub was given. */
static struct {
    uint32_t tracks;
    uint32_t track;
    uint32_t codec;
    uint8_t config[16];
    uint32_t packets;
    struct dais_packet packet;
    int32_t answer;
} hub;

static uint32_t bufs_alive;

struct counted_buf {
    struct dais_buf buf;
    uint32_t refs;
};

static struct dais_buf *buf_new(uint64_t bytes)
{
    struct counted_buf *counted = malloc(sizeof(*counted));
    assert_non_null(counted);
    *counted = (struct counted_buf){.buf = {malloc(bytes), bytes}, .refs = 1};
    bufs_alive++;
    return &counted->buf;
}

static struct dais_buf *buf_ref(struct dais_buf *buf)
{
    ((struct counted_buf *)buf)->refs++;
    return buf;
}

static void buf_unref(struct dais_buf *buf)
{
    struct counted_buf *counted = (struct counted_buf *)buf;
    if (!buf || --counted->refs > 0)
        return;
    free(buf->data);
    free(counted);
    bufs_alive--;
}

static int32_t hub_track(dais_handle publisher, const struct dais_track *track)
{
    assert_int_equal(publisher, 7);
    if (hub.answer)
        return hub.answer;
    hub.tracks++;
    hub.track = track->index;
    hub.codec = track->codec;
    assert_true(track->config->len <= sizeof(hub.config));
    memcpy(hub.config, track->config->data, track->config->len);
    return 0;
}

static int32_t hub_packet(dais_handle publisher, const struct dais_packet *packet)
{
    assert_int_equal(publisher, 7);
    if (hub.answer)
        return hub.answer;
    assert_true(packet->offset + packet->len <= packet->buf->len);
    hub.packets++;
    hub.packet = *packet;
    return 0;
}

static const struct dais_mem_v1 mem_table = {
    .buf_new = buf_new, .buf_ref = buf_ref, .buf_unref = buf_unref};
static const struct dais_media_v1 media_table = {.track = hub_track, .packet = hub_packet};

static int setup(void **state)
{
    static struct live live;
    memset(&hub, 0, sizeof(hub));
    dais_mem = &mem_table;
    dais_media = &media_table;
    live_init(&live, 7);
    *state = &live;
    return 0;
}

static int teardown(void **state)
{
    live_fini(*state);
    assert_int_equal(bufs_alive, 0);
    return 0;
}

static int32_t give(struct live *live, uint8_t type, int64_t timestamp_ms, struct dais_str data)
{
    struct dais_buf *body = buf_new(data.len);
    memcpy(body->data, data.ptr, data.len);
    const struct session_media media = {
        .type = type,
        .timestamp_ms = timestamp_ms,
        .body = body,
        .data = dais_str((const char *)body->data, body->len),
    };
    int32_t error = live_media(live, &media);
    buf_unref(body);
    return error;
}

#define GIVE(live, type, timestamp, literal)                                                       \
    give((live), (type), (timestamp), dais_str((literal), sizeof(literal) - 1))

static void a_track_then_its_packets(void **state)
{
    struct live *live = *state;
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0, "\x17\0\0\0\0" AVCC), 0);
    assert_int_equal(hub.tracks, 1);
    assert_int_equal(hub.track, LIVE_VIDEO);
    assert_int_equal(hub.codec, DAIS_CODEC_H264);
    assert_memory_equal(hub.config, AVCC, sizeof(AVCC) - 1);
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 1000, "\x17\x01\0\0\x50idr"), 0);
    assert_int_equal(hub.packet.offset, 5);
    assert_int_equal(hub.packet.len, 3);
    assert_int_equal(hub.packet.flags, DAIS_PACKET_KEY);
    assert_int_equal(hub.packet.dts, 90000);
    assert_int_equal(hub.packet.pts, 97200);
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 1040, "\x27\x01\xff\xff\xd8p"), 0);
    assert_int_equal(hub.packet.flags, 0);
    assert_int_equal(hub.packet.pts, 90000);
    assert_int_equal(GIVE(live, CHUNK_AUDIO, 0, "\xaf\0\x12\x10"), 0);
    assert_int_equal(hub.codec, DAIS_CODEC_AAC);
    assert_int_equal(GIVE(live, CHUNK_AUDIO, 23, "\xaf\x01raw"), 0);
    assert_int_equal(hub.packet.track, LIVE_AUDIO);
    assert_int_equal(hub.packet.offset, 2);
    assert_int_equal(hub.packet.flags, DAIS_PACKET_KEY);
    assert_int_equal(hub.packets, 3);
}

static void a_repeated_configuration_is_no_news(void **state)
{
    struct live *live = *state;
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0, "\x17\0\0\0\0" AVCC), 0);
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0, "\x17\x01\0\0\0idr"), 0);
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0, "\x17\0\0\0\0" AVCC), 0);
    assert_int_equal(hub.tracks, 1);
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0, "\x27\x01\0\0\0p"), 0);
    assert_int_equal(hub.packets, 2);
}

static void a_changed_configuration_waits_for_a_keyframe(void **state)
{
    struct live *live = *state;
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0, "\x17\0\0\0\0" AVCC), 0);
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0, "\x17\x01\0\0\0idr"), 0);
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0,
                          "\x90"
                          "avc1" AVCC_2),
                     0);
    assert_int_equal(hub.tracks, 2);
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0, "\x27\x01\0\0\0p"), 0);
    assert_int_equal(hub.packets, 1);
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0,
                          "\x93"
                          "avc1idr"),
                     0);
    assert_int_equal(hub.packets, 2);
    assert_int_equal(live->packets_dropped, 1);
}

static void frames_without_a_configuration_are_held_back(void **state)
{
    struct live *live = *state;
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0, "\x17\x01\0\0\0idr"), 0);
    assert_int_equal(GIVE(live, CHUNK_AUDIO, 0, "\xaf\x01raw"), 0);
    assert_int_equal(hub.packets, 0);
    assert_int_equal(live->packets_dropped, 2);
}

static void after_a_dropped_packet_video_waits_for_a_keyframe(void **state)
{
    struct live *live = *state;
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0, "\x17\0\0\0\0" AVCC), 0);
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0, "\x17\x01\0\0\0idr"), 0);
    hub.answer = DAIS_E_LIMIT;
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 40, "\x27\x01\0\0\0p"), 0);
    hub.answer = 0;
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 80, "\x27\x01\0\0\0p"), 0);
    assert_int_equal(hub.packets, 1);
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 120, "\x17\x01\0\0\0idr"), 0);
    assert_int_equal(hub.packets, 2);
}

static void who_was_displaced_learns_it(void **state)
{
    struct live *live = *state;
    hub.answer = DAIS_E_GONE;
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0, "\x17\0\0\0\0" AVCC), DAIS_E_GONE);
}

static void other_codecs_are_refused_by_name(void **state)
{
    struct live *live = *state;
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0, "\x90hvc1conf"), DAIS_E_MEDIA_TYPE);
    assert_int_equal(live->refused.codec, FLV_CODEC_HEVC);
    assert_int_equal(GIVE(live, CHUNK_AUDIO, 0, "\x2fmp3"), DAIS_E_MEDIA_TYPE);
    assert_int_equal(live->refused.codec, FLV_CODEC_MP3);
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0, "\x12h263"), DAIS_E_MEDIA_TYPE);
    assert_int_equal(live->refused.legacy_codec, 2);
}

static void what_needs_no_answer_is_passed_over(void **state)
{
    struct live *live = *state;
    assert_int_equal(GIVE(live, CHUNK_DATA_AMF0, 0, "anything"), 0);
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0, "\x17\x02\0\0\0"), 0);
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0, "\x17\0\0\0\0"), 0);
    assert_int_equal(GIVE(live, CHUNK_AUDIO, 0, "\xaf\x01"), 0);
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0, "\x96\x03hvc1\x01x"), 0); /* a second track */
    assert_true(live->passed_over);
    assert_int_equal(hub.tracks + hub.packets, 0);
}

static void broken_configurations_are_errors(void **state)
{
    struct live *live = *state;
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0, "\x17\0\0\0\0\x01\x42"), DAIS_E_INVALID);
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0, "\x17\0\0\0\0\x02\x42\xc0\x1e\xff\xe1\0"),
                     DAIS_E_INVALID);
    assert_int_equal(GIVE(live, CHUNK_AUDIO, 0, "\xaf\0\x12"), DAIS_E_INVALID);
    assert_int_equal(GIVE(live, CHUNK_VIDEO, 0, "\x17"), DAIS_E_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_track_then_its_packets),
        TEST(a_repeated_configuration_is_no_news),
        TEST(a_changed_configuration_waits_for_a_keyframe),
        TEST(frames_without_a_configuration_are_held_back),
        TEST(after_a_dropped_packet_video_waits_for_a_keyframe),
        TEST(who_was_displaced_learns_it),
        TEST(other_codecs_are_refused_by_name),
        TEST(what_needs_no_answer_is_passed_over),
        TEST(broken_configurations_are_errors),
    };
    return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
