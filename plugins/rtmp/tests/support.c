/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct body {
    uint32_t refs;
    uint32_t bytes;
    uint8_t data[];
};

static void *body_new(void *ctx, uint32_t bytes, uint8_t **ret_data)
{
    struct support_bodies *counts = ctx;
    assert_true(bytes > 0);
    if (counts->empty)
        return NULL;
    struct body *body = malloc(sizeof(*body) + bytes);
    assert_non_null(body);
    body->refs = 1;
    body->bytes = bytes;
    counts->alive++;
    counts->made++;
    counts->bytes_alive += bytes;
    if (counts->bytes_alive > counts->bytes_peak)
        counts->bytes_peak = counts->bytes_alive;
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
    struct support_bodies *counts = ctx;
    struct body *body = pointer;
    if (--body->refs > 0)
        return;
    counts->alive--;
    counts->bytes_alive -= body->bytes;
    free(body);
}

struct chunk_bodies support_bodies(struct support_bodies *counts)
{
    *counts = (struct support_bodies){0};
    return (struct chunk_bodies){counts, body_new, body_ref, body_unref};
}

struct session_config support_config(struct support_bodies *counts)
{
    return (struct session_config){
        .bodies = support_bodies(counts),
        .message_bytes_max = 4u << 20,
        .buffered_bytes_max = 6u << 20,
        .seed = 42,
    };
}

void support_append(struct support_bytes *bytes, const void *from, size_t len)
{
    if (bytes->room - bytes->len < len) {
        bytes->room = (bytes->len + len) * 2;
        bytes->data = realloc(bytes->data, bytes->room);
        assert_non_null(bytes->data);
    }
    if (len > 0)
        memcpy(bytes->data + bytes->len, from, len);
    bytes->len += len;
}

void support_append_str(struct support_bytes *bytes, struct dais_str from)
{
    support_append(bytes, from.ptr, from.len);
}

void support_free(struct support_bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct support_bytes){0};
}

struct dais_str support_view(const struct support_bytes *bytes)
{
    return dais_str((const char *)bytes->data, bytes->len);
}

void support_message(struct support_bytes *bytes, const struct chunk_message *message,
                     uint32_t chunk_bytes)
{
    size_t room = 64 + message->bytes + (message->bytes / chunk_bytes + 1) * 8;
    uint8_t *out = malloc(room);
    assert_non_null(out);
    size_t written;
    assert_int_equal(chunk_write(message, chunk_bytes, out, room, &written), 0);
    support_append(bytes, out, written);
    free(out);
}

void support_command(struct support_bytes *bytes, const struct support_command *command)
{
    uint8_t room[4096] = {0};
    bool amf3 = command->type == CHUNK_COMMAND_AMF3;
    struct amf0_writer writer;
    amf0_writer_init(&writer, room + amf3, sizeof(room) - amf3);
    amf0_write_string(&writer, dais_cstr(command->name));
    amf0_write_number(&writer, command->transaction);
    if (command->write_args)
        command->write_args(&writer);
    struct dais_str body;
    assert_int_equal(amf0_writer_done(&writer, &body), 0);
    struct chunk_message message = {
        .csid = 3,
        .type = command->type ? command->type : CHUNK_COMMAND_AMF0,
        .message_stream_id = command->stream,
        .data = room,
        .bytes = (uint32_t)body.len + amf3,
    };
    support_message(bytes, &message, CHUNK_BYTES_DEFAULT);
}

void support_handshake(struct support_bytes *bytes)
{
    uint8_t c[1 + 2 * HANDSHAKE_PART_BYTES] = {3};
    for (size_t i = 1; i < sizeof(c); i++)
        c[i] = (uint8_t)(i * 7);
    support_append(bytes, c, sizeof(c));
}

void support_read_file(struct support_bytes *bytes, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s cannot be opened", path);
    uint8_t piece[4096];
    size_t len;
    while ((len = fread(piece, 1, sizeof(piece), file)) > 0)
        support_append(bytes, piece, len);
    fclose(file);
}
