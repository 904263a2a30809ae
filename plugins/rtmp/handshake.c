/* SPDX-License-Identifier: MIT */
#include "handshake.h"

#include <string.h>

#define VERSION_PLAIN 3
#define C1_END (1u + HANDSHAKE_PART_BYTES)
#define C2_END (1u + 2u * HANDSHAKE_PART_BYTES)

/* splitmix64: S1 only has to differ from one connection to the next. */
static void fill(uint8_t *to, uint32_t bytes, uint64_t seed)
{
    for (uint32_t i = 0; i < bytes; i += 8) {
        seed += 0x9e3779b97f4a7c15u;
        uint64_t x = seed;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
        x ^= x >> 31;
        memcpy(to + i, &x, 8);
    }
}

void handshake_init(struct handshake *handshake, uint8_t *reply, uint64_t seed)
{
    handshake->received = 0;
    reply[0] = VERSION_PLAIN;
    memset(reply + 1, 0, 8); /* time and version */
    fill(reply + 9, HANDSHAKE_PART_BYTES - 8, seed);
}

/* Takes at most up to byte `end` of the handshake, to `to` unless that is NULL. */
static void take(struct handshake *handshake, struct dais_str *in, uint32_t end, uint8_t *to)
{
    uint64_t bytes = end - handshake->received;
    if (bytes > in->len)
        bytes = in->len;
    if (bytes == 0)
        return;
    if (to)
        memcpy(to, in->ptr, bytes);
    handshake->received += (uint32_t)bytes;
    in->ptr += bytes;
    in->len -= bytes;
}

int32_t handshake_feed(struct handshake *handshake, struct dais_str *in, uint8_t *reply)
{
    if (handshake->received == 0) {
        if (in->len == 0)
            return HANDSHAKE_MORE;
        if ((uint8_t)in->ptr[0] != VERSION_PLAIN)
            return DAIS_E_INVALID;
        take(handshake, in, 1, NULL);
    }
    if (handshake->received < C1_END) {
        /* C1 becomes S2 as it arrives. */
        take(handshake, in, C1_END, reply + HANDSHAKE_PART_BYTES + handshake->received);
        return handshake->received == C1_END ? HANDSHAKE_REPLY : HANDSHAKE_MORE;
    }
    take(handshake, in, C2_END, NULL);
    return handshake->received == C2_END ? HANDSHAKE_DONE : HANDSHAKE_MORE;
}
