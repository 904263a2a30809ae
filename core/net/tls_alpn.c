/* SPDX-License-Identifier: MIT */
#include "net/tls_alpn.h"

#include <string.h>

/* In front of the list stands its length, which the length of the extension says as well. */
#define LIST_AT 2u

bool tls_alpn_offers(const unsigned char *bytes, size_t len, const char *protocol)
{
    size_t wanted = strlen(protocol);
    for (size_t at = LIST_AT; at < len && bytes[at] < len - at; at += 1u + bytes[at])
        if (bytes[at] == wanted && memcmp(bytes + at + 1, protocol, wanted) == 0)
            return true;
    return false;
}
