/* SPDX-License-Identifier: MIT */
/* Chunk streams: every header form, in whatever pieces they arrive, and the bounds. */
#include <string.h>

#include "bytes.h"
#include "support.h"

#define MESSAGE_BYTES_MAX (4u << 20)
#define BUFFERED_BYTES_MAX (6u << 20)

struct peer {
    struct support_bodies counts;
    struct chunk_reader reader;
    struct support_bytes sent;
};

static int setup(void **state)
{
    static struct peer peer;
    memset(&peer, 0, sizeof(peer));
    struct chunk_bodies bodies = support_bodies(&peer.counts);
    chunk_reader_init(&peer.reader, &bodies, MESSAGE_BYTES_MAX, BUFFERED_BYTES_MAX);
    *state = &peer;
    return 0;
}

static int teardown(void **state)
{
    struct peer *peer = *state;
    chunk_reader_fini(&peer->reader);
    support_free(&peer->sent);
    assert_int_equal(peer->counts.alive, 0);
    assert_int_equal(peer->reader.buffered_bytes, 0);
    return 0;
}

static void start_again(struct peer *peer)
{
    struct chunk_bodies bodies = peer->reader.bodies;
    chunk_reader_fini(&peer->reader);
    chunk_reader_init(&peer->reader, &bodies, MESSAGE_BYTES_MAX, BUFFERED_BYTES_MAX);
}

static void release(struct peer *peer, struct chunk_message *message)
{
    if (message->body)
        peer->reader.bodies.body_unref(peer->reader.bodies.ctx, message->body);
}

/* Reads messages out of `sent` in slices of `slice` bytes; `expected` of them, then nothing. */
static void read_all(struct peer *peer, size_t slice, const struct chunk_message *expected,
                     size_t count)
{
    size_t found = 0;
    for (size_t at = 0; at < peer->sent.len; at += slice) {
        size_t len = peer->sent.len - at < slice ? peer->sent.len - at : slice;
        struct dais_str in = dais_str((const char *)peer->sent.data + at, len);
        struct chunk_message message;
        int32_t status;
        while ((status = chunk_read(&peer->reader, &in, &message)) > 0) {
            assert_true(found < count);
            const struct chunk_message *want = &expected[found++];
            assert_int_equal(message.csid, want->csid);
            assert_int_equal(message.type, want->type);
            assert_int_equal(message.timestamp, want->timestamp);
            assert_int_equal(message.message_stream_id, want->message_stream_id);
            assert_int_equal(message.bytes, want->bytes);
            if (want->data)
                assert_memory_equal(message.data, want->data, want->bytes);
            release(peer, &message);
        }
        assert_int_equal(status, 0);
        assert_int_equal(in.len, 0);
    }
    assert_int_equal(found, count);
}

/* The same messages must come out whatever the slices are. */
static void expect(struct peer *peer, const struct chunk_message *expected, size_t count)
{
    const size_t slices[] = {1, 2, 3, 7, 127, 1000, 65536};
    for (size_t i = 0; i < sizeof(slices) / sizeof(slices[0]); i++) {
        start_again(peer);
        read_all(peer, slices[i], expected, count);
    }
}

static int32_t read_error(struct peer *peer)
{
    struct dais_str in = support_view(&peer->sent);
    struct chunk_message message;
    int32_t status;
    while ((status = chunk_read(&peer->reader, &in, &message)) > 0)
        release(peer, &message);
    return status;
}

static void put(struct peer *peer, const char *bytes, size_t len)
{
    support_append(&peer->sent, bytes, len);
}

#define PUT(peer, literal) put((peer), (literal), sizeof(literal) - 1)

