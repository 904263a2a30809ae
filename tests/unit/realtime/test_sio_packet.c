/* SPDX-License-Identifier: MIT */
#include "realtime/sio_packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_view(struct dais_str view, const char *text)
{
    if (view.len != strlen(text) || memcmp(view.ptr, text, view.len) != 0)
        fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(view), text);
}

static struct sio_packet parsed(const char *text)
{
    struct sio_packet packet;
    if (sio_packet_parse(dais_cstr(text), &packet))
        fail_msg("refused: %s", text);
    return packet;
}

static void assert_refused(const char *text)
{
    struct sio_packet packet;
    if (!sio_packet_parse(dais_cstr(text), &packet))
        fail_msg("taken: %s", text);
}

static void test_connect(void **state)
{
    (void)state;
    struct sio_packet packet = parsed("0");
    assert_int_equal(packet.type, SIO_CONNECT);
    assert_view(packet.space, "/");
    assert_null(packet.data.ptr);
    packet = parsed("0{\"token\":\"123\"}");
    assert_view(packet.data, "{\"token\":\"123\"}");
    packet = parsed("0/custom,{ }");
    assert_view(packet.space, "/custom");
    assert_view(packet.data, "{ }");
    assert_refused("0[]");
    assert_refused("0null");
    assert_refused("0\"a\"");
    assert_refused("0{\"token\":}");
}

/* realtime.md: the trailing comma is optional on input. */
static void test_trailing_comma_is_optional(void **state)
{
    (void)state;
    assert_view(parsed("0/random").space, "/random");
    assert_view(parsed("0/random,").space, "/random");
    assert_view(parsed("1/custom").space, "/custom");
    assert_int_equal(parsed("1/custom,").type, SIO_DISCONNECT);
    assert_int_equal(parsed("1").type, SIO_DISCONNECT);
    assert_refused("1{}");
    assert_refused("1/custom,{}");
}

static void test_event(void **state)
{
    (void)state;
    struct sio_packet packet = parsed("2[\"message\",1,\"2\",{\"3\":[true]}]");
    assert_int_equal(packet.type, SIO_EVENT);
    assert_false(packet.has_id);
    assert_view(packet.name, "\"message\"");
    assert_view(packet.data, "1,\"2\",{\"3\":[true]}");
    packet = parsed("2/admin,456[\"project:delete\", 123 ]");
    assert_view(packet.space, "/admin");
    assert_true(packet.has_id);
    assert_int_equal(packet.id, 456);
    assert_view(packet.data, "123");
    packet = parsed("2[5]");
    assert_view(packet.name, "5");
    assert_view(packet.data, "");
}

static void test_ack_ids_have_64_bits(void **state)
{
    (void)state;
    assert_true(parsed("218446744073709551615[\"a\"]").id == UINT64_MAX);
    assert_true(parsed("20[\"a\"]").has_id);
    assert_refused("218446744073709551616[\"a\"]");
    assert_refused("2-1[\"a\"]");
}

static void test_ack(void **state)
{
    (void)state;
    struct sio_packet packet = parsed("3/admin,456[]");
    assert_int_equal(packet.type, SIO_ACK);
    assert_int_equal(packet.id, 456);
    assert_view(packet.data, "");
    packet = parsed("31[1,{}]");
    assert_view(packet.data, "1,{}");
    assert_null(packet.name.ptr);
    assert_refused("3[1]");
    assert_refused("31{}");
    assert_refused("31");
}

