/* SPDX-License-Identifier: MIT */
/* AMF0: every kind of value, and input that lies. */
#include <string.h>

#include "amf0.h"
#include "support.h"

#define READER(name, literal)                                                                      \
    struct amf0_reader name;                                                                       \
    amf0_reader_init(&name, dais_str((literal), sizeof(literal) - 1))

static struct amf0_value read_ok(struct amf0_reader *reader)
{
    struct amf0_value value;
    assert_int_equal(amf0_read(reader, &value), 0);
    return value;
}

static void assert_text(struct dais_str text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

static void plain_values(void **state)
{
    READER(reader, "\x00\x40\x09\x21\xfb\x54\x44\x2d\x18" /* pi */
                   "\x01\x01\x01\x00"
                   "\x02\x00\x03"
                   "abc"
                   "\x0c\x00\x00\x00\x02"
                   "de"
                   "\x0b\x40\x8f\x40\x00\x00\x00\x00\x00\x00\x00" /* 1000 ms */
                   "\x05\x06\x0d"
                   "\x0f\x00\x00\x00\x01x");
    struct amf0_value value = read_ok(&reader);
    assert_int_equal(value.kind, AMF0_NUMBER);
    assert_true(value.number > 3.14159 && value.number < 3.1416);
    assert_true(read_ok(&reader).boolean);
    assert_false(read_ok(&reader).boolean);
    assert_text(read_ok(&reader).string, "abc");
    assert_text(read_ok(&reader).string, "de");
    value = read_ok(&reader);
    assert_int_equal(value.kind, AMF0_DATE);
    assert_true(value.number == 1000.0);
    assert_int_equal(read_ok(&reader).kind, AMF0_NULL);
    assert_int_equal(read_ok(&reader).kind, AMF0_UNDEFINED);
    assert_int_equal(read_ok(&reader).kind, AMF0_UNDEFINED);
    assert_text(read_ok(&reader).string, "x");
    assert_true(amf0_at_end(&reader));
}

static void object(void **state)
{
    READER(reader, "\x03\x00\x01"
                   "a\x01\x01\x00\x00\x05\x00\x01"
                   "b\x05\x00\x00\x09\x05");
    struct dais_str key;
    assert_int_equal(read_ok(&reader).kind, AMF0_OBJECT);
    assert_int_equal(amf0_read_key(&reader, &key), 1);
    assert_text(key, "a");
    assert_int_equal(read_ok(&reader).kind, AMF0_BOOLEAN);
    assert_int_equal(amf0_read_key(&reader, &key), 1);
    assert_text(key, ""); /* an empty key that no end marker follows */
    assert_int_equal(read_ok(&reader).kind, AMF0_NULL);
    assert_int_equal(amf0_read_key(&reader, &key), 1);
    assert_text(key, "b");
    assert_int_equal(read_ok(&reader).kind, AMF0_NULL);
    assert_int_equal(amf0_read_key(&reader, &key), 0);
    assert_int_equal(read_ok(&reader).kind, AMF0_NULL);
    assert_true(amf0_at_end(&reader));
}

static void counts_of_ecma_arrays_may_lie(void **state)
{
    READER(reader, "\x08\xff\xff\xff\xff\x00\x01"
                   "a\x05\x00\x00\x09\x05");
    assert_int_equal(amf0_skip(&reader), 0);
    assert_int_equal(read_ok(&reader).kind, AMF0_NULL);
    assert_true(amf0_at_end(&reader));
}

static void strict_array_longer_than_its_input(void **state)
{
    READER(reader, "\x0a\xff\xff\xff\xff\x05\x05");
    assert_int_equal(amf0_skip(&reader), DAIS_E_INVALID);
}

static void arrays_and_objects_are_skipped_whole(void **state)
{
    READER(reader, "\x0a\x00\x00\x00\x02"
                   "\x03\x00\x01"
                   "k\x0a\x00\x00\x00\x00\x00\x00\x09"
                   "\x10\x00\x02"
                   "Cl\x00\x01"
                   "m\x02\x00\x01x\x00\x00\x09"
                   "\x05");
    assert_int_equal(amf0_skip(&reader), 0);
    assert_int_equal(read_ok(&reader).kind, AMF0_NULL);
    assert_true(amf0_at_end(&reader));
}

static void an_object_may_end_with_the_input(void **state)
{
    READER(reader, "\x03\x00\x01"
                   "a\x05");
    assert_int_equal(amf0_skip(&reader), 0);
    READER(other, "\x03\x00\x01"
                  "a\x05\x00\x00");
    assert_int_equal(amf0_skip(&other), 0);
}

static void references_and_amf3_are_refused(void **state)
{
    const char markers[] = {0x04, 0x07, 0x0e, 0x11, 0x12, (char)0xff};
    for (size_t i = 0; i < sizeof(markers); i++) {
        char in[8] = {markers[i]};
        struct amf0_reader reader;
        struct amf0_value value;
        amf0_reader_init(&reader, dais_str(in, sizeof(in)));
        assert_int_equal(amf0_read(&reader, &value), DAIS_E_INVALID);
    }
}

/* Each prefix of a valid value is an error, never a read past the end. */
static void every_prefix_is_cut_off(void **state)
{
    const char in[] = "\x0a\x00\x00\x00\x04\x00\x3f\xf0\x00\x00\x00\x00\x00\x00\x02\x00\x01x"
                      "\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x01";
    for (size_t len = 0; len < sizeof(in) - 1; len++) {
        struct amf0_reader reader;
        amf0_reader_init(&reader, dais_str(in, len));
        assert_int_equal(amf0_skip(&reader), DAIS_E_INVALID);
    }
    READER(whole, "\x0a\x00\x00\x00\x01\x05");
    assert_int_equal(amf0_skip(&whole), 0);
}

static void nesting_is_bounded(void **state)
{
    uint8_t in[5 * (AMF0_DEPTH_MAX + 1) + 1];
    for (size_t depth = AMF0_DEPTH_MAX; depth <= AMF0_DEPTH_MAX + 1; depth++) {
        for (size_t i = 0; i < depth; i++)
            memcpy(in + 5 * i, "\x0a\x00\x00\x00\x01", 5);
        in[5 * depth] = 5;
        struct amf0_reader reader;
        amf0_reader_init(&reader, dais_str((const char *)in, 5 * depth + 1));
        assert_int_equal(amf0_skip(&reader), depth > AMF0_DEPTH_MAX ? DAIS_E_LIMIT : 0);
    }
}

static void nothing_is_nothing(void **state)
{
    struct amf0_reader reader;
    amf0_reader_init(&reader, dais_str(NULL, 0));
    assert_true(amf0_at_end(&reader));
    assert_int_equal(amf0_skip(&reader), DAIS_E_INVALID);
}

static void typed_reads_want_their_type(void **state)
{
    struct dais_str text;
    double number;
    READER(reader, "\x05\x05");
    assert_int_equal(amf0_read_string(&reader, &text), DAIS_E_INVALID);
    assert_int_equal(amf0_read_number(&reader, &number), DAIS_E_INVALID);
}

static void what_is_written_is_read(void **state)
{
    uint8_t room[128];
    struct amf0_writer writer;
    amf0_writer_init(&writer, room, sizeof(room));
    amf0_write_string(&writer, dais_cstr("hello"));
    amf0_write_number(&writer, -2.5);
    amf0_write_object(&writer);
    amf0_write_key(&writer, dais_cstr("yes"));
    amf0_write_boolean(&writer, true);
    amf0_write_object_end(&writer);
    amf0_write_null(&writer);
    amf0_write_undefined(&writer);
    struct dais_str out;
    assert_int_equal(amf0_writer_done(&writer, &out), 0);

    struct amf0_reader reader;
    struct dais_str text;
    double number;
    amf0_reader_init(&reader, out);
    assert_int_equal(amf0_read_string(&reader, &text), 0);
    assert_text(text, "hello");
    assert_int_equal(amf0_read_number(&reader, &number), 0);
    assert_true(number == -2.5);
    assert_int_equal(amf0_skip(&reader), 0);
    assert_int_equal(read_ok(&reader).kind, AMF0_NULL);
    assert_int_equal(read_ok(&reader).kind, AMF0_UNDEFINED);
    assert_true(amf0_at_end(&reader));
}

static void writer_remembers_an_overflow(void **state)
{
    uint8_t room[10];
    struct amf0_writer writer;
    struct dais_str out;
    amf0_writer_init(&writer, room, sizeof(room));
    amf0_write_number(&writer, 1);
    amf0_write_number(&writer, 2);
    amf0_write_null(&writer);
    assert_int_equal(amf0_writer_done(&writer, &out), DAIS_E_LIMIT);
    amf0_writer_init(&writer, room, sizeof(room));
    amf0_write_string(&writer, dais_str("", 65536));
    assert_int_equal(amf0_writer_done(&writer, &out), DAIS_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_values),
        cmocka_unit_test(object),
        cmocka_unit_test(counts_of_ecma_arrays_may_lie),
        cmocka_unit_test(strict_array_longer_than_its_input),
        cmocka_unit_test(arrays_and_objects_are_skipped_whole),
        cmocka_unit_test(an_object_may_end_with_the_input),
        cmocka_unit_test(references_and_amf3_are_refused),
        cmocka_unit_test(every_prefix_is_cut_off),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(nothing_is_nothing),
        cmocka_unit_test(typed_reads_want_their_type),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(writer_remembers_an_overflow),
    };
    return cmocka_run_group_tests_name("amf0", tests, NULL, NULL);
}
