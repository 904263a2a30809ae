/* SPDX-License-Identifier: MIT */
/* The plain handshake, in whatever pieces it arrives. */
#include <string.h>

#include "handshake.h"
#include "support.h"

struct peer {
    struct handshake handshake;
    uint8_t reply[HANDSHAKE_REPLY_BYTES];
    struct support_bytes sent;
};

static int setup(void **state)
{
    static struct peer peer;
    memset(&peer, 0, sizeof(peer));
    handshake_init(&peer.handshake, peer.reply, 1);
    support_handshake(&peer.sent);
    *state = &peer;
    return 0;
}

static int teardown(void **state)
{
    support_free(&((struct peer *)*state)->sent);
    return 0;
}

static void assert_reply(const struct peer *peer)
{
    const uint8_t zero_version[4] = {0};
    assert_int_equal(peer->reply[0], 3);
    assert_memory_equal(peer->reply + 5, zero_version, 4);
    assert_memory_equal(peer->reply + 1 + HANDSHAKE_PART_BYTES, peer->sent.data + 1,
                        HANDSHAKE_PART_BYTES);
}

static void glued_together_with_what_follows(void **state)
{
    struct peer *peer = *state;
    support_append(&peer->sent, "next", 4);
    struct dais_str in = support_view(&peer->sent);
    assert_int_equal(handshake_feed(&peer->handshake, &in, peer->reply), HANDSHAKE_REPLY);
    assert_reply(peer);
    assert_int_equal(handshake_feed(&peer->handshake, &in, peer->reply), HANDSHAKE_DONE);
    assert_int_equal(in.len, 4);
    assert_memory_equal(in.ptr, "next", 4);
}

static void one_byte_at_a_time(void **state)
{
    struct peer *peer = *state;
    for (size_t i = 0; i < peer->sent.len; i++) {
        struct dais_str in = dais_str((const char *)peer->sent.data + i, 1);
        int32_t expected = HANDSHAKE_MORE;
        if (i == HANDSHAKE_PART_BYTES)
            expected = HANDSHAKE_REPLY;
        if (i + 1 == peer->sent.len)
            expected = HANDSHAKE_DONE;
        assert_int_equal(handshake_feed(&peer->handshake, &in, peer->reply), expected);
        assert_int_equal(in.len, 0);
    }
    assert_reply(peer);
}

static void c0_alone_then_c1(void **state)
{
    struct peer *peer = *state;
    struct dais_str in = dais_str((const char *)peer->sent.data, 1);
    assert_int_equal(handshake_feed(&peer->handshake, &in, peer->reply), HANDSHAKE_MORE);
    in = dais_str((const char *)peer->sent.data + 1, HANDSHAKE_PART_BYTES);
    assert_int_equal(handshake_feed(&peer->handshake, &in, peer->reply), HANDSHAKE_REPLY);
    assert_reply(peer);
}

static void encrypted_rtmp_is_refused(void **state)
{
    struct peer *peer = *state;
    struct dais_str in = dais_str("\x06", 1);
    assert_int_equal(handshake_feed(&peer->handshake, &in, peer->reply), DAIS_E_INVALID);
}

static void other_protocols_are_refused(void **state)
{
    struct peer *peer = *state;
    struct dais_str in = dais_cstr("GET / HTTP/1.1\r\n");
    assert_int_equal(handshake_feed(&peer->handshake, &in, peer->reply), DAIS_E_INVALID);
}

static void filler_differs_with_the_seed(void **state)
{
    struct peer *peer = *state;
    uint8_t other[HANDSHAKE_REPLY_BYTES];
    struct handshake handshake;
    handshake_init(&handshake, other, 2);
    assert_memory_not_equal(peer->reply + 9, other + 9, HANDSHAKE_PART_BYTES - 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(glued_together_with_what_follows, setup, teardown),
        cmocka_unit_test_setup_teardown(one_byte_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(c0_alone_then_c1, setup, teardown),
        cmocka_unit_test_setup_teardown(encrypted_rtmp_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(other_protocols_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(filler_differs_with_the_seed, setup, teardown),
    };
    return cmocka_run_group_tests_name("handshake", tests, NULL, NULL);
}