static void test_binary(void **state)
{
    (void)state;
    struct sio_packet packet = parsed("52-/admin,7[\"a\",{\"_placeholder\":true,\"num\":0},"
                                      "[{\"num\":1,\"x\":{\"num\":9},\"_placeholder\":true}]]");
    assert_int_equal(packet.type, SIO_BINARY_EVENT);
    assert_int_equal(packet.attachments, 2);
    assert_int_equal(packet.id, 7);
    packet = parsed("61-3[{\"_placeholder\":true,\"num\":0}]");
    assert_int_equal(packet.type, SIO_BINARY_ACK);
    assert_int_equal(packet.attachments, 1);
    assert_int_equal(parsed("50-[\"a\"]").attachments, 0);
    assert_int_equal(parsed("510-[\"a\"]").attachments, 10);
    assert_refused("511-[\"a\"]");
    assert_refused("5-[\"a\"]");
    assert_refused("51[\"a\"]");
    assert_refused("5[\"a\"]");
    assert_refused("51");
    assert_refused("5a-[\"a\"]");
}

static void test_placeholders_name_attachments(void **state)
{
    (void)state;
    assert_refused("51-[\"a\",{\"_placeholder\":true,\"num\":1}]");
    assert_refused("51-[\"a\",{\"_placeholder\":true,\"num\":-1}]");
    assert_refused("51-[\"a\",{\"_placeholder\":true,\"num\":0.5}]");
    assert_refused("51-[\"a\",{\"_placeholder\":true,\"num\":\"0\"}]");
    assert_refused("51-[\"a\",{\"_placeholder\":true}]");
    assert_refused("50-[\"a\",{\"_placeholder\":true,\"num\":0}]");
    assert_refused("51-[\"a\",{\"_place\\u0068older\":true,\"n\\u0075m\":3}]");
    assert_refused("51-[\"a\",{\"num\":0,\"b\":[{\"_placeholder\" : true , \"num\" : 2}]}]");
    (void)parsed("51-[\"a\",{\"_placeholder\":false,\"num\":3},{\"num\":4},\"_placeholder\"]");
    (void)parsed("2[\"a\",{\"_placeholder\":true,\"num\":9}]");
}

