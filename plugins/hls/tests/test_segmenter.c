/* SPDX-License-Identifier: MIT */
/* The rules of cutting, one test a rule. Times are in milliseconds; video has 25 frames a second.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "collect.h"

#define FRAME_MS 40
#define MSN 1000u
#define DISCONTINUITY 500u
#define START_MS 5000

static const struct segmenter_limits usual = {.first_msn = MSN,
                                              .first_discontinuity = DISCONTINUITY};

/* Pushes what comes between two times as an encoder interleaves it; a keyframe each `gop_ms`. */
struct source {
    struct collect *collect;
    int64_t gop_ms;
    bool video;
    bool audio;
    int64_t audio_frames; /* frames of 1024 samples at 48 kHz since START_MS */
};

static void play(struct source *source, int64_t from_ms, int64_t to_ms)
{
    for (int64_t ms = from_ms; ms < to_ms; ms++) {
        if (source->video && (ms - START_MS) % FRAME_MS == 0) {
            const bool key = (ms - START_MS) % source->gop_ms == 0;
            (void)collect_push(source->collect, TRACK_VIDEO, key, ms);
        }
        while (source->audio && START_MS + source->audio_frames * 64 / 3 <= ms) {
            const int64_t at = START_MS + source->audio_frames++ * 64 / 3;
            (void)collect_push(source->collect, TRACK_AUDIO, true, at);
        }
    }
}

static struct source both(struct segmenter_limits limits, int64_t gop_ms)
{
    struct source source = {collect_new(limits), gop_ms, true, true, 0};
    collect_video(source.collect, 1);
    collect_audio(source.collect, 48000, 1);
    return source;
}

static uint64_t cut_ms(const struct collect_cut *cut)
{
    return cut->cut.ticks * 1000 / cut->cut.timescale;
}

static void test_segments_end_at_keyframes(void **state)
{
    struct source source = both(usual, 1000);
    play(&source, START_MS, START_MS + 9000);
    const struct collect *collect = source.collect;
    assert_int_equal(collect->segmenter.target_s, 2);
    for (uint64_t msn = MSN; msn < MSN + 4; msn++) {
        const struct collect_cut *video = collect_find(collect, TRACK_VIDEO, msn);
        const struct collect_cut *audio = collect_find(collect, TRACK_AUDIO, msn);
        assert_non_null(video);
        assert_non_null(audio);
        assert_true(video->key);
        assert_int_equal(cut_ms(video), 2000);
        assert_int_equal(video->cut.fragment.count, 50);
        assert_in_range(cut_ms(audio), 1978, 2022);
        assert_false(video->cut.discontinuity);
        assert_int_equal(video->cut.discontinuities, DISCONTINUITY);
        const int64_t expected = START_MS + (int64_t)(msn - MSN) * 2000;
        assert_int_equal(video->cut.wall_ms, expected);
        assert_in_range(audio->cut.wall_ms, expected, expected + 22);
    }
    assert_null(collect_find(collect, TRACK_VIDEO, MSN + 4));
    collect_free(source.collect);
}

static void test_tracks_stay_as_far_apart_as_received(void **state)
{
    struct collect *collect = collect_new(usual);
    collect_video(collect, 1);
    collect_audio(collect, 44100, 1);
    for (int64_t i = 0; i < 110; i++) {
        const int64_t ms = i * FRAME_MS;
        assert_int_equal(collect_push(collect, TRACK_VIDEO, ms % 2000 == 0, ms), DAIS_OK);
        assert_int_equal(collect_push(collect, TRACK_AUDIO, true, ms + 13), DAIS_OK);
    }
    const struct collect_cut *video = &collect->cuts[0];
    const struct collect_cut *audio = collect_find(collect, TRACK_AUDIO, MSN);
    const int64_t video_us = (int64_t)(video->first_dts * 1000 / 90);
    const int64_t audio_us = (int64_t)(audio->first_dts * 1000000 / 44100);
    assert_in_range(audio_us - video_us, 12950, 13050);
    collect_free(collect);
}