static void what_is_written_is_read(void **state)
{
    struct peer *peer = *state;
    static uint8_t payload[200000 + 8];
    for (size_t i = 0; i < sizeof(payload); i++)
        payload[i] = (uint8_t)(i * 31 >> 3);
    const uint32_t csids[] = {2, 63, 64, 319, 320, 65599};
    const uint32_t lengths[] = {0, 1, 127, 128, 129, 65536, 200000};
    struct chunk_message expected[42];
    size_t count = 0;
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < 7; j++) {
            expected[count] = (struct chunk_message){
                .csid = csids[i],
                .timestamp = (uint32_t)(count * 0x7000000u),
                .message_stream_id = 1 + (uint32_t)i * 0x1020304u,
                .bytes = lengths[j],
                .type = CHUNK_VIDEO,
                .data = payload + j,
            };
            support_message(&peer->sent, &expected[count], CHUNK_BYTES_DEFAULT);
            count++;
        }
    expect(peer, expected, count);
}

static void writer_needs_room(void **state)
{
    uint8_t out[64];
    size_t bytes = 1234;
    struct chunk_message message = {.csid = 3, .bytes = 53, .data = (uint8_t[53]){0}};
    assert_int_equal(chunk_write(&message, 128, out, sizeof(out) - 1, &bytes), DAIS_E_LIMIT);
    assert_int_equal(bytes, 1234);
    message.bytes = 52;
    assert_int_equal(chunk_write(&message, 128, out, sizeof(out), &bytes), 0);
    assert_int_equal(bytes, 64);
}

static void format_1_on_a_fresh_stream(void **state)
{
    struct peer *peer = *state;
    PUT(peer, "\x42\0\0\x05\0\0\x02\x04hi");
    const struct chunk_message expected = {
        .csid = 2, .timestamp = 5, .bytes = 2, .type = 4, .data = (uint8_t *)"hi"};
    expect(peer, &expected, 1);
}

static void formats_2_and_3_on_a_fresh_stream_are_broken(void **state)
{
    struct peer *peer = *state;
    PUT(peer, "\x84\0\0\x05");
    assert_int_equal(read_error(peer), DAIS_E_INVALID);
    start_again(peer);
    peer->sent.len = 0;
    PUT(peer, "\xc4");
    assert_int_equal(read_error(peer), DAIS_E_INVALID);
}

static void format_3_repeats_the_last_difference(void **state)
{
    struct peer *peer = *state;
    PUT(peer, "\x04\0\x01\0\0\0\x01\x08\x01\0\0\0a"); /* absolute 256 */
    PUT(peer, "\x44\0\0\x17\0\0\x01\x08"
              "b"); /* + 23 */
    PUT(peer, "\xc4"
              "c"); /* + 23 */
    PUT(peer, "\x84\0\0\x18"
              "d"); /* + 24 */
    PUT(peer, "\xc4"
              "e"); /* + 24 */
    struct chunk_message expected[5];
    const uint32_t times[] = {256, 279, 302, 326, 350};
    for (size_t i = 0; i < 5; i++)
        expected[i] = (struct chunk_message){.csid = 4,
                                             .timestamp = times[i],
                                             .message_stream_id = 1,
                                             .bytes = 1,
                                             .type = CHUNK_AUDIO,
                                             .data = (uint8_t *)&"abcde"[i]};
    expect(peer, expected, 5);
}

/* RTMP 1.0 §5.3.1.2.4: after format 0 the difference is that timestamp. FFmpeg writes so. */
static void format_3_after_format_0(void **state)
{
    struct peer *peer = *state;
    PUT(peer, "\x04\0\0\x28\0\0\x01\x08\x01\0\0\0a");
    PUT(peer, "\xc4"
              "b");
    struct chunk_message expected[2] = {
        {.csid = 4, .timestamp = 40, .message_stream_id = 1, .bytes = 1, .type = 8},
        {.csid = 4, .timestamp = 80, .message_stream_id = 1, .bytes = 1, .type = 8},
    };
    expect(peer, expected, 2);
}

