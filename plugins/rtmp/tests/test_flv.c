/* SPDX-License-Identifier: MIT */
/* Media bodies in their old and enhanced forms, aggregates and metadata. */
#include <string.h>

#include "flv.h"
#include "support.h"

#define BODY(literal) dais_str((literal), sizeof(literal) - 1)

/* Reads a body of exactly one packet. */
static struct flv_packet read_one(struct dais_str body, bool video)
{
    struct flv_reader reader;
    struct flv_packet packet;
    struct flv_packet other;
    flv_reader_init(&reader, body, video);
    assert_int_equal(flv_next(&reader, &packet), 1);
    assert_int_equal(flv_next(&reader, &other), 0);
    return packet;
}

static void assert_data(const struct flv_packet *packet, const char *expected)
{
    assert_int_equal(packet->data.len, strlen(expected));
    assert_memory_equal(packet->data.ptr, expected, packet->data.len);
}

static void assert_cut_off(struct dais_str body, bool video)
{
    struct flv_reader reader;
    struct flv_packet packet;
    int32_t status;
    flv_reader_init(&reader, body, video);
    while ((status = flv_next(&reader, &packet)) > 0)
        continue;
    assert_int_equal(status, DAIS_E_INVALID);
}

static void avc(void **state)
{
    struct flv_packet packet = read_one(BODY("\x17\0\0\0\0conf"), true);
    assert_int_equal(packet.kind, FLV_CONFIG);
    assert_int_equal(packet.codec, FLV_CODEC_AVC);
    assert_data(&packet, "conf");

    packet = read_one(BODY("\x17\x01\0\0\x50nal"), true);
    assert_int_equal(packet.kind, FLV_FRAME);
    assert_true(packet.key);
    assert_int_equal(packet.composition_ms, 80);
    assert_data(&packet, "nal");

    packet = read_one(BODY("\x27\x01\xff\xff\xd8nal"), true);
    assert_false(packet.key);
    assert_int_equal(packet.composition_ms, -40);

    packet = read_one(BODY("\x17\x02\0\0\0"), true);
    assert_int_equal(packet.kind, FLV_END);
    packet = read_one(BODY("\x17\x02"), true);
    assert_int_equal(packet.kind, FLV_END);
    packet = read_one(BODY("\x17\x09\0\0\0x"), true);
    assert_int_equal(packet.kind, FLV_OTHER);
    packet = read_one(BODY("\x57\0"), true); /* seek command */
    assert_int_equal(packet.kind, FLV_OTHER);

    assert_cut_off(BODY("\x17"), true);
    assert_cut_off(BODY("\x17\x01\0\0"), true);
}

static void aac(void **state)
{
    struct flv_packet packet = read_one(BODY("\xaf\0\x12\x10"), false);
    assert_int_equal(packet.kind, FLV_CONFIG);
    assert_int_equal(packet.codec, FLV_CODEC_AAC);
    assert_data(&packet, "\x12\x10");
    packet = read_one(BODY("\xaf\x01raw"), false);
    assert_int_equal(packet.kind, FLV_FRAME);
    assert_true(packet.key);
    assert_data(&packet, "raw");
    assert_cut_off(BODY("\xaf"), false);
}

static void codecs_that_are_not_carried_are_named(void **state)
{
    struct flv_packet packet = read_one(BODY("\x2fmp3"), false);
    assert_int_equal(packet.codec, FLV_CODEC_MP3);
    packet = read_one(BODY("\xb2speex"), false);
    assert_int_equal(packet.codec, 0);
    assert_int_equal(packet.legacy_codec, 11);
    packet = read_one(BODY("\x12h263"), true);
    assert_int_equal(packet.codec, 0);
    assert_int_equal(packet.legacy_codec, 2);
    packet = read_one(BODY("\x1c\0\0\0\0hvcC"), true);
    assert_int_equal(packet.codec, FLV_CODEC_HEVC);
    assert_int_equal(packet.kind, FLV_CONFIG);
    packet = read_one(BODY("\x91Opusx"), false);
    assert_int_equal(packet.codec, FLV_FOURCC('O', 'p', 'u', 's'));
    packet = read_one(BODY("\x90"
                           "av01cfg"),
                      true);
    assert_int_equal(packet.codec, FLV_FOURCC('a', 'v', '0', '1'));
    assert_int_equal(packet.kind, FLV_CONFIG);
}