/* A whole segment has counted times although the source's are rounded to milliseconds. */
static void test_audio_is_timed_by_counting(void **state)
{
    struct source source = both(usual, 2000);
    play(&source, START_MS, START_MS + 8500);
    uint64_t next = 0;
    for (uint64_t msn = MSN; msn < MSN + 4; msn++) {
        const struct collect_cut *audio = collect_find(source.collect, TRACK_AUDIO, msn);
        assert_int_equal(audio->cut.ticks, audio->cut.fragment.count * 1024u);
        assert_true(next == 0 || audio->first_dts == next);
        next = audio->first_dts + audio->cut.ticks;
    }
    collect_free(source.collect);
}

static void test_audio_follows_the_clock_after_a_hole(void **state)
{
    struct source source = both(usual, 2000);
    play(&source, START_MS, START_MS + 3000);
    source.audio_frames += 20; /* 427 ms are missing */
    play(&source, START_MS + 3000, START_MS + 6500);
    const struct collect_cut *second = collect_find(source.collect, TRACK_AUDIO, MSN + 1);
    const uint32_t whole = (second->cut.fragment.count + 20) * 1024u;
    assert_in_range(second->cut.ticks, whole - 48, whole + 48);
    assert_in_range(cut_ms(second), 1978, 2022);
    collect_free(source.collect);
}

static void test_audio_that_overlaps_is_refused(void **state)
{
    struct collect *collect = collect_new(usual);
    collect_audio(collect, 48000, 1);
    for (int64_t ms = 0; ms < 1000; ms += 21) {
        assert_int_equal(collect_push(collect, TRACK_AUDIO, true, ms), DAIS_OK);
    }
    assert_int_equal(collect_push(collect, TRACK_AUDIO, true, 800), DAIS_E_CONFLICT);
    collect_free(collect);
}

static void test_audio_alone_is_cut_by_duration(void **state)
{
    struct source source = {collect_new(usual), 2000, false, true, 0};
    collect_audio(source.collect, 48000, 1);
    play(&source, START_MS, START_MS + 10000);
    for (uint64_t msn = MSN; msn < MSN + 4; msn++) {
        const struct collect_cut *audio = collect_find(source.collect, TRACK_AUDIO, msn);
        assert_non_null(audio);
        assert_in_range(cut_ms(audio), 1880, 2022);
    }
    assert_int_equal(source.collect->segmenter.target_s, 2);
    collect_free(source.collect);
}

static void test_long_groups_raise_the_target_once(void **state)
{
    struct source source = both(usual, 6000);
    play(&source, START_MS, START_MS + 13000);
    assert_int_equal(source.collect->segmenter.target_s, 6);
    assert_int_equal(cut_ms(collect_find(source.collect, TRACK_VIDEO, MSN + 1)), 6000);
    assert_int_equal(source.collect->segmenter.forced, 0);
    collect_free(source.collect);
}

/* The target duration is known as 2 s when keyframes become rare. */
static void test_groups_that_grow_are_cut_between_keyframes(void **state)
{
    struct source source = both(usual, 2000);
    play(&source, START_MS, START_MS + 4000);
    source.gop_ms = 100000;
    play(&source, START_MS + 4000, START_MS + 12000);
    assert_int_equal(source.collect->segmenter.target_s, 2);
    assert_true(source.collect->segmenter.forced >= 2);
    for (uint32_t i = 0; i < source.collect->count; i++) {
        assert_true(cut_ms(&source.collect->cuts[i]) < 2500);
    }
    collect_free(source.collect);
}

static void test_a_jump_is_a_discontinuity_without_a_hole(void **state)
{
    struct source source = both(usual, 2000);
    play(&source, START_MS, START_MS + 3000);
    const struct collect_cut *before = &source.collect->cuts[0];
    assert_int_equal(source.collect->segmenter.jumps, 0);
    /* the same encoder, an hour later in its own time */
    const int64_t jump_ms = 3600000;
    source.audio_frames = jump_ms * 3 / 64;
    play(&source, START_MS + jump_ms, START_MS + jump_ms + 2500);
    const struct collect_cut *cut_short = collect_find(source.collect, TRACK_VIDEO, MSN + 1);
    const struct collect_cut *after = collect_find(source.collect, TRACK_VIDEO, MSN + 2);
    assert_int_equal(source.collect->segmenter.jumps, 1);
    assert_int_equal(cut_ms(cut_short), 1000);
    assert_true(after->cut.discontinuity);
    assert_int_equal(after->cut.discontinuities, DISCONTINUITY + 1);
    assert_true(after->key);
    assert_in_range(after->first_dts - before->first_dts, 3000 * 90, 3030 * 90);
    assert_true(collect_find(source.collect, TRACK_AUDIO, MSN + 2)->cut.discontinuity);
    collect_free(source.collect);
}