static void chunks_of_two_messages_interleave(void **state)
{
    struct peer *peer = *state;
    uint8_t video[300];
    uint8_t audio[200];
    memset(video, 'v', sizeof(video));
    memset(audio, 'a', sizeof(audio));
    PUT(peer, "\x06\0\0\0\0\x01\x2c\x09\x01\0\0\0");
    support_append(&peer->sent, video, 128);
    PUT(peer, "\x04\0\0\0\0\0\xc8\x08\x01\0\0\0");
    support_append(&peer->sent, audio, 128);
    PUT(peer, "\xc6");
    support_append(&peer->sent, video, 128);
    PUT(peer, "\xc4");
    support_append(&peer->sent, audio, 72);
    PUT(peer, "\xc6");
    support_append(&peer->sent, video, 44);
    const struct chunk_message expected[] = {
        {.csid = 4, .message_stream_id = 1, .bytes = 200, .type = CHUNK_AUDIO, .data = audio},
        {.csid = 6, .message_stream_id = 1, .bytes = 300, .type = CHUNK_VIDEO, .data = video},
    };
    expect(peer, expected, 2);
}

/* A message of 300 bytes at 0x01020304 ms; format 3 chunks with or without the timestamp. */
static void put_extended(struct peer *peer, const uint8_t *payload, bool repeated)
{
    PUT(peer, "\x06\xff\xff\xff\0\x01\x2c\x09\x01\0\0\0\x01\x02\x03\x04");
    support_append(&peer->sent, payload, 128);
    for (size_t at = 128; at < 300; at += 128) {
        PUT(peer, "\xc6");
        if (repeated)
            PUT(peer, "\x01\x02\x03\x04");
        support_append(&peer->sent, payload + at, at + 128 > 300 ? 300 - at : 128);
    }
}

static void expect_extended(struct peer *peer, uint8_t *payload)
{
    const struct chunk_message expected[] = {
        {.csid = 6,
         .timestamp = 0x01020304,
         .message_stream_id = 1,
         .bytes = 300,
         .type = CHUNK_VIDEO,
         .data = payload},
        {.csid = 6,
         .timestamp = 0x01020304,
         .message_stream_id = 1,
         .bytes = 300,
         .type = CHUNK_VIDEO,
         .data = payload},
    };
    put_extended(peer, payload, true);
    put_extended(peer, payload, false);
    expect(peer, expected, 2);
}

static void extended_timestamps_may_be_repeated_or_left_out(void **state)
{
    uint8_t payload[300];
    for (size_t i = 0; i < sizeof(payload); i++)
        payload[i] = (uint8_t)(i + 100);
    expect_extended(*state, payload);
}

/* The payload begins like the timestamp, so that the reader has to give bytes back. */
static void payload_that_looks_like_half_a_timestamp(void **state)
{
    uint8_t payload[300];
    memset(payload, 'x', sizeof(payload));
    memcpy(payload + 128, "\x01\x02\x03\x05", 4);
    memcpy(payload + 256, "\x01\x02\x04", 3);
    expect_extended(*state, payload);
}

/* One byte of payload is left, and the next header follows while the timestamp is looked for. */
static void bytes_given_back_reach_into_the_next_header(void **state)
{
    struct peer *peer = *state;
    uint8_t payload[129];
    memset(payload, 'x', sizeof(payload));
    payload[128] = 0x06;
    PUT(peer, "\x05\xff\xff\xff\0\0\x81\x09\x01\0\0\0\x06\x00\x00\x07");
    support_append(&peer->sent, payload, 128);
    PUT(peer, "\xc5\x06");
    PUT(peer, "\x00\x00\0\0\x09\0\0\x01\x08\x01\0\0\0b"); /* csid 64 */
    const struct chunk_message expected[] = {
        {.csid = 5,
         .timestamp = 0x06000007,
         .message_stream_id = 1,
         .bytes = 129,
         .type = CHUNK_VIDEO,
         .data = payload},
        {.csid = 64, .timestamp = 9, .message_stream_id = 1, .bytes = 1, .type = CHUNK_AUDIO},
    };
    expect(peer, expected, 2);
}

