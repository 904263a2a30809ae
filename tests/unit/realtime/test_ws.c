/* SPDX-License-Identifier: MIT */
/* WebSockets over real sockets: input, closing, pings, the end. */
#include "ws_rig.h"

/* --- input --- */

static void test_messages_reach_their_owner(void **state)
{
    struct peer *peer = peer_open();
    (void)state;
    peer_send_frame(peer, FIN | TEXT, "one");
    peer_send_frame(peer, BINARY, "tw");
    peer_send_frame(peer, FIN, "o");
    peer_wait(peer);
    peer_wait(peer);
    peer_expect_heard(peer, "t(one)b(two)");
    peer_close(peer);
    assert_int_equal(peer->code, WS_CLOSE_LOST);
}

/* Bytes behind the handshake come before those of the socket. */
static void test_early_bytes(void **state)
{
    STRBUF_AUTO struct strbuf early;
    (void)state;
    strbuf_init(&early, 4096);
    client_frame(&early, FIN | TEXT, dais_cstr("early"));
    client_frame(&early, FIN | TEXT, dais_cstr("half"));
    uint64_t len = early.len - 2;
    struct peer *peer = peer_new();
    peer->early = dais_str(early.ptr, len);
    peer_connect(peer, DAIS_OK);
    peer_wait(peer);
    peer_expect_heard(peer, "t(early)");
    assert_int_equal(send(peer->fd, early.ptr + len, 2, MSG_NOSIGNAL), 2);
    peer_wait(peer);
    peer_expect_heard(peer, "t(early)t(half)");
    peer_close(peer);
}

static void test_pings_are_answered(void **state)
{
    struct peer *peer = peer_open();
    (void)state;
    peer_send_frame(peer, FIN | PING, "are you there");
    assert_string_equal(peer_next_frame(peer), "8a:are you there");
    peer_close(peer);
}

static int32_t resume(struct peer *peer)
{
    ws_resume(peer->ws);
    return DAIS_OK;
}

/* One message a time: what has come already waits, in the server and in the socket. */
static void test_paused_input_waits(void **state)
{
    struct peer *peer = peer_new();
    peer->pause_after_message = true;
    STRBUF_AUTO struct strbuf bytes, expected;
    (void)state;
    strbuf_init(&bytes, 1u << 20);
    strbuf_init(&expected, 1u << 20);
    for (uint32_t i = 0; i < 50; i++) {
        char text[256];
        int len = snprintf(text, sizeof text, "%u%0200d", i, 0);
        client_frame(&bytes, FIN | TEXT, dais_str(text, (uint64_t)len));
    }
    peer_connect(peer, DAIS_OK);
    peer_send(peer, &bytes);
    for (uint32_t i = 0; i < 50; i++) {
        peer_wait(peer);
        strbuf_addf(&expected, "t(%u%0200d)", i, 0);
        peer_expect_heard(peer, strbuf_cstr(&expected));
        peer_run(peer, resume);
    }
    peer_close(peer);
}

/* --- closing --- */

static uint32_t turns;
static uint64_t heard_in_a_turn; /* messages */

static void count_turn(void *arg)
{
    struct peer *peer = arg;
    if (++turns == 2)
        heard_in_a_turn = peer->heard.len / strlen("t(x)");
}

static int32_t resume_and_count(struct peer *peer)
{
    turns = 0;
    ws_resume(peer->ws);
    return worker_hook_add(WORKER_HOOK_BEGIN, count_turn, peer);
}

static int32_t stop_counting(struct peer *peer)
{
    worker_hook_remove(WORKER_HOOK_BEGIN, count_turn, peer);
    return DAIS_OK;
}

static int32_t pause_input(struct peer *peer)
{
    ws_pause(peer->ws);
    return DAIS_OK;
}

/* However short the messages are: the others have their turn in between. */
static void test_many_short_messages_take_many_turns(void **state)
{
    struct peer *peer = peer_open();
    STRBUF_AUTO struct strbuf bytes;
    (void)state;
    strbuf_init(&bytes, 1u << 20);
    for (uint32_t i = 0; i < 1000; i++)
        client_frame(&bytes, FIN | TEXT, dais_cstr("x"));
    peer_run(peer, pause_input);
    peer_send(peer, &bytes);
    peer_run(peer, resume_and_count);
    for (uint32_t i = 0; i < 1000; i++)
        peer_wait(peer);
    peer_run(peer, stop_counting);
    assert_in_range(heard_in_a_turn, 1, 200);
    peer_close(peer);
}

static void test_close_of_the_peer_is_answered(void **state)
{
    struct peer *peer = peer_open();
    STRBUF_AUTO struct strbuf bytes;
    (void)state;
    strbuf_init(&bytes, 4096);
    client_close(&bytes, 3123, "enough");
    peer_send(peer, &bytes);
    assert_string_equal(peer_next_frame(peer), "88:3123,");
    peer_expect_end(peer);
    peer_close(peer);
    assert_int_equal(peer->code, 3123);
}

