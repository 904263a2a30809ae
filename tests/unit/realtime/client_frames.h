/* SPDX-License-Identifier: MIT */
#pragma once
/* Frames as WebSocket clients send them (RFC 6455 §5.2): masked, whole or in fragments. */
#include "base/str.h"

#include <stdint.h>

#define FIN 0x80u
#define TEXT 0x1u
#define BINARY 0x2u
#define CLOSE 0x8u
#define PING 0x9u
#define PONG 0xau

/** The head of a frame whose payload is `len` bytes, which the client's mask of zeros leaves alone.
 */
static inline void client_head(struct strbuf *out, uint32_t first, uint64_t len)
{
    uint32_t more = len < 126 ? 0 : len <= UINT16_MAX ? 2 : 8;
    strbuf_addc(out, (char)first);
    strbuf_addc(out, (char)(0x80 | (more == 0 ? len : more == 2 ? 126 : 127)));
    for (uint32_t i = more; i > 0; i--)
        strbuf_addc(out, (char)(len >> (8 * (i - 1))));
    strbuf_add(out, dais_str("\0\0\0\0", 4));
}

/** A frame; `first` is its first byte: FIN, RSV and opcode. */
static inline void client_frame(struct strbuf *out, uint32_t first, struct dais_str payload)
{
    static const char mask[4] = {'\x37', '\xfa', '\x21', '\x3d'};
    client_head(out, first, payload.len);
    strbuf_truncate(out, out->len - sizeof mask);
    strbuf_add(out, dais_str(mask, sizeof mask));
    for (uint64_t i = 0; i < payload.len; i++)
        strbuf_addc(out, (char)(payload.ptr[i] ^ mask[i % 4]));
}

/** A close frame with a code and a reason. */
static inline void client_close(struct strbuf *out, uint32_t code, const char *reason)
{
    char payload[128] = {(char)(code >> 8), (char)code};
    uint64_t len = 2;
    for (; reason[len - 2] && len < sizeof payload; len++)
        payload[len] = reason[len - 2];
    client_frame(out, FIN | CLOSE, dais_str(payload, len));
}
