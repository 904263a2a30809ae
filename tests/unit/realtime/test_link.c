/* SPDX-License-Identifier: MIT */
/* What clients are sent that read slowly, or not at all. */
#include "base/metrics.h"
#include "ws_rig.h"

#include <stdlib.h>

/* --- slow readers --- */

#define PART_BYTES 1000u

static int32_t put_part(struct peer *peer)
{
    char text[PART_BYTES + 1];
    memset(text, 'x', PART_BYTES);
    (void)snprintf(text, 16, "part %5u", peer->kept);
    text[strlen(text)] = ' ';
    text[PART_BYTES] = '\0';
    peer_put(peer, text, MESSAGE_DURABLE, 0);
    if (!peer->link.over)
        peer->kept++;
    return DAIS_OK;
}

/* Puts until the link is over, each in a turn of its own; what waited last is within one message of
 * the budget. */
static void fill(struct peer *peer)
{
    while (!peer->seen.over) {
        peer_run(peer, put_part);
        assert_true(peer->kept < 100000);
    }
    uint32_t waited = peer->seen.waited;
    assert_true(waited <= PEER_BUDGET);
    assert_true(waited + PART_BYTES + 4 + sizeof(struct outq_entry) > PEER_BUDGET);
}

/* What the socket had taken arrives whole and in order, then the close frame. */
static void expect_parts_and_close(struct peer *peer)
{
    uint32_t parts = 0;
    const char *frame = peer_next_frame(peer);
    for (; strncmp(frame, "81:part", 7) == 0; frame = peer_next_frame(peer)) {
        char text[32];
        (void)snprintf(text, sizeof text, "81:part %5u ", parts++);
        assert_memory_equal(frame, text, strlen(text));
        assert_int_equal(strlen(frame), 3 + PART_BYTES);
    }
    assert_string_equal(frame, "88:4000,read too slowly, resume");
    assert_in_range(parts, 1, peer->kept - 1);
    peer_expect_end(peer);
}

static int64_t slow_count(void)
{
    STRBUF_AUTO struct strbuf text;
    strbuf_init(&text, 1u << 20);
    metrics_render(&text);
    const char *row = strstr(strbuf_cstr(&text), "\ndais_link_slow_closed_total ");
    assert_non_null(row);
    return strtoll(row + strlen("\ndais_link_slow_closed_total "), NULL, 10);
}

static void test_slow_reader_is_closed_to_resume(void **state)
{
    struct peer *peer = peer_open();
    int64_t before = slow_count();
    (void)state;
    fill(peer);
    expect_parts_and_close(peer);
    peer_close(peer);
    assert_int_equal(peer->code, WS_CLOSE_SLOW);
    assert_int_equal(slow_count(), before + 1);
}

/* One who never reads again is gone after ws_close_ms. */
static void test_stopped_reader_is_gone(void **state)
{
    struct peer *peer = peer_open();
    (void)state;
    fill(peer);
    peer_wait(peer);
    peer_expect_heard(peer, "closed(4000)");
    peer_close(peer);
}

static void on_overflow(struct link *link)
{
    struct peer *peer = CONTAINER_OF(link, struct peer, link);
    peer->overflows++;
    ws_close(peer->ws, WS_CLOSE_SLOW, dais_cstr("read too slowly, resume"));
}

static void test_overflow_is_told_once(void **state)
{
    static const struct link_ops ops = {.overflow = on_overflow};
    struct peer *peer = peer_new();
    peer->link.ops = &ops;
    peer_connect(peer, DAIS_OK);
    (void)state;
    fill(peer);
    peer_run(peer, put_part);
    expect_parts_and_close(peer);
    peer_close(peer);
    assert_int_equal(peer->overflows, 1);
}

static void note_overflow(struct link *link)
{
    CONTAINER_OF(link, struct peer, link)->overflows++;
}

static int32_t put_too_much_and_close(struct peer *peer)
{
    while (!peer->link.over)
        peer_put(peer, "part", MESSAGE_DURABLE, 0);
    ws_close(peer->ws, WS_CLOSE_GOING_AWAY, dais_str("", 0));
    return DAIS_OK;
}

/* A session that has ended does nothing when it hears that its client was too slow. */
static void test_close_of_a_slow_reader_goes_out_at_once(void **state)
{
    static const struct link_ops ops = {.overflow = note_overflow};
    struct peer *peer = peer_new();
    (void)state;
    peer->link.ops = &ops;
    peer_connect(peer, DAIS_OK);
    peer_run(peer, put_too_much_and_close);
    assert_string_equal(peer_next_frame(peer), "88:1001,");
    peer_close(peer);
    assert_int_equal(peer->overflows, 1);
}

