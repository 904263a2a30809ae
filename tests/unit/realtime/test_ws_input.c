/* SPDX-License-Identifier: MIT */
/*
 * What WebSocket clients send. Each input is fed whole and in pieces of every small size, and must
 * come to the same transcript: t(text) b(binary) ping(…) pong(…) close(code,reason) failed(code).
 */
#include "base/mem.h"
#include "client_frames.h"
#include "realtime/utf8.h"
#include "realtime/ws.h"
#include "realtime/ws_input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MESSAGE_BYTES_MAX 1000u

static void note(struct strbuf *out, const struct ws_input_event *event)
{
    static const char *const names[] = {
        [WS_INPUT_TEXT] = "t",    [WS_INPUT_BINARY] = "b",    [WS_INPUT_PING] = "ping",
        [WS_INPUT_PONG] = "pong", [WS_INPUT_CLOSE] = "close", [WS_INPUT_FAILED] = "failed"};
    strbuf_addf(out, "%s(", names[event->kind]);
    if (event->code)
        strbuf_addf(out, "%u", event->code);
    if (event->kind == WS_INPUT_CLOSE)
        strbuf_addc(out, ',');
    if (event->payload.len > 100)
        strbuf_addf(out, "%u bytes", (unsigned)event->payload.len);
    else
        strbuf_add(out, event->payload);
    strbuf_addc(out, ')');
}

/* The transcript of `bytes` that come in pieces of `step`. */
static void transcribe(struct dais_str bytes, uint64_t step, struct strbuf *out)
{
    struct ws_readers readers = {.free = NULL};
    struct ws_input input;
    struct ws_input_event event;
    ws_input_init(&input, &readers, MESSAGE_BYTES_MAX);
    for (uint64_t at = 0; at < bytes.len; at += step) {
        struct dais_str piece = str_sub(bytes, at, step);
        while (ws_input_next(&input, &piece, &event))
            note(out, &event);
        assert_int_equal(piece.len, 0);
    }
    ws_input_fini(&input);
    assert_true(readers.free_count <= 1);
    ws_readers_fini(&readers);
}

static void expect(const struct strbuf *bytes, const char *transcript)
{
    struct dais_str view = strbuf_view(bytes);
    static const uint64_t steps[] = {1, 2, 3, 5, 7, 64, 4096, 1u << 20};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        STRBUF_AUTO struct strbuf out;
        strbuf_init(&out, 1u << 16);
        transcribe(view, steps[i], &out);
        assert_string_equal(strbuf_cstr(&out), transcript);
    }
}

static void add_filled(struct strbuf *out, uint32_t first, uint64_t len)
{
    client_head(out, first, len);
    for (uint64_t i = 0; i < len; i++)
        strbuf_addc(out, 'x');
}

static void begin(struct strbuf *out)
{
    strbuf_init(out, 1u << 20);
}

static void test_messages_of_all_lengths(void **state)
{
    (void)state;
    STRBUF_AUTO struct strbuf in;
    begin(&in);
    client_frame(&in, FIN | TEXT, dais_cstr("Hello"));
    client_frame(&in, FIN | BINARY, dais_cstr("\xff\xfe"));
    client_frame(&in, FIN | TEXT, dais_cstr(""));
    add_filled(&in, FIN | TEXT, 125);
    add_filled(&in, FIN | BINARY, 126);
    add_filled(&in, FIN | TEXT, MESSAGE_BYTES_MAX);
    expect(&in, "t(Hello)b(\xff\xfe)t()t(125 bytes)b(126 bytes)t(1000 bytes)");
}

/* RFC 6455 §5.4: fragments are joined, control frames may come in between. */
static void test_fragments(void **state)
{
    (void)state;
    STRBUF_AUTO struct strbuf in;
    begin(&in);
    client_frame(&in, TEXT, dais_cstr("Hel"));
    client_frame(&in, FIN | PING, dais_cstr("?"));
    client_frame(&in, 0, dais_cstr(""));
    client_frame(&in, 0, dais_cstr("l"));
    client_frame(&in, FIN | PONG, dais_cstr("!"));
    client_frame(&in, FIN, dais_cstr("o"));
    client_frame(&in, BINARY, dais_cstr(""));
    client_frame(&in, FIN, dais_cstr(""));
    client_frame(&in, FIN | TEXT, dais_cstr("end"));
    expect(&in, "ping(?)pong(!)t(Hello)b()t(end)");
}

static void test_longest_control_frame(void **state)
{
    (void)state;
    STRBUF_AUTO struct strbuf in;
    begin(&in);
    add_filled(&in, FIN | PING, 125);
    client_frame(&in, FIN | PING, dais_cstr(""));
    expect(&in, "ping(125 bytes)ping()");
}

