/* SPDX-License-Identifier: MIT */
/* AudioSpecificConfigs: plain, HE-AAC in both signallings, program configs, broken ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "aac.h"

static int32_t parse(const char *bytes, size_t len, struct aac_config *ret_config)
{
    return aac_config_parse(dais_str(bytes, len), ret_config);
}

static void assert_codec(const struct aac_config *config, const char *expected)
{
    char codec[AAC_CODEC_CHARS];
    aac_codec(config, codec);
    assert_string_equal(codec, expected);
}

static void test_reads_low_complexity(void **state)
{
    struct aac_config config;
    assert_int_equal(parse("\x12\x10", 2, &config), DAIS_OK);
    assert_int_equal(config.rate, 44100);
    assert_int_equal(config.channels, 2);
    assert_int_equal(config.frame_samples, 1024);
    assert_codec(&config, "mp4a.40.2");
}

/* As libavcodec writes it: a sync extension that says that there is no band replication. */
static void test_reads_an_extension_that_denies(void **state)
{
    struct aac_config config;
    assert_int_equal(parse("\x11\x88\x56\xe5\x00", 5, &config), DAIS_OK);
    assert_int_equal(config.rate, 48000);
    assert_int_equal(config.output_rate, 48000);
    assert_int_equal(config.channels, 1);
    assert_codec(&config, "mp4a.40.2");
}

static void test_reads_band_replication_in_front(void **state)
{
    /* type 5, 24000 Hz, stereo, extended to 48000 Hz, core type 2 */
    struct aac_config config;
    assert_int_equal(parse("\x2b\x11\x88\x00", 4, &config), DAIS_OK);
    assert_int_equal(config.rate, 24000);
    assert_int_equal(config.output_rate, 48000);
    assert_codec(&config, "mp4a.40.5");
}

static void test_reads_band_replication_behind(void **state)
{
    /* type 2, 24000 Hz, mono; sync extension: type 5, present, 48000 Hz; parametric stereo */
    struct aac_config config;
    assert_int_equal(parse("\x13\x08\x56\xe5\x9d\x48\x80", 7, &config), DAIS_OK);
    assert_int_equal(config.rate, 24000);
    assert_int_equal(config.output_rate, 48000);
    assert_codec(&config, "mp4a.40.29");
}

static void test_reads_a_free_rate(void **state)
{
    /* type 2, escape, 50000 Hz, stereo */
    struct aac_config config;
    assert_int_equal(parse("\x17\x80\x61\xa8\x10", 5, &config), DAIS_OK);
    assert_int_equal(config.rate, 50000);
}

static void test_refuses_what_is_not_aac(void **state)
{
    struct aac_config config;
    assert_int_equal(parse("", 0, &config), DAIS_E_INVALID);
    assert_int_equal(parse("\x12", 1, &config), DAIS_E_INVALID);
    assert_int_equal(parse("\xf9\x46\x40", 3, &config), DAIS_E_INVALID);         /* type 42 */
    assert_int_equal(parse("\x16\x90", 2, &config), DAIS_E_INVALID);             /* rate index 13 */
    assert_int_equal(parse("\x12\x48", 2, &config), DAIS_E_INVALID);             /* channels 9 */
    assert_int_equal(parse("\x17\x80\x00\x00\x10", 5, &config), DAIS_E_INVALID); /* 0 Hz */
    static const char large[AAC_RECORD_BYTES_MAX + 1] = "\x12\x10";
    assert_int_equal(parse(large, sizeof(large), &config), DAIS_E_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_low_complexity),
        cmocka_unit_test(test_reads_an_extension_that_denies),
        cmocka_unit_test(test_reads_band_replication_in_front),
        cmocka_unit_test(test_reads_band_replication_behind),
        cmocka_unit_test(test_reads_a_free_rate),
        cmocka_unit_test(test_refuses_what_is_not_aac),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