/* Counts replace each other while the reader is slow; what is durable keeps its order to them. */
static int32_t put_count(struct peer *peer)
{
    char text[32];
    for (uint32_t i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof text, "count %u", i);
        peer_put(peer, text, MESSAGE_REPLACEABLE, 1);
    }
    peer_put(peer, "end", MESSAGE_DURABLE, 0);
    return DAIS_OK;
}

static void test_replaceable_messages_of_a_slow_reader(void **state)
{
    struct peer *peer = peer_open();
    (void)state;
    while (peer->seen.waited < PEER_BUDGET / 4)
        peer_run(peer, put_part);
    peer_run(peer, put_count);
    for (uint32_t i = 0; i < peer->kept; i++)
        assert_memory_equal(peer_next_frame(peer), "81:part", 7);
    assert_string_equal(peer_next_frame(peer), "81:count 999");
    assert_string_equal(peer_next_frame(peer), "81:end");
    peer_close(peer);
}

/* --- spans --- */

/* Spans of three messages, until the link says that something waits. */
static int32_t write_spans(struct peer *peer)
{
    for (bool taken = true; taken && !peer->link.over;) {
        STRBUF_AUTO struct strbuf frames;
        strbuf_init(&frames, 1u << 20);
        char text[PART_BYTES + 1];
        for (uint32_t i = 0; i < 3; i++) {
            (void)snprintf(text, sizeof text, "part %5u %0*d", peer->kept + i, PART_BYTES - 11, 0);
            frame_add(&frames, false, dais_cstr(text));
        }
        struct dais_buf *buf = buf_copy(strbuf_view(&frames));
        taken = link_write(&peer->link, buf, 0, (uint32_t)buf->len);
        peer->kept += taken ? 3 : 0;
        if (!buf_is_unique(buf) && outq_is_empty(&peer->link.queue))
            return DAIS_E_STATE;
        buf_unref(buf);
    }
    return outq_is_empty(&peer->link.queue) ? DAIS_E_STATE : DAIS_OK;
}

static int32_t holds_nothing(struct peer *peer)
{
    return peer->link.queue.ring ? DAIS_E_STATE : DAIS_OK;
}

static void test_spans_go_out_at_once(void **state)
{
    struct peer *peer = peer_open();
    (void)state;
    peer_run(peer, write_spans); /* without an end of the turn in between */
    uint32_t kept = peer->kept;
    assert_true(kept > 30);
    for (uint32_t i = 0; i < kept; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "81:part %5u ", i);
        assert_memory_equal(peer_next_frame(peer), text, strlen(text));
    }
    peer_run(peer, put_part);
    assert_memory_equal(peer_next_frame(peer), "81:part", 7);
    peer_run(peer, holds_nothing);
    peer_close(peer);
}

/* A span whose rest is beyond the budget makes its reader a slow one. */
static int32_t write_giant(struct peer *peer)
{
    STRBUF_AUTO struct strbuf frames;
    strbuf_init(&frames, 1u << 24);
    for (uint32_t i = 0; i < 2000; i++) {
        char text[PART_BYTES + 1];
        (void)snprintf(text, sizeof text, "part %5u %0*d", i, PART_BYTES - 11, 0);
        frame_add(&frames, false, dais_cstr(text));
    }
    struct dais_buf *buf = buf_copy(strbuf_view(&frames));
    bool taken = link_write(&peer->link, buf, 0, (uint32_t)buf->len);
    peer->kept = 2000;
    buf_unref(buf);
    return taken && peer->link.over ? DAIS_OK : DAIS_E_STATE;
}

static void test_giant_span(void **state)
{
    struct peer *peer = peer_open();
    (void)state;
    peer_run(peer, write_giant);
    expect_parts_and_close(peer);
    peer_close(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PEER_TEST(test_slow_reader_is_closed_to_resume),
        PEER_TEST(test_stopped_reader_is_gone),
        PEER_TEST(test_overflow_is_told_once),
        PEER_TEST(test_close_of_a_slow_reader_goes_out_at_once),
        PEER_TEST(test_replaceable_messages_of_a_slow_reader),
        PEER_TEST(test_spans_go_out_at_once),
        PEER_TEST(test_giant_span),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
