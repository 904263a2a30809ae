/* SPDX-License-Identifier: MIT */
/* Configuration records of H.264 as x264 and Apple's encoder write them, and broken ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "h264.h"

#define VIEW(bytes) dais_str((const char *)(bytes), sizeof(bytes))

/* x264, 1920x1080 at 30 frames a second, High 4.0: 1088 lines, eight of them cropped. */
static const uint8_t x264_1080p[] = {
    0x01, 0x64, 0x00, 0x28, 0xff, 0xe1, 0x00, 0x1b, 0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78,
    0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c,
    0x60, 0xc6, 0x58, 0x01, 0x00, 0x05, 0x68, 0xeb, 0x83, 0xf2, 0xc0, 0xfd, 0xf8, 0xf8, 0x00};

/* x264, 320x240 at 30 frames a second, Constrained Baseline 1.3. */
static const uint8_t x264_240p[] = {0x01, 0x42, 0xc0, 0x0d, 0xff, 0xe1, 0x00, 0x18, 0x67, 0x42,
                                    0xc0, 0x0d, 0xd9, 0x01, 0x41, 0xfb, 0x01, 0x10, 0x00, 0x00,
                                    0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x42,
                                    0xa4, 0x80, 0x01, 0x00, 0x05, 0x68, 0xcb, 0x83, 0xcb, 0x20};

static void test_reads_a_record_of_x264(void **state)
{
    struct h264_config config;
    assert_int_equal(h264_config_parse(VIEW(x264_1080p), &config), DAIS_OK);
    assert_int_equal(config.width, 1920);
    assert_int_equal(config.height, 1080);
    assert_int_equal(config.nal_length_size, 4);
    assert_int_equal(config.rate_num, 30 * config.rate_den);
    assert_int_equal(config.aspect_width, config.aspect_height);
    char codec[H264_CODEC_CHARS];
    h264_codec(&config, codec);
    assert_string_equal(codec, "avc1.640028");
}

static void test_reads_baseline(void **state)
{
    struct h264_config config;
    assert_int_equal(h264_config_parse(VIEW(x264_240p), &config), DAIS_OK);
    assert_int_equal(config.width, 320);
    assert_int_equal(config.height, 240);
    assert_int_equal(config.profile, 66);
    assert_int_equal(config.rate_num, 30 * config.rate_den);
}

static void test_reads_a_set_without_usability(void **state)
{
    /* Written by hand, Baseline: 22x18 macroblocks, no cropping, no VUI. */
    static const uint8_t sps[] = {0x67, 0x42, 0xc0, 0x0d, 0xf4, 0x0b, 0x04, 0xb2};
    struct h264_config config;
    assert_int_equal(h264_sps_parse(VIEW(sps), &config), DAIS_OK);
    assert_int_equal(config.width, 352);
    assert_int_equal(config.height, 288);
    assert_int_equal(config.rate_num, 0);
    assert_int_equal(config.aspect_width, 1);
}

static void test_every_cut_of_a_record_is_refused(void **state)
{
    struct h264_config config;
    const size_t needed = sizeof(x264_1080p) - 4; /* the extension of High profile may be missing */
    for (size_t len = 0; len < needed; len++) {
        assert_int_equal(h264_config_parse(dais_str((const char *)x264_1080p, len), &config),
                         DAIS_E_INVALID);
    }
    assert_int_equal(h264_config_parse(dais_str((const char *)x264_1080p, needed), &config),
                     DAIS_OK);
}

static void test_refuses_wrong_records(void **state)
{
    struct h264_config config;
    uint8_t copy[sizeof(x264_1080p)];
    memcpy(copy, x264_1080p, sizeof(copy));
    copy[0] = 0; /* version */
    assert_int_equal(h264_config_parse(VIEW(copy), &config), DAIS_E_INVALID);
    memcpy(copy, x264_1080p, sizeof(copy));
    copy[4] = 0xfe; /* length prefixes of three bytes */
    assert_int_equal(h264_config_parse(VIEW(copy), &config), DAIS_E_INVALID);
    memcpy(copy, x264_1080p, sizeof(copy));
    copy[5] = 0xe0; /* no sequence parameter set */
    assert_int_equal(h264_config_parse(VIEW(copy), &config), DAIS_E_INVALID);
    static const uint8_t large[H264_RECORD_BYTES_MAX + 1] = {1};
    assert_int_equal(h264_config_parse(VIEW(large), &config), DAIS_E_TOO_LARGE);
}

static void test_refuses_sizes_out_of_bounds(void **state)
{
    /* Written by hand, Baseline: 2^20 macroblocks wide; then a crop that leaves nothing. */
    static const uint8_t wide[] = {0x67, 0x42, 0xc0, 0x0d, 0xf4, 0x00,
                                   0x00, 0x08, 0x00, 0x00, 0x84, 0xb2};
    static const uint8_t cropped[] = {0x67, 0x42, 0xc0, 0x0d, 0xf4, 0x0b,
                                      0x04, 0xb8, 0x16, 0x40, 0xb3, 0xa0};
    struct h264_config config;
    assert_int_equal(h264_sps_parse(VIEW(wide), &config), DAIS_E_INVALID);
    assert_int_equal(h264_sps_parse(VIEW(cropped), &config), DAIS_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_a_record_of_x264),
        cmocka_unit_test(test_reads_baseline),
        cmocka_unit_test(test_reads_a_set_without_usability),
        cmocka_unit_test(test_every_cut_of_a_record_is_refused),
        cmocka_unit_test(test_refuses_wrong_records),
        cmocka_unit_test(test_refuses_sizes_out_of_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