static void test_close_without_code_is_answered_without(void **state)
{
    struct peer *peer = peer_open();
    (void)state;
    peer_send_frame(peer, FIN | CLOSE, "");
    assert_string_equal(peer_next_frame(peer), "88:");
    peer_expect_end(peer);
    peer_close(peer);
    assert_int_equal(peer->code, WS_CLOSE_NO_CODE);
}

static int32_t close_denied(struct peer *peer)
{
    peer_put(peer, "last words", MESSAGE_DURABLE, 0);
    ws_close(peer->ws, WS_CLOSE_DENIED, dais_cstr("banned"));
    peer_put(peer, "too late", MESSAGE_DURABLE, 0);
    ws_close(peer->ws, WS_CLOSE_NORMAL, dais_cstr("ignored"));
    return DAIS_OK;
}

/* What waits goes out, then the close frame; what the peer sends meanwhile is not told. */
static void test_close_of_ours(void **state)
{
    struct peer *peer = peer_open();
    STRBUF_AUTO struct strbuf bytes;
    (void)state;
    strbuf_init(&bytes, 4096);
    peer_run(peer, close_denied);
    assert_string_equal(peer_next_frame(peer), "81:last words");
    assert_string_equal(peer_next_frame(peer), "88:4003,banned");
    client_frame(&bytes, FIN | TEXT, dais_cstr("under way"));
    client_close(&bytes, WS_CLOSE_DENIED, "");
    peer_send(peer, &bytes);
    peer_expect_end(peer);
    peer_wait(peer);
    peer_expect_heard(peer, "closed(4003)");
    peer_close(peer);
}

/* A peer that does not answer loses the connection after ws_close_ms. */
static void test_close_is_not_answered(void **state)
{
    struct peer *peer = peer_open();
    (void)state;
    peer_run(peer, close_denied);
    uint64_t from_ms = clock_ms();
    assert_string_equal(peer_next_frame(peer), "81:last words");
    assert_string_equal(peer_next_frame(peer), "88:4003,banned");
    peer_expect_end(peer);
    assert_true(clock_ms() - from_ms >= PEER_CLOSE_MS - 50);
    peer_close(peer);
    assert_int_equal(peer->code, WS_CLOSE_DENIED);
}

static int32_t close_wordy(struct peer *peer)
{
    char reason[200];
    memset(reason, 'x', 122);
    memcpy(reason + 122, "\xe2\x82\xac", 4); /* the euro sign does not fit whole */
    ws_close(peer->ws, WS_CLOSE_TOO_MANY, dais_cstr(reason));
    return DAIS_OK;
}

static void test_reasons_are_cut_between_characters(void **state)
{
    struct peer *peer = peer_open();
    (void)state;
    peer_run(peer, close_wordy);
    assert_int_equal(strlen(peer_next_frame(peer)), strlen("88:4008,") + 122);
    peer_close(peer);
}

/* The close code of each thing a peer may do wrong. */
static void test_bad_input_is_closed_with_its_code(void **state)
{
    static const struct {
        const char *bytes;
        uint32_t len;
        uint32_t code;
    } rows[] = {
        {"\x81\x01x", 3, WS_CLOSE_PROTOCOL},
        {"\x81\x81\0\0\0\0\xff", 7, WS_CLOSE_NOT_UTF8},
        {"\x81\xfe\x10\0\0\0\0\0x", 9, WS_CLOSE_TOO_BIG},
        {"\x88\x82\0\0\0\0\x03\xed", 8, WS_CLOSE_PROTOCOL}, /* 1005 is never sent */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct peer *peer = peer_open();
        char frame[32];
        (void)snprintf(frame, sizeof frame, "88:%u,", rows[i].code);
        assert_int_equal(send(peer->fd, rows[i].bytes, rows[i].len, 0), rows[i].len);
        assert_string_equal(peer_next_frame(peer), frame);
        peer_close(peer);
        assert_int_equal(peer->code, rows[i].code);
    }
}

static int32_t abort_ws(struct peer *peer)
{
    ws_abort(peer->ws);
    return strbuf_view(&peer->heard).len == 0 ? DAIS_OK : DAIS_E_STATE; /* not from within */
}

static void test_abort(void **state)
{
    struct peer *peer = peer_open();
    (void)state;
    peer_run(peer, abort_ws);
    peer_expect_end(peer);
    peer_wait(peer);
    peer_expect_heard(peer, "closed(1006)");
    peer_close(peer);
}

/* --- output --- */

static int32_t put_many(struct peer *peer)
{
    char text[32];
    for (uint32_t i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof text, "message %u", i);
        peer_put(peer, text, MESSAGE_DURABLE, 0);
    }
    return DAIS_OK;
}

