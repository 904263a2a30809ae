/* SPDX-License-Identifier: MIT */
/* AMF0 from outside: skipped as a whole, and walked member by member. */
#include <stdint.h>
#include <stdlib.h>

#include "amf0.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(struct dais_str view, const uint8_t *data, size_t len)
{
    if (view.len > 0 &&
        ((const uint8_t *)view.ptr < data || (const uint8_t *)view.ptr + view.len > data + len))
        abort();
}

static void walk(struct amf0_reader reader, const uint8_t *data, size_t len)
{
    struct amf0_value value;
    struct dais_str key;
    while (!amf0_at_end(&reader)) {
        if (amf0_read(&reader, &value))
            return;
        check(value.string, data, len);
        while (value.kind == AMF0_OBJECT && amf0_read_key(&reader, &key) > 0) {
            check(key, data, len);
            if (amf0_skip(&reader))
                return;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct amf0_reader reader;
    struct dais_str text;
    double number;
    amf0_reader_init(&reader, dais_str((const char *)data, len));
    walk(reader, data, len);
    while (!amf0_at_end(&reader) && amf0_skip(&reader) == 0)
        continue;
    amf0_reader_init(&reader, dais_str((const char *)data, len));
    if (amf0_read_string(&reader, &text) == 0) {
        check(text, data, len);
        if (amf0_read_number(&reader, &number) == 0)
            walk(reader, data, len);
    }
    return 0;
}