static void test_jumps_are_followed_once_a_second(void **state)
{
    struct collect *collect = collect_new(usual);
    collect_video(collect, 1);
    uint32_t followed = 0;
    for (int64_t i = 0; i < 100; i++) {
        void *ref = malloc(1);
        const struct segmenter_packet packet = {
            .kind = TRACK_VIDEO,
            .key = 1,
            .dts = (i % 2) * 100 * TRACK_CLOCK,
            .pts = (i % 2) * 100 * TRACK_CLOCK,
            .ptr = ref,
            .len = 1,
            .ref = ref,
            .wall_ms = 100000 + i * 10,
        };
        collect->refs++;
        if (segmenter_push(&collect->segmenter, &packet) != DAIS_OK) {
            collect->refs--;
            free(ref);
        } else {
            followed++;
        }
    }
    assert_int_equal(collect->segmenter.jumps, 1);
    assert_int_equal(followed, 51);
    collect_free(collect);
}

static void test_a_new_configuration_is_a_discontinuity(void **state)
{
    struct source source = both(usual, 2000);
    play(&source, START_MS, START_MS + 4000);
    collect_video(source.collect, 2);
    play(&source, START_MS + 4000, START_MS + 6500);
    assert_int_equal(collect_find(source.collect, TRACK_VIDEO, MSN + 1)->cut.init, 1);
    const struct collect_cut *after = collect_find(source.collect, TRACK_VIDEO, MSN + 2);
    assert_int_equal(after->cut.init, 2);
    assert_true(after->cut.discontinuity);
    assert_true(collect_find(source.collect, TRACK_AUDIO, MSN + 2)->cut.discontinuity);
    collect_free(source.collect);
}

static void test_an_encoder_comes_back(void **state)
{
    struct source source = both(usual, 2000);
    play(&source, START_MS, START_MS + 3500);
    segmenter_break(&source.collect->segmenter);
    assert_int_equal(source.collect->refs, 0);
    assert_int_equal(collect_push(source.collect, TRACK_VIDEO, true, 0), DAIS_E_STATE);
    collect_video(source.collect, 1);
    collect_audio(source.collect, 48000, 1);
    source.audio_frames = 0;
    play(&source, START_MS, START_MS + 2500);
    assert_int_equal(cut_ms(collect_find(source.collect, TRACK_VIDEO, MSN + 1)), 1520);
    const struct collect_cut *after = collect_find(source.collect, TRACK_VIDEO, MSN + 2);
    assert_true(after->cut.discontinuity);
    assert_true(after->cut.wall_ms >= START_MS + 3500);
    collect_free(source.collect);
}

static void test_silent_audio_becomes_a_gap(void **state)
{
    struct source source = both(usual, 2000);
    play(&source, START_MS, START_MS + 2100);
    source.audio = false;
    play(&source, START_MS + 2100, START_MS + 8000);
    const struct collect_cut *gap = collect_find(source.collect, TRACK_AUDIO, MSN + 2);
    assert_true(gap->cut.gap);
    assert_int_equal(cut_ms(gap), 2000);
    assert_int_equal(cut_ms(collect_find(source.collect, TRACK_VIDEO, MSN + 2)), 2000);
    collect_free(source.collect);
}

