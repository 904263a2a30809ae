/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/mem.h"
#include "realtime/outq.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define ENTRY ((uint32_t)sizeof(struct outq_entry))
#define BUDGET 4096u

/* A frame in a buffer of its own; the caller's reference. */
static struct message make(const char *text, enum message_class class, uint32_t key)
{
    STRBUF_AUTO struct strbuf frame;
    strbuf_init(&frame, 1u << 16);
    frame_add(&frame, false, dais_cstr(text));
    struct dais_buf *buf = buf_copy(strbuf_view(&frame));
    assert_non_null(buf);
    return (struct message){.buf = buf, .len = (uint32_t)buf->len, .class = class, .key = key};
}

static enum outq_put put(struct outq *queue, const char *text, enum message_class class,
                         uint32_t key)
{
    struct message message = make(text, class, key);
    enum outq_put result = outq_put(queue, &message, BUDGET);
    buf_unref(message.buf);
    return result;
}

/* Sends `step` bytes at a time, as a socket would take them, and reads the frames back. */
static void expect_sent(struct outq *queue, uint64_t step, const char *expected)
{
    STRBUF_AUTO struct strbuf bytes, texts;
    struct iovec iov[4];
    strbuf_init(&bytes, 1u << 20);
    strbuf_init(&texts, 1u << 20);
    while (!outq_is_empty(queue)) {
        uint64_t left = step;
        uint32_t count = outq_iov(queue, iov, 4, step);
        assert_true(count > 0);
        for (uint32_t i = 0; i < count && left > 0; i++) {
            uint64_t take = iov[i].iov_len < left ? iov[i].iov_len : left;
            strbuf_add(&bytes, dais_str(iov[i].iov_base, take));
            left -= take;
        }
        outq_sent(queue, step - left);
    }
    struct dais_str rest = strbuf_view(&bytes), payload;
    for (bool binary; frame_next(&rest, &binary, &payload);)
        strbuf_addf(&texts, "%.*s ", STR_ARG(payload));
    assert_string_equal(strbuf_cstr(&texts), expected);
    assert_null(queue->ring);
    assert_int_equal(queue->bytes, 0);
}

static void test_order_is_kept_however_it_is_sent(void **state)
{
    (void)state;
    for (uint64_t step = 1; step < 40; step++) {
        struct outq queue = {.ring = NULL};
        for (uint32_t i = 0; i < 20; i++)
            assert_int_equal(put(&queue, i % 2 ? "ab" : "cdefg", MESSAGE_DURABLE, 0), OUTQ_KEPT);
        expect_sent(&queue, step,
                    "cdefg ab cdefg ab cdefg ab cdefg ab cdefg ab "
                    "cdefg ab cdefg ab cdefg ab cdefg ab cdefg ab ");
    }
}

static void test_short_queues_take_no_memory(void **state)
{
    struct outq queue = {.ring = NULL};
    struct message message = make("one", MESSAGE_DURABLE, 0);
    (void)state;
    mem_fail_after(0);
    enum outq_put first = outq_put(&queue, &message, BUDGET);
    enum outq_put second = outq_put(&queue, &message, BUDGET);
    mem_fail_after(-1);
    assert_int_equal(first, OUTQ_KEPT);
    assert_int_equal(second, OUTQ_FULL); /* there was none for a ring */
    assert_int_equal(queue.count, 1);
    assert_false(buf_is_unique(message.buf));
    outq_clear(&queue);
    assert_true(buf_is_unique(message.buf));
    buf_unref(message.buf);
}

/* Messages one behind the other in a room's buffer are one entry, whose cost is paid once. */
static void test_neighbours_merge(void **state)
{
    struct outq queue = {.ring = NULL};
    STRBUF_AUTO struct strbuf frames;
    (void)state;
    strbuf_init(&frames, 1u << 16);
    for (uint32_t i = 0; i < 100; i++)
        frame_add(&frames, false, dais_cstr("x"));
    struct dais_buf *buf = buf_copy(strbuf_view(&frames));
    assert_non_null(buf);
    for (uint32_t i = 0; i < 100; i++) {
        const struct message message = {.buf = buf,
                                        .offset = 3 * i,
                                        .len = 3,
                                        .class = i % 3 ? MESSAGE_DURABLE : MESSAGE_DROPPABLE};
        assert_int_equal(outq_put(&queue, &message, BUDGET), OUTQ_KEPT);
    }
    assert_int_equal(queue.count, 1);
    assert_int_equal(queue.bytes, ENTRY + 300);
    outq_sent(&queue, 299);
    assert_int_equal(queue.count, 1);
    assert_int_equal(queue.bytes, ENTRY + 1);
    outq_sent(&queue, 1);
    assert_true(outq_is_empty(&queue));
    assert_true(buf_is_unique(buf));
    buf_unref(buf);
}

