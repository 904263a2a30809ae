/* SPDX-License-Identifier: MIT */
/* Range headers: what passes lies inside the body. The first byte of the input is its length. */
#include "base/check.h"
#include "net/http_range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct http_range range;
    if (len == 0)
        return 0;
    uint64_t total = data[0];
    struct dais_str header = dais_str((const char *)data + 1, len - 1);
    if (http_range_parse(header, total, &range) == 1)
        CHECK(range.first <= range.last && range.last < total);
    return 0;
}