/* The conformance suite's: `42{}`, `42abc[...]`, `4abc`, and names that are taken. */
static void test_what_breaks_the_protocol(void **state)
{
    static const char *const texts[] = {
        "",
        "abc",
        "7",
        "9",
        "2",
        "2{}",
        "2abc[\"message-with-ack\",1]",
        "2[]",
        "2[null]",
        "2[{}]",
        "2[\"a\"",
        "2[\"a\"]]",
        "2[\"connect\"]",
        "2[\"connect_error\"]",
        "2[\"disconnect\"]",
        "2[\"disconnecting\"]",
        "2[\"newListener\"]",
        "2[\"removeListener\"]",
        "2[\"\\u0063onnect\"]",
        "4{\"message\":\"a\"}",
        "4",
        "0/a\x1e"
        "b",
        "0/\xff",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_refused(texts[i]);
}

static void test_space_is_bounded(void **state)
{
    char text[SIO_SPACE_BYTES_MAX + 4];
    (void)state;
    for (uint32_t len = SIO_SPACE_BYTES_MAX; len <= SIO_SPACE_BYTES_MAX + 1; len++) {
        struct sio_packet packet;
        memset(text, 'a', sizeof text);
        text[0] = '0';
        text[1] = '/';
        int32_t code = sio_packet_parse(dais_str(text, 1 + len), &packet);
        assert_int_equal(code, len == SIO_SPACE_BYTES_MAX ? DAIS_OK : DAIS_E_INVALID);
    }
}

static void test_name_is_text(void **state)
{
    char memory[SIO_NAME_BYTES_MAX + 1], text[SIO_NAME_BYTES_MAX + 6];
    struct strbuf scratch;
    struct dais_str name;
    struct sio_packet packet = parsed("2[\"caf\\u00e9\"]");
    (void)state;
    strbuf_init_on(&scratch, memory, sizeof memory);
    assert_int_equal(sio_packet_name(&packet, &scratch, &name), DAIS_OK);
    assert_view(name, "caf\xc3\xa9");
    packet = parsed("2[12]");
    assert_int_equal(sio_packet_name(&packet, &scratch, &name), DAIS_OK);
    assert_view(name, "12");
    memset(text, 'a', sizeof text);
    memcpy(text, "2[\"", 3);
    memcpy(text + 4 + SIO_NAME_BYTES_MAX, "\"]", 2);
    assert_int_equal(sio_packet_parse(dais_str(text, sizeof text), &packet), DAIS_OK);
    assert_int_equal(sio_packet_name(&packet, &scratch, &name), DAIS_E_TOO_LARGE);
    packet = parsed("2[\"a\\u0000\"]");
    assert_int_equal(sio_packet_name(&packet, &scratch, &name), DAIS_E_INVALID);
}

/* What is written is read back, for each type and each part that may be there or not. */
static void test_what_is_written_is_read_back(void **state)
{
    static const enum sio_type types[] = {SIO_CONNECT, SIO_DISCONNECT,   SIO_EVENT,
                                          SIO_ACK,     SIO_BINARY_EVENT, SIO_BINARY_ACK};
    static const char *const spaces[] = {"/", "/custom", "/a?b=c"};
    static const char *const args[] = {"", "1", "{\"a\":[1,2]},\"x\"",
                                       "{\"_placeholder\":true,\"num\":1}"};
    (void)state;
    for (uint32_t i = 0; i < 6 * 3 * 4 * 2; i++) {
        enum sio_type type = types[i % 6];
        bool event = type == SIO_EVENT || type == SIO_BINARY_EVENT;
        bool ack = type == SIO_ACK || type == SIO_BINARY_ACK;
        struct sio_packet back, packet = {
                                    .type = type,
                                    .space = dais_cstr(spaces[i / 6 % 3]),
                                    .has_id = ack || (event && i / 72 % 2),
                                };
        packet.attachments = type == SIO_BINARY_EVENT || type == SIO_BINARY_ACK ? 2 : 0;
        packet.id = packet.has_id ? 7ull << 60 | i : 0;
        packet.name = event ? dais_cstr(i % 2 ? "\"name\"" : "99") : dais_str(NULL, 0);
        packet.data = event || ack ? dais_cstr(args[i / 18 % 4]) : dais_str(NULL, 0);
        if (type == SIO_CONNECT)
            packet.data = dais_cstr("{\"sid\":\"x\"}");
        STRBUF_AUTO struct strbuf out;
        strbuf_init(&out, 4096);
        sio_packet_add(&out, &packet);
        assert_int_equal(sio_packet_parse(strbuf_view(&out), &back), DAIS_OK);
        assert_int_equal(back.type, packet.type);
        assert_int_equal(back.attachments, packet.attachments);
        assert_int_equal(back.has_id, packet.has_id);
        assert_true(back.id == packet.id);
        assert_true(dais_str_eq(back.space, packet.space));
        assert_true(dais_str_eq(back.name, packet.name));
        assert_true(dais_str_eq(back.data, packet.data));
    }
}

static void test_connect_error_is_written(void **state)
{
    struct sio_packet packet = {.type = SIO_CONNECT_ERROR,
                                .space = dais_cstr("/random"),
                                .data = dais_cstr("{\"message\":\"Invalid namespace\"}")};
    (void)state;
    STRBUF_AUTO struct strbuf out;
    strbuf_init(&out, 4096);
    sio_packet_add(&out, &packet);
    assert_view(strbuf_view(&out), "4/random,{\"message\":\"Invalid namespace\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect),
        cmocka_unit_test(test_trailing_comma_is_optional),
        cmocka_unit_test(test_event),
        cmocka_unit_test(test_ack_ids_have_64_bits),
        cmocka_unit_test(test_ack),
        cmocka_unit_test(test_binary),
        cmocka_unit_test(test_placeholders_name_attachments),
        cmocka_unit_test(test_what_breaks_the_protocol),
        cmocka_unit_test(test_space_is_bounded),
        cmocka_unit_test(test_name_is_text),
        cmocka_unit_test(test_what_is_written_is_read_back),
        cmocka_unit_test(test_connect_error_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
