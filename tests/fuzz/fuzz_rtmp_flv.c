/* SPDX-License-Identifier: MIT */
/* Media bodies from outside: the first byte tells what the rest is read as. */
#include <stdint.h>
#include <stdlib.h>

#include "flv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(struct dais_str view, struct dais_str body)
{
    if (view.len > 0 && (view.ptr < body.ptr || view.ptr + view.len > body.ptr + body.len))
        abort();
}

static void read_packets(struct dais_str body, bool video)
{
    struct flv_reader reader;
    struct flv_packet packet;
    flv_reader_init(&reader, body, video);
    while (flv_next(&reader, &packet) > 0)
        check(packet.data, body);
}

static void read_tags(struct dais_str body)
{
    struct dais_str rest = body;
    struct flv_tag tag;
    while (flv_next_tag(&rest, &tag) > 0) {
        check(tag.data, body);
        read_packets(tag.data, tag.type == 9);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    struct dais_str body = dais_str((const char *)data + 1, len - 1);
    struct flv_metadata metadata;
    switch (data[0] % 4) {
    case 0:
        read_packets(body, false);
        break;
    case 1:
        read_packets(body, true);
        break;
    case 2:
        read_tags(body);
        break;
    default:
        if (flv_read_metadata(body, &metadata) > 0)
            check(metadata.encoder, body);
        break;
    }
    return 0;
}