static void test_silent_video_becomes_a_gap(void **state)
{
    struct source source = both(usual, 2000);
    play(&source, START_MS, START_MS + 2100);
    source.video = false;
    play(&source, START_MS + 2100, START_MS + 9000);
    source.video = true;
    play(&source, START_MS + 9000, START_MS + 13000);
    const struct collect *collect = source.collect;
    bool gap = false;
    for (uint64_t msn = MSN + 1; collect_find(collect, TRACK_AUDIO, msn) != NULL; msn++) {
        const struct collect_cut *video = collect_find(collect, TRACK_VIDEO, msn);
        assert_non_null(video);
        assert_true(gap == false || video->cut.gap || video->key);
        assert_true(cut_ms(video) < 2500);
        gap = gap || video->cut.gap;
    }
    assert_true(gap);
    collect_free(source.collect);
}

static void test_audio_that_joins_late_begins_with_a_keyframe(void **state)
{
    struct source source = {collect_new(usual), 2000, true, false, 0};
    collect_video(source.collect, 1);
    play(&source, START_MS, START_MS + 3000);
    collect_audio(source.collect, 48000, 1);
    source.audio = true;
    source.audio_frames = 3000 * 3 / 64;
    play(&source, START_MS + 3000, START_MS + 6500);
    assert_null(collect_find(source.collect, TRACK_AUDIO, MSN + 1));
    assert_true(collect_find(source.collect, TRACK_VIDEO, MSN + 2)->cut.discontinuity);
    assert_non_null(collect_find(source.collect, TRACK_AUDIO, MSN + 2));
    assert_int_equal(cut_ms(collect_find(source.collect, TRACK_VIDEO, MSN + 1)), 2000);
    collect_free(source.collect);
}

static void test_starts_at_a_keyframe(void **state)
{
    struct collect *collect = collect_new(usual);
    collect_video(collect, 1);
    collect_audio(collect, 48000, 1);
    assert_int_equal(collect_push(collect, TRACK_AUDIO, true, 0), DAIS_OK);
    assert_int_equal(collect_push(collect, TRACK_VIDEO, false, 10), DAIS_E_STATE);
    assert_int_equal(collect_push(collect, TRACK_AUDIO, true, 990), DAIS_OK);
    assert_int_equal(collect_push(collect, TRACK_VIDEO, true, 1000), DAIS_OK);
    assert_int_equal(collect->refs, 2); /* the first audio frame was given back */
    collect_free(collect);
}

/* Frames are lost while sound goes on: neither track may exceed the target duration. */
static void test_a_hole_in_video_keeps_the_target(void **state)
{
    struct source source = both(usual, 2000);
    play(&source, START_MS, START_MS + 6000);
    source.video = false;
    play(&source, START_MS + 6000, START_MS + 6920);
    source.video = true;
    play(&source, START_MS + 6920, START_MS + 12000);
    assert_int_equal(source.collect->segmenter.target_s, 2);
    assert_int_equal(source.collect->segmenter.jumps, 0);
    for (uint32_t i = 0; i < source.collect->count; i++) {
        assert_true(cut_ms(&source.collect->cuts[i]) < 2500);
        assert_false(source.collect->cuts[i].cut.gap);
    }
    collect_free(source.collect);
}

static void test_audio_from_before_the_start_is_refused(void **state)
{
    struct collect *collect = collect_new(usual);
    collect_video(collect, 1);
    collect_audio(collect, 48000, 1);
    assert_int_equal(collect_push(collect, TRACK_VIDEO, true, 2000), DAIS_OK);
    assert_int_equal(collect_push(collect, TRACK_AUDIO, true, 1000), DAIS_E_STATE);
    assert_int_equal(collect_push(collect, TRACK_AUDIO, true, 2000), DAIS_OK);
    collect_free(collect);
}

/* Three seconds are missing while sound alone waits to begin. */
static void test_audio_alone_with_a_hole_keeps_the_target(void **state)
{
    struct collect *collect = collect_new(usual);
    collect_audio(collect, 48000, 1);
    assert_int_equal(collect_push(collect, TRACK_AUDIO, true, 0), DAIS_OK);
    for (int64_t i = 0; i < 300; i++) {
        assert_int_equal(collect_push(collect, TRACK_AUDIO, true, 2900 + i * 64 / 3), DAIS_OK);
    }
    assert_int_equal(collect->segmenter.target_s, 2);
    for (uint32_t i = 0; i < collect->count; i++) {
        assert_true(cut_ms(&collect->cuts[i]) < 2500);
    }
    collect_free(collect);
}

