/* SPDX-License-Identifier: MIT */
/* Protocols that a client offers: a name that is found stands in the bytes, with its length. */
#include "base/check.h"
#include "net/tls_alpn.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char name[] = "\x08http/1.1";
    if (tls_alpn_offers(data, len, name + 1))
        CHECK(memmem(data, len, name, sizeof name - 1));
    return 0;
}
