/* SPDX-License-Identifier: MIT */
/* dais.random/1. */
#include "base/random.h"
#include "host/abi.h"

_Static_assert(DAIS_UUID_BYTES == RANDOM_UUID_BYTES, "the text of a UUID is the same everywhere");

static void bytes(void *ret, uint64_t count)
{
    random_bytes(ret, count);
}

const struct dais_random_v1 abi_random = {.bytes = bytes, .uuid7 = random_uuid_v7};