static void test_order_is_kept(void **state)
{
    struct peer *peer = peer_open();
    char text[32];
    (void)state;
    peer_run(peer, put_many);
    for (uint32_t i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof text, "81:message %u", i);
        assert_string_equal(peer_next_frame(peer), text);
    }
    peer_close(peer);
}

/* --- moving --- */

static struct peer *session;

static int32_t move(struct peer *probe)
{
    link_init(&session->link, NULL);
    peer_put(session, "of the session", MESSAGE_DURABLE, 0);
    peer_put(probe, "of the probe", MESSAGE_DURABLE, 0);
    int32_t code = ws_move(probe->ws, &session->link, &peer_events, session);
    if (code || probe->link.ws || !outq_is_empty(&probe->link.queue))
        return DAIS_E_STATE;
    session->ws = probe->ws;
    link_fini(&probe->link);
    return DAIS_OK;
}

static void test_ws_moves_to_another_link(void **state)
{
    struct peer *probe = peer_open();
    (void)state;
    session = peer_new();
    peer_run(probe, move);
    assert_string_equal(peer_next_frame(probe), "81:of the probe");
    assert_string_equal(peer_next_frame(probe), "81:of the session");
    peer_send_frame(probe, FIN | TEXT, "hello");
    peer_wait(session);
    peer_expect_heard(session, "t(hello)");
    session->fd = probe->fd;
    probe->fd = -1;
    peer_close(session);
}

/* --- pings --- */

static void test_silent_peer_is_lost(void **state)
{
    struct peer *peer = peer_open();
    (void)state;
    assert_string_equal(peer_next_frame(peer), "89:");
    peer_expect_end(peer);
    peer_close(peer);
    assert_int_equal(peer->code, WS_CLOSE_LOST);
}

static void test_peer_that_answers_stays(void **state)
{
    struct peer *peer = peer_open(), *other = peer_new();
    other->own_pings = true;
    char byte;
    (void)state;
    peer_connect(other, DAIS_OK);
    for (uint32_t i = 0; i < 3; i++) {
        assert_string_equal(peer_next_frame(peer), "89:");
        peer_send_frame(peer, FIN | PONG, "");
    }
    peer_run(peer, peer_nothing);
    assert_int_equal(peer->seen.code, 0);
    assert_int_equal(recv(other->fd, &byte, 1, MSG_DONTWAIT), -1);
    peer_run(other, peer_nothing);
    assert_int_equal(other->seen.code, 0); /* never asked, never lost */
    peer_close(peer);
    peer_close(other);
}

/* --- the end --- */

static int32_t drain(struct peer *peer)
{
    (void)peer;
    link_worker_drain();
    return DAIS_OK;
}

static void test_stop_closes_with_1001(void **state)
{
    struct peer *peer = peer_open(), *other = peer_new();
    other->own_pings = true;
    (void)state;
    peer_connect(other, DAIS_OK);
    peer_run(peer, drain);
    assert_string_equal(peer_next_frame(peer), "88:1001,the server stops");
    assert_string_equal(peer_next_frame(other), "88:1001,the server stops");
    peer_close(peer);
    peer_close(other);
    assert_int_equal(peer->code, WS_CLOSE_GOING_AWAY);
    struct peer *late = peer_new();
    peer_connect(late, DAIS_E_STATE);
    peer_expect_end(late); /* the wire was closed */
}

/* Who is still there when the worker ends hears of it, too. */
static int32_t stop_and_tell(struct peer *peer)
{
    link_worker_stop();
    return str_eqz(strbuf_view(&peer->heard), "closed(1006)") ? DAIS_OK : DAIS_E_STATE;
}

static void test_who_is_left_at_the_end(void **state)
{
    struct peer *peer = peer_open();
    (void)state;
    peer_run(peer, stop_and_tell);
    peer_expect_end(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PEER_TEST(test_messages_reach_their_owner),
        PEER_TEST(test_early_bytes),
        PEER_TEST(test_pings_are_answered),
        PEER_TEST(test_paused_input_waits),
        PEER_TEST(test_many_short_messages_take_many_turns),
        PEER_TEST(test_close_of_the_peer_is_answered),
        PEER_TEST(test_close_without_code_is_answered_without),
        PEER_TEST(test_close_of_ours),
        PEER_TEST(test_close_is_not_answered),
        PEER_TEST(test_reasons_are_cut_between_characters),
        PEER_TEST(test_bad_input_is_closed_with_its_code),
        PEER_TEST(test_abort),
        PEER_TEST(test_order_is_kept),
        PEER_TEST(test_ws_moves_to_another_link),
        PING_TEST(test_silent_peer_is_lost),
        PING_TEST(test_peer_that_answers_stays),
        PEER_TEST(test_stop_closes_with_1001),
        PEER_TEST(test_who_is_left_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
