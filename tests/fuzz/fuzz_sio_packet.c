/* SPDX-License-Identifier: MIT */
/* Any bytes: refused, or a packet that is the same after it was written and read again. */
#include "base/check.h"
#include "base/json_scan.h"
#include "realtime/sio_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_views(struct dais_str text, struct dais_str view)
{
    CHECK(view.len == 0 || str_eqz(view, "/") ||
          (view.ptr >= text.ptr && view.ptr + view.len <= text.ptr + text.len));
}

static void check_name(const struct sio_packet *packet)
{
    char memory[SIO_NAME_BYTES_MAX + 1];
    struct strbuf scratch;
    struct dais_str name;
    strbuf_init_on(&scratch, memory, sizeof memory);
    if (!sio_packet_name(packet, &scratch, &name)) {
        CHECK(str_is_utf8(name) && name.len <= SIO_NAME_BYTES_MAX);
        CHECK(!sio_packet_name_is_reserved(name));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dais_str text = dais_str((const char *)data, size);
    struct sio_packet packet, back;
    if (sio_packet_parse(text, &packet))
        return 0;
    CHECK(packet.attachments <= SIO_ATTACHMENTS_MAX && packet.space.len <= SIO_SPACE_BYTES_MAX);
    check_views(text, packet.space);
    check_views(text, packet.name);
    check_views(text, packet.data);
    check_name(&packet);
    struct strbuf out;
    strbuf_init(&out, 2 * size + 64);
    sio_packet_add(&out, &packet);
    CHECK(!sio_packet_parse(strbuf_view(&out), &back));
    CHECK(back.type == packet.type && back.attachments == packet.attachments);
    CHECK(dais_str_eq(back.space, packet.space) && dais_str_eq(back.name, packet.name));
    CHECK(dais_str_eq(back.data, packet.data));
    CHECK(back.has_id == packet.has_id && back.id == packet.id);
    strbuf_fini(&out);
    return 0;
}
