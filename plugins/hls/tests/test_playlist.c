/* SPDX-License-Identifier: MIT */
/* Text of playlists, names of files, and the window behind them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "names.h"
#include "playlist.h"

static const struct window_segment segments[] = {
    {.msn = 1000,
     .ticks = 180000,
     .timescale = 90000,
     .init = 1,
     .wall_ms = 1700000000000,
     .discontinuities = 2,
     .bytes = 500000},
    {.msn = 1001,
     .ticks = 90003,
     .timescale = 90000,
     .init = 1,
     .wall_ms = 1700000002000,
     .discontinuities = 2,
     .bytes = 100000},
    {.msn = 1002,
     .ticks = 180000,
     .timescale = 90000,
     .init = 2,
     .wall_ms = 1700000009123,
     .discontinuities = 3,
     .discontinuity = true,
     .gap = true},
};

static void assert_media(const struct playlist_media *media, const char *expected)
{
    char text[2048];
    const size_t len = playlist_media(media, NULL, 0);
    assert_true(len < sizeof(text));
    assert_int_equal(playlist_media(media, text, len + 1), len);
    assert_string_equal(text, expected);
}

static void test_media_playlist(void **state)
{
    const struct playlist_media media = {.kind = TRACK_VIDEO,
                                         .segments = segments,
                                         .count = 3,
                                         .session = 42,
                                         .discontinuities = 5,
                                         .target_s = 2};
    assert_media(&media, "#EXTM3U\n"
                         "#EXT-X-VERSION:8\n"
                         "#EXT-X-TARGETDURATION:2\n"
                         "#EXT-X-MEDIA-SEQUENCE:1000\n"
                         "#EXT-X-DISCONTINUITY-SEQUENCE:7\n"
                         "#EXT-X-MAP:URI=\"v-42-i1.mp4\"\n"
                         "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z\n"
                         "#EXTINF:2.000000,\n"
                         "v-42-1000.m4s\n"
                         "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.000Z\n"
                         "#EXTINF:1.000033,\n"
                         "v-42-1001.m4s\n"
                         "#EXT-X-DISCONTINUITY\n"
                         "#EXT-X-MAP:URI=\"v-42-i2.mp4\"\n"
                         "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:29.123Z\n"
                         "#EXT-X-GAP\n"
                         "#EXTINF:2.000000,\n"
                         "v-42-1002.m4s\n");
}

/* The tag of the first segment still stands, so it does not count yet. */
static void test_a_discontinuity_counts_when_it_has_left(void **state)
{
    const struct playlist_media media = {.kind = TRACK_AUDIO,
                                         .segments = segments + 2,
                                         .count = 1,
                                         .session = 42,
                                         .discontinuities = 5,
                                         .target_s = 2,
                                         .ended = true};
    assert_media(&media, "#EXTM3U\n"
                         "#EXT-X-VERSION:8\n"
                         "#EXT-X-TARGETDURATION:2\n"
                         "#EXT-X-MEDIA-SEQUENCE:1002\n"
                         "#EXT-X-DISCONTINUITY-SEQUENCE:7\n"
                         "#EXT-X-DISCONTINUITY\n"
                         "#EXT-X-MAP:URI=\"a-42-i2.mp4\"\n"
                         "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:29.123Z\n"
                         "#EXT-X-GAP\n"
                         "#EXTINF:2.000000,\n"
                         "a-42-1002.m4s\n"
                         "#EXT-X-ENDLIST\n");
}

static const struct track video = {.kind = TRACK_VIDEO,
                                   .timescale = TRACK_CLOCK,
                                   .h264 = {.profile = 100,
                                            .level = 40,
                                            .width = 1920,
                                            .height = 1080,
                                            .aspect_width = 1,
                                            .aspect_height = 1,
                                            .rate_num = 30000,
                                            .rate_den = 1001}};
static const struct track audio = {.kind = TRACK_AUDIO,
                                   .timescale = 48000,
                                   .frame_ticks = 1024,
                                   .aac = {.object_type = 2, .channels = 2, .rate = 48000}};

static void assert_master(const struct playlist_master *master, const char *expected)
{
    char text[2048];
    const size_t len = playlist_master(master, NULL, 0);
    assert_true(len < sizeof(text));
    assert_int_equal(playlist_master(master, text, len + 1), len);
    assert_string_equal(text, expected);
}

