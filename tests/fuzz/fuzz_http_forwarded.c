/* SPDX-License-Identifier: MIT */
/* Headers in which proxies tell whom they speak for. */
#include "net/http_address.h"

#include "base/check.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct http_hop hop;
    struct dais_str rest = dais_str((const char *)data + 1, size - 1);
    uint64_t before = rest.len + 1;
    while (http_hop_take(&rest, data[0] & 1, &hop)) {
        CHECK(rest.len < before);
        before = rest.len;
        char text[HTTP_ADDRESS_BYTES];
        struct http_address again;
        http_address_write(&hop.address, text);
        if (strcmp(text, "unknown") != 0)
            CHECK(http_address_parse(dais_cstr(text), &again) == DAIS_OK &&
                  memcmp(&again, &hop.address, sizeof again) == 0);
    }
    struct http_network network;
    struct dais_str whole = dais_str((const char *)data + 1, size - 1);
    if (http_network_parse(whole, &network) == DAIS_OK)
        CHECK(http_network_has(&network, &network.base));
    return 0;
}
