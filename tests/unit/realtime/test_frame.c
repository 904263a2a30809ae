/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "realtime/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* What is written is read back, at every length at which the head changes. */
static void test_frames_describe_themselves(void **state)
{
    static const struct {
        uint64_t len;
        uint64_t head;
    } rows[] = {{0, 2}, {1, 2}, {125, 2}, {126, 4}, {65535, 4}, {65536, 10}, {70000, 10}};
    (void)state;
    STRBUF_AUTO struct strbuf out;
    strbuf_init(&out, 1u << 20);
    char *bytes = mem_alloc(70000);
    assert_non_null(bytes);
    memset(bytes, 'x', 70000);
    uint64_t total = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        frame_add(&out, i % 2, dais_str(bytes, rows[i].len));
        total += rows[i].head + rows[i].len;
    }
    assert_int_equal(strbuf_view(&out).len, total);
    struct dais_str rest = strbuf_view(&out), payload;
    bool binary;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(frame_next(&rest, &binary, &payload));
        assert_int_equal(binary, i % 2);
        assert_int_equal(payload.len, rows[i].len);
    }
    assert_false(frame_next(&rest, &binary, &payload));
    mem_free(bytes);
}

static void test_written_in_two_steps_it_is_the_same(void **state)
{
    static const uint64_t lens[] = {0, 125, 126, 65535, 65536};
    (void)state;
    STRBUF_AUTO struct strbuf one, two;
    strbuf_init(&one, 1u << 20);
    strbuf_init(&two, 1u << 20);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        char *bytes = mem_zalloc(1, lens[i] + 1);
        assert_non_null(bytes);
        frame_add(&one, i % 2, dais_str(bytes, lens[i]));
        uint64_t begin = frame_begin(&two);
        strbuf_add(&two, dais_str(bytes, lens[i]));
        frame_end(&two, begin, i % 2);
        mem_free(bytes);
    }
    assert_true(dais_str_eq(strbuf_view(&one), strbuf_view(&two)));
}

/* RFC 6455 §5.7. */
static void test_example_of_the_rfc(void **state)
{
    (void)state;
    STRBUF_AUTO struct strbuf out;
    strbuf_init(&out, 64);
    frame_add(&out, false, dais_cstr("Hello"));
    assert_int_equal(strbuf_view(&out).len, 7);
    assert_memory_equal(strbuf_view(&out).ptr, "\x81\x05Hello", 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_describe_themselves),
        cmocka_unit_test(test_written_in_two_steps_it_is_the_same),
        cmocka_unit_test(test_example_of_the_rfc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