/* RFC 6455 §5.1 to §5.5: each of these is a protocol error, and what follows is not looked at. */
static void test_protocol_errors(void **state)
{
    static const struct {
        const char *bytes;
        uint32_t len;
    } rows[] = {
        {"\x81\x01x", 3},                           /* no mask */
        {"\xc1\x81\0\0\0\0x", 7},                   /* RSV1 */
        {"\xa1\x81\0\0\0\0x", 7},                   /* RSV2 */
        {"\x91\x81\0\0\0\0x", 7},                   /* RSV3 */
        {"\x83\x80\0\0\0\0", 6},                    /* opcode 3 */
        {"\x87\x80\0\0\0\0", 6},                    /* opcode 7 */
        {"\x8b\x80\0\0\0\0", 6},                    /* opcode 11 */
        {"\x8f\x80\0\0\0\0", 6},                    /* opcode 15 */
        {"\x80\x80\0\0\0\0", 6},                    /* goes on with nothing */
        {"\x01\x80\0\0\0\0\x81\x80\0\0\0\0", 12},   /* begins within a message */
        {"\x09\x80\0\0\0\0", 6},                    /* a ping in fragments */
        {"\x89\xfe\0\x7e\0\0\0\0", 8},              /* a ping of 126 bytes */
        {"\x81\xfe\0\x05\0\0\0\0Hello", 13},        /* a length longer than needed */
        {"\x81\xff\0\0\0\0\0\0\0\x7e\0\0\0\0", 14}, /* the same with eight bytes */
        {"\x81\xff\x80\0\0\0\0\0\0\0\0\0\0\0", 14}, /* its highest bit */
        {"\x88\x81\0\0\0\0x", 7},                   /* a close frame with half a code */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        STRBUF_AUTO struct strbuf in;
        begin(&in);
        client_frame(&in, FIN | PING, dais_cstr("1"));
        strbuf_add(&in, dais_str(rows[i].bytes, rows[i].len));
        client_frame(&in, FIN | TEXT, dais_cstr("ignored"));
        client_frame(&in, FIN | PING, dais_cstr("ignored"));
        expect(&in, "ping(1)failed(1002)");
    }
}

static void expect_close_code(uint32_t code, bool good)
{
    STRBUF_AUTO struct strbuf in;
    char transcript[64];
    begin(&in);
    client_close(&in, code, "bye");
    client_frame(&in, FIN | TEXT, dais_cstr("ignored"));
    (void)snprintf(transcript, sizeof transcript, "close(%u,bye)", code);
    expect(&in, good ? transcript : "failed(1002)");
}

/* RFC 6455 §7.4. */
static void test_close_codes(void **state)
{
    static const uint32_t good[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009,
                                    1010, 1011, 1014, 3000, 3999, 4000, 4999};
    static const uint32_t bad[] = {0,    999,  1004, 1005, 1006, 1015,
                                   1016, 1100, 2000, 2999, 5000, 65535};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        expect_close_code(good[i], true);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect_close_code(bad[i], false);
}

static void test_close_without_code_and_with_bad_reason(void **state)
{
    (void)state;
    STRBUF_AUTO struct strbuf in, other;
    begin(&in);
    client_frame(&in, FIN | CLOSE, dais_cstr(""));
    expect(&in, "close(1005,)");
    begin(&other);
    client_close(&other, 1000, "\xc3\x28");
    expect(&other, "failed(1007)");
}

/* A peer that broke the rules may still answer our close frame. */
static void test_close_behind_a_failure(void **state)
{
    (void)state;
    STRBUF_AUTO struct strbuf in;
    begin(&in);
    add_filled(&in, FIN | TEXT, MESSAGE_BYTES_MAX + 1);
    add_filled(&in, FIN | TEXT, 70000);
    client_close(&in, 1009, "");
    expect(&in, "failed(1009)close(1009,)");
}

static void test_messages_are_bounded(void **state)
{
    (void)state;
    STRBUF_AUTO struct strbuf in, other;
    begin(&in);
    add_filled(&in, TEXT, MESSAGE_BYTES_MAX);
    add_filled(&in, FIN, 1);
    expect(&in, "failed(1009)");
    begin(&other); /* 2^62 bytes are refused before they come */
    strbuf_add(&other, dais_str("\x82\xff\x40\0\0\0\0\0\0\0\0\0\0\0x", 15));
    expect(&other, "failed(1009)");
}

/* Wrong text is seen at its first wrong byte, before its message is complete. */
static void test_text_fails_fast(void **state)
{
    (void)state;
    STRBUF_AUTO struct strbuf in, split, half;
    begin(&in);
    client_head(&in, FIN | TEXT, 900);
    strbuf_addz(&in, "abc\xed\xa0\x80"); /* a surrogate; 894 bytes never come */
    expect(&in, "failed(1007)");
    begin(&split); /* a sequence cut by a fragment's end is text */
    client_frame(&split, TEXT, dais_cstr("\xe2\x82"));
    client_frame(&split, FIN, dais_cstr("\xac"));
    expect(&split, "t(\xe2\x82\xac)");
    begin(&half); /* one cut by the message's end is not */
    client_frame(&half, TEXT, dais_cstr("\xe2"));
    client_frame(&half, FIN, dais_cstr("\x82"));
    expect(&half, "failed(1007)");
}

