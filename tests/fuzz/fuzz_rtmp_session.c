/* SPDX-License-Identifier: MIT */
/*
 * A whole connection from outside. The first byte decides what the server does with a publish and
 * how the input is sliced. Unless its top bit is set the handshake is put in front, so that the
 * input goes to chunks and commands at once.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define MESSAGE_BYTES_MAX (256u << 10)
#define BUFFERED_BYTES_MAX (512u << 10)

struct body {
    uint32_t refs;
    uint8_t data[];
};

static int64_t alive;

static void *body_new(void *ctx, uint32_t bytes, uint8_t **ret_data)
{
    struct body *body = malloc(sizeof(*body) + bytes);
    if (!body)
        abort();
    body->refs = 1;
    alive++;
    *ret_data = body->data;
    return body;
}

static void body_ref(void *ctx, void *pointer)
{
    struct body *body = pointer;
    body->refs++;
}

static void body_unref(void *ctx, void *pointer)
{
    struct body *body = pointer;
    if (--body->refs > 0)
        return;
    alive--;
    free(body);
}

static void touch(struct dais_str view)
{
    volatile char sum = 0;
    for (uint64_t i = 0; i < view.len; i++)
        sum ^= view.ptr[i];
    (void)sum;
}

static void take_event(struct session *session, const struct session_event *event, uint8_t choice)
{
    int32_t error = 0;
    if (event->kind == SESSION_PUBLISH) {
        touch(event->publish.app);
        touch(event->publish.key);
        touch(event->publish.other_key);
        if (choice & 1)
            error = session_refuse(session, dais_cstr("NetStream.Publish.Denied"),
                                   dais_cstr("No."));
        else
            error = session_accept(session);
    } else if (event->kind == SESSION_MEDIA) {
        touch(event->media.data);
        if (event->media.body)
            body_unref(NULL, event->media.body);
    }
    if (error)
        abort();
}

/* Returns whether the connection lives on. */
static bool feed(struct session *session, struct dais_str in, uint8_t choice)
{
    struct session_event event;
    int32_t status;
    do {
        status = session_feed(session, &in, &event);
        if (status > 0)
            take_event(session, &event, choice);
        touch(session_output(session));
        session_sent(session, session_output(session).len);
    } while (status > 0 || (status == 0 && in.len > 0));
    return status == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct session session;
    if (len == 0)
        return 0;
    uint8_t choice = data[0];
    const struct session_config config = {
        .bodies = {NULL, body_new, body_ref, body_unref},
        .message_bytes_max = MESSAGE_BYTES_MAX,
        .buffered_bytes_max = BUFFERED_BYTES_MAX,
        .seed = 1,
    };
    session_init(&session, &config);
    static const char hello[1 + 2 * HANDSHAKE_PART_BYTES] = {3};
    bool goes_on = true;
    if (!(choice & 0x80))
        goes_on = feed(&session, dais_str(hello, sizeof(hello)), choice);
    size_t slice = choice & 2 ? 1 + (choice >> 2) % 31u : len;
    for (size_t at = 1; at < len && goes_on; at += slice)
        goes_on = feed(&session,
                       dais_str((const char *)data + at, len - at < slice ? len - at : slice),
                       choice);
    session_fini(&session);
    if (alive != 0)
        abort();
    return 0;
}