/* The budget is reached exactly: droppable ones get half of it, durable ones all. */
static void test_budget_by_class(void **state)
{
    struct outq queue = {.ring = NULL};
    char text[100 - 2 - ENTRY + 1];
    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0'; /* each message costs 100 */
    for (uint32_t i = 0; i < BUDGET / 2 / 100; i++)
        assert_int_equal(put(&queue, text, MESSAGE_DROPPABLE, 0), OUTQ_KEPT);
    assert_int_equal(put(&queue, text, MESSAGE_DROPPABLE, 0), OUTQ_DROPPED);
    for (uint32_t i = BUDGET / 2 / 100; i < BUDGET / 100; i++)
        assert_int_equal(put(&queue, text, MESSAGE_DURABLE, 0), OUTQ_KEPT);
    assert_int_equal(put(&queue, text, MESSAGE_REPLACEABLE, 1), OUTQ_DROPPED);
    assert_int_equal(put(&queue, text, MESSAGE_DURABLE, 0), OUTQ_FULL);
    assert_int_equal(queue.bytes, BUDGET / 100 * 100);
    text[sizeof text - 1 - (100 - BUDGET % 100)] = '\0';
    assert_int_equal(put(&queue, text, MESSAGE_DURABLE, 0), OUTQ_KEPT);
    assert_int_equal(queue.bytes, BUDGET);
    outq_sent(&queue, 1);
    assert_int_equal(queue.bytes, BUDGET - 1);
    outq_clear(&queue);
}

static void test_replaceable_gives_way(void **state)
{
    struct outq queue = {.ring = NULL};
    (void)state;
    put(&queue, "count=1", MESSAGE_REPLACEABLE, 7);
    put(&queue, "chat", MESSAGE_DURABLE, 0);
    put(&queue, "other=1", MESSAGE_REPLACEABLE, 8);
    assert_int_equal(put(&queue, "count=2", MESSAGE_REPLACEABLE, 7), OUTQ_REPLACED);
    assert_int_equal(queue.count, 3);
    expect_sent(&queue, 5, "chat other=1 count=2 ");
}

static clock_t time_of_replacing(struct outq *queue, uint32_t times)
{
    struct message message = make("count", MESSAGE_REPLACEABLE, 7);
    clock_t began = clock();
    for (uint32_t i = 0; i < times; i++)
        (void)outq_put(queue, &message, UINT64_MAX);
    buf_unref(message.buf);
    return clock() - began;
}

/* A client that does not read and sends pings costs no more for what waits before its pong. */
static void test_replacing_takes_no_longer_behind_a_long_queue(void **state)
{
    struct outq queue = {.ring = NULL};
    (void)state;
    clock_t alone = time_of_replacing(&queue, 20000);
    for (uint32_t i = 0; i < 8000; i++) {
        struct message message = make("acknowledged", MESSAGE_DURABLE, 0);
        assert_int_equal(outq_put(&queue, &message, UINT64_MAX), OUTQ_KEPT);
        buf_unref(message.buf);
    }
    assert_in_range(time_of_replacing(&queue, 20000), 0, 20 * alone + CLOCKS_PER_SEC / 20);
    assert_int_equal(queue.count, 8001);
    outq_clear(&queue);
}

/* One whose first byte is sent has to go on. */
static void test_what_is_under_way_is_not_replaced(void **state)
{
    struct outq queue = {.ring = NULL};
    (void)state;
    put(&queue, "count=1", MESSAGE_REPLACEABLE, 7);
    outq_sent(&queue, 1);
    assert_int_equal(put(&queue, "count=2", MESSAGE_REPLACEABLE, 7), OUTQ_KEPT);
    assert_int_equal(put(&queue, "count=3", MESSAGE_REPLACEABLE, 7), OUTQ_REPLACED);
    assert_int_equal(queue.count, 2);
    outq_clear(&queue);
}