static void test_bytes_bound_a_segment(void **state)
{
    struct segmenter_limits limits = usual;
    limits.segment_bytes_max = 2000;
    struct source source = {collect_new(limits), 100000, true, false, 0};
    collect_video(source.collect, 1);
    play(&source, START_MS, START_MS + 4000);
    for (uint32_t i = 0; i < source.collect->count; i++) {
        assert_true(source.collect->cuts[i].cut.fragment.bytes <= 2000);
    }
    assert_int_equal(source.collect->segmenter.forced, 4);
    collect_free(source.collect);
}

static void test_fragments_make_up_a_segment(void **state)
{
    struct segmenter_limits limits = usual;
    limits.fragment_ms = 320;
    struct source source = both(limits, 2000);
    play(&source, START_MS, START_MS + 4500);
    uint32_t parts = 0;
    uint64_t ticks = 0;
    for (uint32_t i = 0; i < source.collect->count; i++) {
        const struct segmenter_cut *cut = &source.collect->cuts[i].cut;
        if (cut->fragment.kind == TRACK_VIDEO && cut->msn == MSN) {
            assert_int_equal(cut->part, parts++);
            assert_true(cut->ticks > ticks);
            ticks = cut->ticks;
        }
    }
    assert_int_equal(parts, 7); /* six of 320 ms and one of 80 ms */
    assert_int_equal(ticks, 2000 * 90);
    collect_free(source.collect);
}

static void test_refuses_packets_that_cannot_be(void **state)
{
    struct collect *collect = collect_new(usual);
    assert_int_equal(collect_push(collect, TRACK_VIDEO, true, 0), DAIS_E_STATE);
    collect_video(collect, 1);
    const uint8_t byte = 0;
    struct segmenter_packet packet = {.kind = TRACK_VIDEO, .key = 1, .ptr = &byte, .len = 0};
    assert_int_equal(segmenter_push(&collect->segmenter, &packet), DAIS_E_INVALID);
    packet.len = 1;
    packet.dts = INT64_MIN;
    assert_int_equal(segmenter_push(&collect->segmenter, &packet), DAIS_E_INVALID);
    packet.dts = 0;
    packet.pts = 11 * (int64_t)TRACK_CLOCK;
    assert_int_equal(segmenter_push(&collect->segmenter, &packet), DAIS_E_INVALID);
    collect_free(collect);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segments_end_at_keyframes),
        cmocka_unit_test(test_tracks_stay_as_far_apart_as_received),
        cmocka_unit_test(test_audio_is_timed_by_counting),
        cmocka_unit_test(test_audio_follows_the_clock_after_a_hole),
        cmocka_unit_test(test_audio_that_overlaps_is_refused),
        cmocka_unit_test(test_audio_alone_is_cut_by_duration),
        cmocka_unit_test(test_long_groups_raise_the_target_once),
        cmocka_unit_test(test_groups_that_grow_are_cut_between_keyframes),
        cmocka_unit_test(test_a_jump_is_a_discontinuity_without_a_hole),
        cmocka_unit_test(test_jumps_are_followed_once_a_second),
        cmocka_unit_test(test_a_new_configuration_is_a_discontinuity),
        cmocka_unit_test(test_an_encoder_comes_back),
        cmocka_unit_test(test_silent_audio_becomes_a_gap),
        cmocka_unit_test(test_silent_video_becomes_a_gap),
        cmocka_unit_test(test_audio_that_joins_late_begins_with_a_keyframe),
        cmocka_unit_test(test_starts_at_a_keyframe),
        cmocka_unit_test(test_a_hole_in_video_keeps_the_target),
        cmocka_unit_test(test_audio_from_before_the_start_is_refused),
        cmocka_unit_test(test_audio_alone_with_a_hole_keeps_the_target),
        cmocka_unit_test(test_bytes_bound_a_segment),
        cmocka_unit_test(test_fragments_make_up_a_segment),
        cmocka_unit_test(test_refuses_packets_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
