/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * UUIDs: their text, and those that rise (RFC 9562 §5.7, §6.2 methods 3 and 1). Pure functions:
 * chance and the time are the caller's (random.h).
 */
#include "dais/types.h"

/** Bytes of a UUID's text with its NUL. */
#define UUID_TEXT_BYTES 37u

/** Random bytes that one UUID of version 7 needs. */
#define UUID7_RANDOM_BYTES 8u

/** What was made last. Zeroed: nothing. Belongs to one thread. */
struct uuid7 {
    uint64_t ticks; /* Unix time in 4096ths of a millisecond, or later: it never goes back */
    uint32_t count; /* within the tick, from a random number on */
};

/** Writes the text of a UUID: lower case, its version and variant set in the bytes. */
void uuid_write(char ret_text[UUID_TEXT_BYTES], uint8_t bytes[16], uint8_t version);

/**
 * Writes a UUID that sorts behind all that `last` has made before, also when `unix_ns` is the same
 * or earlier; and behind what others made earlier by the same clock, to a quarter of a microsecond.
 * 48 bits are as random as `random` is, and so is where each of those quarters begins.
 */
void uuid7_write(struct uuid7 *last, int64_t unix_ns, const uint8_t random[UUID7_RANDOM_BYTES],
                 char ret_text[UUID_TEXT_BYTES]);
