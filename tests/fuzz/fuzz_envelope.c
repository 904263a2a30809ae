/* SPDX-License-Identifier: MIT */
/* Any bytes: refused with a reason, or a message whose parts make valid JSON again. */
#include "base/check.h"
#include "base/json_scan.h"
#include "realtime/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dais_str text = dais_str((const char *)data, size), name, value;
    struct envelope envelope;
    struct json_error error = {0};
    char memory[ENVELOPE_NAME_BYTES_MAX + 1];
    struct strbuf scratch, out;
    if (envelope_parse(text, &envelope, &error)) {
        CHECK(error.text[0] && str_is_utf8(dais_cstr(error.text)));
        return 0;
    }
    strbuf_init_on(&scratch, memory, sizeof memory);
    CHECK(!json_scan_text(envelope.event, &scratch, &name));
    CHECK(name.len > 0 && name.len <= ENVELOPE_NAME_BYTES_MAX);
    strbuf_init(&out, 8 * size + 256);
    envelope_add_event(&out, name, envelope.data, NULL);
    CHECK(!json_scan(strbuf_view(&out), &value));
    if (envelope.id.ptr) {
        strbuf_clear(&out);
        envelope_add_ack(&out, envelope.id, envelope.data);
        CHECK(!json_scan(strbuf_view(&out), &value));
    }
    strbuf_fini(&out);
    return 0;
}