static void extended_difference_of_format_1(void **state)
{
    struct peer *peer = *state;
    PUT(peer, "\x04\0\0\x01\0\0\x01\x08\x01\0\0\0a");
    PUT(peer, "\x44\xff\xff\xff\0\0\x01\x08\x02\0\0\0b");
    PUT(peer, "\xc4\x02\0\0\0c");
    PUT(peer, "\xc4"
              "d");
    struct chunk_message expected[4];
    const uint32_t times[] = {1, 0x02000001, 0x04000001, 0x06000001};
    for (size_t i = 0; i < 4; i++)
        expected[i] = (struct chunk_message){.csid = 4,
                                             .timestamp = times[i],
                                             .message_stream_id = 1,
                                             .bytes = 1,
                                             .type = CHUNK_AUDIO,
                                             .data = (uint8_t *)&"abcd"[i]};
    /* Waiting for the timestamp of the last one, the reader may not know yet that it is left out.
     */
    PUT(peer, "\x04\0\0\x01\0\0\x00\x08\x01\0\0\0");
    struct chunk_message all[5];
    memcpy(all, expected, sizeof(expected));
    all[4] = (struct chunk_message){
        .csid = 4, .timestamp = 1, .message_stream_id = 1, .type = CHUNK_AUDIO};
    expect(peer, all, 5);
}

static void set_chunk_size(void **state)
{
    struct peer *peer = *state;
    static uint8_t payload[100000];
    memset(payload, 'p', sizeof(payload));
    const struct chunk_message expected[] = {
        {.csid = 6, .message_stream_id = 1, .bytes = 100000, .type = CHUNK_VIDEO, .data = payload},
        {.csid = 6, .message_stream_id = 1, .bytes = 300, .type = CHUNK_VIDEO, .data = payload},
    };
    PUT(peer, "\x02\0\0\0\0\0\x04\x01\0\0\0\0\x7f\xff\xff\xff");
    support_message(&peer->sent, &expected[0], 0x7fffffff);
    PUT(peer, "\x02\0\0\0\0\0\x04\x01\0\0\0\0\0\0\0\x40"); /* under 128 is met, too */
    support_message(&peer->sent, &expected[1], 64);
    expect(peer, expected, 2);
}

static void chunk_size_zero_is_broken(void **state)
{
    struct peer *peer = *state;
    PUT(peer, "\x02\0\0\0\0\0\x04\x01\0\0\0\0\0\0\0\0");
    assert_int_equal(read_error(peer), DAIS_E_INVALID);
}

static void short_control_messages_are_broken(void **state)
{
    struct peer *peer = *state;
    PUT(peer, "\x02\0\0\0\0\0\x03\x01\0\0\0\0\0\0\x10");
    assert_int_equal(read_error(peer), DAIS_E_INVALID);
    start_again(peer);
    peer->sent.len = 0;
    PUT(peer, "\x02\0\0\0\0\0\0\x02\0\0\0\0");
    assert_int_equal(read_error(peer), DAIS_E_INVALID);
}

static void abort_drops_what_has_arrived(void **state)
{
    struct peer *peer = *state;
    uint8_t payload[200];
    memset(payload, 'p', sizeof(payload));
    PUT(peer, "\x06\0\0\0\0\0\xc8\x09\x01\0\0\0");
    support_append(&peer->sent, payload, 128);
    PUT(peer, "\x02\0\0\0\0\0\x04\x02\0\0\0\0\0\0\0\x06");
    PUT(peer, "\x02\0\0\0\0\0\x04\x02\0\0\0\0\0\0\0\x63"); /* a stream that is not known */
    PUT(peer, "\x06\0\0\x09\0\0\x01\x09\x01\0\0\0z");
    const struct chunk_message expected = {
        .csid = 6, .timestamp = 9, .message_stream_id = 1, .bytes = 1, .type = CHUNK_VIDEO};
    expect(peer, &expected, 1);
}

static void a_new_header_replaces_an_unfinished_message(void **state)
{
    struct peer *peer = *state;
    uint8_t payload[128] = {0};
    PUT(peer, "\x06\0\0\0\0\0\xc8\x09\x01\0\0\0");
    support_append(&peer->sent, payload, 128);
    PUT(peer, "\x06\0\0\x09\0\0\x01\x09\x01\0\0\0z");
    const struct chunk_message expected = {.csid = 6,
                                           .timestamp = 9,
                                           .message_stream_id = 1,
                                           .bytes = 1,
                                           .type = CHUNK_VIDEO,
                                           .data = (uint8_t *)"z"};
    expect(peer, &expected, 1);
}