static void enhanced_avc(void **state)
{
    struct flv_packet packet = read_one(BODY("\x90"
                                             "avc1conf"),
                                        true);
    assert_int_equal(packet.codec, FLV_CODEC_AVC);
    assert_int_equal(packet.kind, FLV_CONFIG);
    assert_data(&packet, "conf");
    packet = read_one(BODY("\xa1"
                           "avc1\xff\xff\xfenal"),
                      true);
    assert_int_equal(packet.kind, FLV_FRAME);
    assert_false(packet.key);
    assert_int_equal(packet.composition_ms, -2);
    assert_data(&packet, "nal");
    packet = read_one(BODY("\x93"
                           "avc1nal"),
                      true);
    assert_int_equal(packet.kind, FLV_FRAME);
    assert_true(packet.key);
    assert_int_equal(packet.composition_ms, 0);
    assert_data(&packet, "nal");
    packet = read_one(BODY("\x92"
                           "avc1"),
                      true);
    assert_int_equal(packet.kind, FLV_END);
    packet = read_one(BODY("\x94"
                           "avc1x"),
                      true);
    assert_int_equal(packet.kind, FLV_OTHER);
    assert_cut_off(BODY("\x90"
                        "avc"),
                   true);
    assert_cut_off(BODY("\x91"
                        "avc1\0\0"),
                   true);
}

static void enhanced_aac(void **state)
{
    struct flv_packet packet = read_one(BODY("\x90mp4a\x12\x10"), false);
    assert_int_equal(packet.kind, FLV_CONFIG);
    assert_int_equal(packet.codec, FLV_CODEC_AAC);
    packet = read_one(BODY("\x91mp4araw"), false);
    assert_int_equal(packet.kind, FLV_FRAME);
    assert_data(&packet, "raw");
    packet = read_one(BODY("\x94mp4ax"), false);
    assert_int_equal(packet.kind, FLV_OTHER);
}

static void modifiers_are_skipped(void **state)
{
    struct flv_packet packet = read_one(BODY("\x97\x02\0\0\x01\x03"
                                             "avc1nal"),
                                        true);
    assert_int_equal(packet.kind, FLV_FRAME);
    assert_data(&packet, "nal");
    uint8_t body[1 + 1 + 2 + 300 + 1 + 4 + 3] = {0x97, 0xff, 0x01, 0x2b};
    memcpy(body + 4 + 300,
           "\x03"
           "avc1nal",
           8);
    packet = read_one(dais_str((const char *)body, sizeof(body)), true);
    assert_data(&packet, "nal");
    assert_cut_off(BODY("\x97\x05\0\0"), true);
    assert_cut_off(BODY("\x97\xff\0"), true);
}

static void multitrack(void **state)
{
    /* OBS's second track: one track, its id, then the rest. */
    struct flv_packet packet = read_one(BODY("\x96\x01"
                                             "avc1\x01\0\0\x02nal"),
                                        true);
    assert_int_equal(packet.track, 1);
    assert_int_equal(packet.composition_ms, 2);
    assert_data(&packet, "nal");

    struct flv_reader reader;
    flv_reader_init(&reader,
                    BODY("\x96\x13"
                         "avc1\0\0\0\x01"
                         "a\x07\0\0\x02"
                         "bc"),
                    true);
    assert_int_equal(flv_next(&reader, &packet), 1);
    assert_int_equal(packet.track, 0);
    assert_data(&packet, "a");
    assert_int_equal(flv_next(&reader, &packet), 1);
    assert_int_equal(packet.track, 7);
    assert_data(&packet, "bc");
    assert_int_equal(flv_next(&reader, &packet), 0);

    flv_reader_init(&reader,
                    BODY("\x95\x21mp4a\0\0\0\x01"
                         "aOpus\x01\0\0\x01"
                         "b"),
                    false);
    assert_int_equal(flv_next(&reader, &packet), 1);
    assert_int_equal(packet.codec, FLV_CODEC_AAC);
    assert_int_equal(packet.kind, FLV_FRAME);
    assert_int_equal(flv_next(&reader, &packet), 1);
    assert_int_equal(packet.codec, FLV_FOURCC('O', 'p', 'u', 's'));
    assert_int_equal(packet.track, 1);
    assert_int_equal(flv_next(&reader, &packet), 0);

    assert_cut_off(BODY("\x96"), true);
    assert_cut_off(BODY("\x96\x13"
                        "avc1\0\0\0\x05"
                        "a"),
                   true);
}