/* Between two messages an input holds no memory; readers are shared. */
/* Whoever sends a message in part and never the rest: all of them together get so much memory. */
static void test_messages_in_part_are_bounded_together(void **state)
{
    struct ws_readers readers = {.bytes_max = 100};
    struct ws_input one, two;
    struct ws_input_event event;
    STRBUF_AUTO struct strbuf begun, ended;
    (void)state;
    begin(&begun);
    begin(&ended);
    add_filled(&begun, BINARY, 60);
    add_filled(&ended, FIN, 40);
    ws_input_init(&one, &readers, MESSAGE_BYTES_MAX);
    ws_input_init(&two, &readers, MESSAGE_BYTES_MAX);
    struct dais_str bytes = strbuf_view(&begun);
    assert_false(ws_input_next(&one, &bytes, &event));
    bytes = strbuf_view(&begun);
    assert_true(ws_input_next(&two, &bytes, &event));
    assert_int_equal(event.kind, WS_INPUT_FAILED);
    assert_int_equal(event.code, WS_CLOSE_TRY_LATER);
    bytes = strbuf_view(&ended);
    assert_true(ws_input_next(&one, &bytes, &event));
    assert_int_equal(event.payload.len, 100);
    assert_false(ws_input_next(&one, &bytes, &event));
    assert_int_equal(readers.bytes, 0);
    ws_input_fini(&one);
    ws_input_fini(&two);
    ws_readers_fini(&readers);
}

static void test_idle_inputs_hold_nothing(void **state)
{
    (void)state;
    STRBUF_AUTO struct strbuf in;
    struct ws_readers readers = {.free = NULL};
    struct ws_input inputs[3];
    struct ws_input_event event;
    begin(&in);
    client_frame(&in, FIN | TEXT, dais_cstr("Hello"));
    for (uint32_t i = 0; i < 3; i++) {
        struct dais_str bytes = strbuf_view(&in);
        ws_input_init(&inputs[i], &readers, MESSAGE_BYTES_MAX);
        assert_true(ws_input_next(&inputs[i], &bytes, &event));
        assert_int_equal(event.kind, WS_INPUT_TEXT);
        assert_false(ws_input_next(&inputs[i], &bytes, &event));
        assert_true(ws_input_is_idle(&inputs[i]));
        assert_int_equal(readers.free_count, 1);
    }
    struct dais_str half = str_sub(strbuf_view(&in), 0, 4);
    assert_false(ws_input_next(&inputs[0], &half, &event));
    assert_false(ws_input_is_idle(&inputs[0]));
    assert_int_equal(readers.free_count, 0);
    for (uint32_t i = 0; i < 3; i++)
        ws_input_fini(&inputs[i]);
    assert_int_equal(readers.free_count, 0); /* one in the middle of a frame is of no use */
    ws_readers_fini(&readers);
}

/* Without memory an input fails, and nothing is lost of it. */
static void test_no_memory(void **state)
{
    (void)state;
    STRBUF_AUTO struct strbuf in;
    begin(&in);
    client_frame(&in, TEXT, dais_cstr("Hel"));
    client_frame(&in, FIN, dais_cstr("lo"));
    for (int64_t allowed = 0; allowed < 3; allowed++) {
        struct ws_readers readers = {.free = NULL};
        struct ws_input input;
        struct ws_input_event event;
        struct dais_str bytes = strbuf_view(&in);
        ws_input_init(&input, &readers, MESSAGE_BYTES_MAX);
        mem_fail_after(allowed);
        bool told = ws_input_next(&input, &bytes, &event);
        mem_fail_after(-1);
        assert_true(told);
        assert_int_equal(event.kind, WS_INPUT_FAILED);
        assert_int_equal(event.code, WS_CLOSE_INTERNAL);
        assert_false(ws_input_next(&input, &bytes, &event));
        ws_input_fini(&input);
        ws_readers_fini(&readers);
    }
}

/* Every two- and three-byte text, at once and byte by byte, is judged as base/str.h judges it. */
static void test_utf8_agrees(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 1u << 24; i += i < 0xe00000 || i > 0xf50000 ? 251 : 1) {
        const char bytes[4] = {(char)(i >> 16), (char)(i >> 8), (char)i, '\x80'};
        struct utf8 whole = {.need = 0}, parts = {.need = 0};
        bool expected = str_is_utf8(dais_str(bytes, 4));
        bool at_once = utf8_feed(&whole, dais_str(bytes, 4)) && utf8_is_complete(&whole);
        bool fits = true;
        for (uint32_t k = 0; k < 4 && fits; k++)
            fits = utf8_feed(&parts, dais_str(bytes + k, 1));
        if (at_once != expected || (fits && utf8_is_complete(&parts)) != expected)
            fail_msg("%02x %02x %02x 80", i >> 16, i >> 8 & 255, i & 255);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_of_all_lengths),
        cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_longest_control_frame),
        cmocka_unit_test(test_protocol_errors),
        cmocka_unit_test(test_close_codes),
        cmocka_unit_test(test_close_without_code_and_with_bad_reason),
        cmocka_unit_test(test_close_behind_a_failure),
        cmocka_unit_test(test_messages_are_bounded),
        cmocka_unit_test(test_text_fails_fast),
        cmocka_unit_test(test_messages_in_part_are_bounded_together),
        cmocka_unit_test(test_idle_inputs_hold_nothing),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_utf8_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