static void message_over_the_maximum(void **state)
{
    struct peer *peer = *state;
    PUT(peer, "\x06\0\0\0\xff\xff\xff\x09\x01\0\0\0p");
    assert_int_equal(read_error(peer), DAIS_E_TOO_LARGE);
    assert_int_equal(peer->counts.made, 0);
}

/* A header that claims 4 MB costs no more than what has arrived, and a first piece. */
static void memory_follows_the_bytes(void **state)
{
    struct peer *peer = *state;
    static uint8_t payload[1 << 20];
    PUT(peer, "\x02\0\0\0\0\0\x04\x01\0\0\0\0\x00\xff\xff\xff");
    PUT(peer, "\x06\0\0\0\x40\0\0\x09\x01\0\0\0p");
    assert_int_equal(read_error(peer), 0);
    assert_int_equal(peer->counts.bytes_alive, CHUNK_BODY_BYTES_FIRST);
    peer->sent.len = 0;
    support_append(&peer->sent, payload, sizeof(payload));
    assert_int_equal(read_error(peer), 0);
    assert_true(peer->counts.bytes_alive <= 2 * sizeof(payload));
}

static void unfinished_messages_are_bounded_together(void **state)
{
    struct peer *peer = *state;
    static uint8_t payload[3 << 20];
    PUT(peer, "\x02\0\0\0\0\0\x04\x01\0\0\0\0\x00\xff\xff\xff");
    for (uint8_t csid = 4; csid < 8; csid++) {
        PUT(peer, "\x02\0\0\0\0\0\x04\x01\0\0\0\0\x00\x30\0\0"); /* 3 MB chunks of 4 MB messages */
        uint8_t header[12] = {csid, 0, 0, 0, 0x40, 0, 0, 9, 1, 0, 0, 0};
        support_append(&peer->sent, header, sizeof(header));
        support_append(&peer->sent, payload, sizeof(payload));
    }
    assert_int_equal(read_error(peer), DAIS_E_LIMIT);
    assert_true(peer->counts.bytes_peak <= BUFFERED_BYTES_MAX + sizeof(payload));
}

static void chunk_streams_are_bounded(void **state)
{
    struct peer *peer = *state;
    for (uint32_t i = 0; i <= CHUNK_STREAMS_MAX; i++) {
        struct chunk_message message = {.csid = 100 + i, .type = CHUNK_AUDIO};
        support_message(&peer->sent, &message, CHUNK_BYTES_DEFAULT);
    }
    assert_int_equal(read_error(peer), DAIS_E_LIMIT);
    assert_int_equal(peer->reader.stream_count, CHUNK_STREAMS_MAX);
}

static void no_memory(void **state)
{
    struct peer *peer = *state;
    peer->counts.empty = true;
    PUT(peer, "\x06\0\0\0\0\0\x01\x09\x01\0\0\0p");
    assert_int_equal(read_error(peer), DAIS_E_MEMORY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read),
        TEST(writer_needs_room),
        TEST(format_1_on_a_fresh_stream),
        TEST(formats_2_and_3_on_a_fresh_stream_are_broken),
        TEST(format_3_repeats_the_last_difference),
        TEST(format_3_after_format_0),
        TEST(chunks_of_two_messages_interleave),
        TEST(extended_timestamps_may_be_repeated_or_left_out),
        TEST(payload_that_looks_like_half_a_timestamp),
        TEST(bytes_given_back_reach_into_the_next_header),
        TEST(extended_difference_of_format_1),
        TEST(set_chunk_size),
        TEST(chunk_size_zero_is_broken),
        TEST(short_control_messages_are_broken),
        TEST(abort_drops_what_has_arrived),
        TEST(a_new_header_replaces_an_unfinished_message),
        TEST(message_over_the_maximum),
        TEST(memory_follows_the_bytes),
        TEST(unfinished_messages_are_bounded_together),
        TEST(chunk_streams_are_bounded),
        TEST(no_memory),
    };
    return cmocka_run_group_tests_name("chunk", tests, NULL, NULL);
}