static void empty_bodies_hold_nothing(void **state)
{
    struct flv_reader reader;
    struct flv_packet packet;
    flv_reader_init(&reader, dais_str(NULL, 0), true);
    assert_int_equal(flv_next(&reader, &packet), 0);
    flv_reader_init(&reader, dais_str(NULL, 0), false);
    assert_int_equal(flv_next(&reader, &packet), 0);
}

static void aggregate(void **state)
{
    struct dais_str body = BODY("\x08\0\0\x02\xff\xff\xff\x01\0\0\0ab\0\0\0\x0d"
                                "\x09\0\0\x01\0\0\x05\x02\0\0\0c\0\0\0\x0c");
    struct flv_tag tag;
    assert_int_equal(flv_next_tag(&body, &tag), 1);
    assert_int_equal(tag.type, 8);
    assert_int_equal(tag.timestamp, 0x1ffffff);
    assert_int_equal(tag.data.len, 2);
    assert_int_equal(flv_next_tag(&body, &tag), 1);
    assert_int_equal(tag.type, 9);
    assert_int_equal(tag.timestamp, 0x2000005);
    assert_int_equal(flv_next_tag(&body, &tag), 0);

    body = BODY("\x08\0\0\x01\0\0\0\0\0\0\0a"); /* the last back pointer is missing */
    assert_int_equal(flv_next_tag(&body, &tag), 1);
    assert_int_equal(flv_next_tag(&body, &tag), 0);
    body = BODY("\x08\0\0\x09\0\0\0\0\0\0\0a");
    assert_int_equal(flv_next_tag(&body, &tag), DAIS_E_INVALID);
    body = BODY("\x08\0\0");
    assert_int_equal(flv_next_tag(&body, &tag), DAIS_E_INVALID);
}

#define METADATA                                                                                   \
    "\x02\0\x0aonMetaData\x08\0\0\0\x63\0\x05width\0\x40\x94\0\0\0\0\0\0"                          \
    "\0\x04junk\x03\0\x01"                                                                         \
    "a\x05\0\0\x09\0\x07"                                                                          \
    "encoder\x02\0\x03obs\0\x06height\x02\0\x03"                                                   \
    "720\0\0\x09"

static void metadata(void **state)
{
    const struct dais_str bodies[] = {BODY(METADATA), BODY("\x02\0\x0d@setDataFrame" METADATA)};
    for (size_t i = 0; i < 2; i++) {
        struct flv_metadata found;
        assert_int_equal(flv_read_metadata(bodies[i], &found), 1);
        assert_true(found.width == 1280.0);
        assert_true(found.height == 0.0); /* text where a number belongs */
        assert_int_equal(found.encoder.len, 3);
    }
    struct flv_metadata found;
    assert_int_equal(flv_read_metadata(BODY("\x02\0\x06onText\x05"), &found), 0);
    assert_int_equal(flv_read_metadata(BODY("\x02\0\x0aonMetaData\x05"), &found), DAIS_E_INVALID);
    assert_int_equal(flv_read_metadata(BODY("\x02\0\x0aonMetaData"), &found), DAIS_E_INVALID);
    assert_int_equal(flv_read_metadata(BODY(""), &found), DAIS_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(avc),
        cmocka_unit_test(aac),
        cmocka_unit_test(codecs_that_are_not_carried_are_named),
        cmocka_unit_test(enhanced_avc),
        cmocka_unit_test(enhanced_aac),
        cmocka_unit_test(modifiers_are_skipped),
        cmocka_unit_test(multitrack),
        cmocka_unit_test(empty_bodies_hold_nothing),
        cmocka_unit_test(aggregate),
        cmocka_unit_test(metadata),
    };
    return cmocka_run_group_tests_name("flv", tests, NULL, NULL);
}
