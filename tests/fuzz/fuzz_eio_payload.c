/* SPDX-License-Identifier: MIT */
/* Any bytes as a POST body and as a message: refused, or packets that make the same body again. */
#include "base/check.h"
#include "base/str.h"
#include "realtime/eio_payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_packet(const struct eio_packet *packet, struct dais_str text)
{
    bool numbered = packet->type >= EIO_TYPE_OPEN && packet->type <= EIO_TYPE_NOOP;
    CHECK(numbered || packet->type == EIO_TYPE_BINARY);
    CHECK(packet->data.ptr > text.ptr);
    CHECK(packet->data.ptr + packet->data.len <= text.ptr + text.len);
    CHECK(str_find(packet->data, EIO_SEPARATOR) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dais_str text = dais_str((const char *)data, size), rest = text;
    struct eio_packet packet;
    struct strbuf again;
    int32_t code;
    if (eio_packet_parse(text, &packet) == DAIS_OK) {
        CHECK(packet.type != EIO_TYPE_BINARY && packet.data.len == size - 1);
        CHECK((uint8_t)packet.type == data[0]);
    }
    strbuf_init(&again, size + 1);
    while ((code = eio_payload_next(&rest, &packet)) == 1) {
        if (strbuf_view(&again).len > 0)
            strbuf_addc(&again, EIO_SEPARATOR);
        strbuf_addc(&again, (char)packet.type);
        strbuf_add(&again, packet.data);
        check_packet(&packet, text);
    }
    if (code == 0)
        CHECK(!rest.ptr && dais_str_eq(strbuf_view(&again), text));
    strbuf_fini(&again);
    return 0;
}