static void test_master_playlist(void **state)
{
    struct window windows[TRACK_KINDS] = {0};
    window_append(&windows[TRACK_VIDEO], &segments[0], 2000);
    const struct window_segment sound = {.ticks = 96000, .timescale = 48000, .bytes = 32000};
    window_append(&windows[TRACK_AUDIO], &sound, 2000);
    struct playlist_master master = {
        .tracks = {&video, &audio}, .windows = {&windows[0], &windows[1]}, .independent = true};
    assert_master(&master, "#EXTM3U\n"
                           "#EXT-X-VERSION:6\n"
                           "#EXT-X-INDEPENDENT-SEGMENTS\n"
                           "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"main\",DEFAULT=YES,"
                           "AUTOSELECT=YES,CHANNELS=\"2\",URI=\"audio.m3u8\"\n"
                           "#EXT-X-STREAM-INF:BANDWIDTH=2128000,AVERAGE-BANDWIDTH=2128000,"
                           "CODECS=\"avc1.640028,mp4a.40.2\",RESOLUTION=1920x1080,"
                           "FRAME-RATE=29.970,CLOSED-CAPTIONS=NONE,AUDIO=\"audio\"\n"
                           "video.m3u8\n");
    master.tracks[TRACK_VIDEO] = NULL;
    assert_master(&master, "#EXTM3U\n"
                           "#EXT-X-VERSION:6\n"
                           "#EXT-X-INDEPENDENT-SEGMENTS\n"
                           "#EXT-X-STREAM-INF:BANDWIDTH=128000,AVERAGE-BANDWIDTH=128000,"
                           "CODECS=\"mp4a.40.2\"\n"
                           "audio.m3u8\n");
}

static void test_master_without_audio_and_with_measured_rate(void **state)
{
    struct window window = {0};
    window_append(&window, &segments[0], 2000);
    struct track silent = video;
    silent.h264.rate_num = 0;
    silent.h264.width = 720;
    silent.h264.height = 576;
    silent.h264.aspect_width = 16;
    silent.h264.aspect_height = 15;
    const struct playlist_master master = {
        .tracks = {&silent, NULL}, .windows = {&window, NULL}, .frames_per_1000s = 25000};
    assert_master(&master, "#EXTM3U\n"
                           "#EXT-X-VERSION:6\n"
                           "#EXT-X-STREAM-INF:BANDWIDTH=2000000,AVERAGE-BANDWIDTH=2000000,"
                           "CODECS=\"avc1.640028\",RESOLUTION=768x576,FRAME-RATE=25.000,"
                           "CLOSED-CAPTIONS=NONE\n"
                           "video.m3u8\n");
}

static void test_short_segments_make_no_peak(void **state)
{
    struct window window = {0};
    const struct window_segment brief = {.ticks = 9000, .timescale = 90000, .bytes = 1000000};
    window_append(&window, &segments[0], 2000);
    window_append(&window, &brief, 2000);
    assert_int_equal(window.rate.peak, 2000000);
    assert_int_equal(window_average(&window), 1500000 * 8ull * 10 / 21);
    assert_int_equal(window_longest_s(&window), 2);
    assert_int_equal(window_take(&window).msn, 1000);
    assert_int_equal(window.bytes, 1000000);
}

static void test_names_are_read_as_written(void **state)
{
    const struct names_file files[] = {
        {NAMES_MASTER, TRACK_VIDEO, 0, 0},
        {NAMES_MEDIA, TRACK_VIDEO, 0, 0},
        {NAMES_MEDIA, TRACK_AUDIO, 0, 0},
        {NAMES_INIT, TRACK_VIDEO, 17, 1},
        {NAMES_SEGMENT, TRACK_AUDIO, 17, 1700000000},
        {NAMES_SEGMENT, TRACK_VIDEO, 0, 9999999999999999999u},
    };
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char name[NAMES_CHARS];
        struct names_file read;
        names_write(&files[i], name);
        assert_int_equal(names_parse(dais_cstr(name), &read), DAIS_OK);
        assert_memory_equal(&read, &files[i], sizeof(read));
    }
}

static void test_other_names_are_not_found(void **state)
{
    static const char *const names[] = {"",
                                        "v",
                                        "v-1",
                                        "v-1-2",
                                        "v-01-2.m4s",
                                        "v-1-02.m4s",
                                        "v-1-2.m4",
                                        "v-1-2.m4sx",
                                        "v-1-i2.m4s",
                                        "v-1-2.mp4",
                                        "x-1-2.m4s",
                                        "v--2.m4s",
                                        "v-1-+2.m4s",
                                        "master",
                                        "v-1- 2.m4s",
                                        "master.m3u8 ",
                                        "../x",
                                        "v-1--2.m4s",
                                        "v-1-99999999999999999999.m4s"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct names_file file;
        assert_int_equal(names_parse(dais_cstr(names[i]), &file), DAIS_E_NOT_FOUND);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_media_playlist),
        cmocka_unit_test(test_a_discontinuity_counts_when_it_has_left),
        cmocka_unit_test(test_master_playlist),
        cmocka_unit_test(test_master_without_audio_and_with_measured_rate),
        cmocka_unit_test(test_short_segments_make_no_peak),
        cmocka_unit_test(test_names_are_read_as_written),
        cmocka_unit_test(test_other_names_are_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
