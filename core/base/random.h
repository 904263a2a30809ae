/* SPDX-License-Identifier: MIT */
#pragma once
/* Random numbers of the kernel's quality (libsodium) and the identifiers made of them. Any thread.
 */
#include "base/uuid.h"
#include "dais/types.h"

/** Readies libsodium; aborts without entropy. Done before main; calling it again is harmless. */
void random_init(void);

/** Fills `ret_bytes` with `len` random bytes. */
void random_bytes(void *ret_bytes, size_t len);

/** A random number. */
uint64_t random_u64(void);

/** A random number below `bound` (> 0), without bias. */
uint32_t random_below(uint32_t bound);

/** Writes 2 × `bytes` lower-case hexadecimal digits and a NUL. */
void random_hex(char *ret_text, size_t bytes);

/** Bytes of a UUID's text with its NUL. */
#define RANDOM_UUID_BYTES UUID_TEXT_BYTES

/** A random UUID (RFC 9562 §5.4), lower case. */
void random_uuid(char ret_text[RANDOM_UUID_BYTES]);

/** A UUID that sorts by time (RFC 9562 §5.7), lower case; those of one thread rise strictly. */
void random_uuid_v7(char ret_text[RANDOM_UUID_BYTES]);