/* After a cut the frame under way can be finished, so that a close frame may follow. */
static void test_cut_keeps_the_frame_under_way(void **state)
{
    STRBUF_AUTO struct strbuf frames;
    (void)state;
    strbuf_init(&frames, 1u << 16);
    for (uint32_t i = 0; i < 10; i++)
        frame_add(&frames, i % 2, dais_cstr("eight888")); /* 10 bytes each */
    struct dais_buf *buf = buf_copy(strbuf_view(&frames));
    assert_non_null(buf);
    for (uint32_t sent = 0; sent <= 30; sent++) {
        struct outq queue = {.ring = NULL};
        const struct message message = {
            .buf = buf, .len = (uint32_t)buf->len, .class = MESSAGE_DURABLE};
        assert_int_equal(outq_put(&queue, &message, BUDGET), OUTQ_KEPT);
        put(&queue, "more", MESSAGE_DURABLE, 0);
        outq_sent(&queue, sent);
        outq_cut(&queue);
        struct iovec iov[2];
        uint32_t count = outq_iov(&queue, iov, 2, BUDGET);
        assert_int_equal(count, sent % 10 > 0);
        if (count > 0)
            assert_int_equal(iov[0].iov_len, 10 - sent % 10);
        outq_clear(&queue);
    }
    assert_true(buf_is_unique(buf));
    buf_unref(buf);
}

static void test_polls_take_packets(void **state)
{
    struct outq queue = {.ring = NULL};
    STRBUF_AUTO struct strbuf frames, out;
    (void)state;
    strbuf_init(&frames, 1u << 16);
    strbuf_init(&out, 1u << 16);
    frame_add(&frames, false, dais_cstr("4one"));
    frame_add(&frames, true, dais_str("\x01\x02\x03\x04", 4));
    frame_add(&frames, false, dais_cstr("4two"));
    struct dais_buf *buf = buf_copy(strbuf_view(&frames));
    assert_non_null(buf);
    const struct message message = {
        .buf = buf, .len = (uint32_t)buf->len, .class = MESSAGE_DURABLE};
    assert_int_equal(outq_put(&queue, &message, BUDGET), OUTQ_KEPT);
    put(&queue, "4three", MESSAGE_REPLACEABLE, 3);
    assert_int_equal(outq_take(&queue, 2, &out), 2);
    assert_string_equal(strbuf_cstr(&out), "4one\x1e"
                                           "bAQIDBA==");
    assert_int_equal(put(&queue, "4four", MESSAGE_REPLACEABLE, 3), OUTQ_REPLACED);
    strbuf_clear(&out);
    assert_int_equal(outq_take(&queue, 16, &out), 2);
    assert_string_equal(strbuf_cstr(&out), "4two\x1e"
                                           "4four");
    assert_true(outq_is_empty(&queue));
    assert_int_equal(queue.bytes, 0);
    assert_true(buf_is_unique(buf));
    buf_unref(buf);
}

static void test_queues_join(void **state)
{
    (void)state;
    for (uint32_t mine = 0; mine < 12; mine++) {
        for (uint32_t others = 0; others < 12; others++) {
            struct outq to = {.ring = NULL}, from = {.ring = NULL};
            STRBUF_AUTO struct strbuf expected;
            strbuf_init(&expected, 4096);
            for (uint32_t i = 0; i < mine + others; i++) {
                put(i < mine ? &to : &from, i < mine ? "a" : "b", MESSAGE_REPLACEABLE, i);
                strbuf_addz(&expected, i < mine ? "a " : "b ");
            }
            assert_true(outq_append(&to, &from));
            assert_true(outq_is_empty(&from));
            assert_int_equal(to.replaceable, mine + others);
            expect_sent(&to, 3, strbuf_cstr(&expected));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_is_kept_however_it_is_sent),
        cmocka_unit_test(test_short_queues_take_no_memory),
        cmocka_unit_test(test_neighbours_merge),
        cmocka_unit_test(test_budget_by_class),
        cmocka_unit_test(test_replaceable_gives_way),
        cmocka_unit_test(test_replacing_takes_no_longer_behind_a_long_queue),
        cmocka_unit_test(test_what_is_under_way_is_not_replaced),
        cmocka_unit_test(test_cut_keeps_the_frame_under_way),
        cmocka_unit_test(test_polls_take_packets),
        cmocka_unit_test(test_queues_join),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
