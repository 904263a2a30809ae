/* SPDX-License-Identifier: MIT */
#include "base/json_write.h"

#include "base/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void json_write_init(struct json_writer *json, struct strbuf *out)
{
    *json = (struct json_writer){.out = out};
}

static bool in_array(const struct json_writer *json)
{
    return (json->arrays >> json->depth & 1) != 0;
}

/* Before every value: the comma where one belongs, and the rule that members have keys. */
static void begin_value(struct json_writer *json)
{
    if (json->depth > 0 && !in_array(json)) {
        CHECK_MSG(json->after_key, "a member of an object needs a key");
        json->after_key = false;
        return;
    }
    CHECK_MSG(json->depth > 0 || !json->comma, "only one value at the top");
    if (json->comma)
        strbuf_addc(json->out, ',');
    json->comma = true;
}

static void open_level(struct json_writer *json, char bracket, uint64_t is_array)
{
    begin_value(json);
    CHECK(json->depth < JSON_WRITE_DEPTH_MAX);
    json->depth++;
    json->arrays = (json->arrays & ~(1ull << json->depth)) | is_array << json->depth;
    json->comma = false;
    strbuf_addc(json->out, bracket);
}

static void close_level(struct json_writer *json, char bracket, bool is_array)
{
    CHECK(json->depth > 0 && in_array(json) == is_array && !json->after_key);
    json->depth--;
    json->comma = true;
    strbuf_addc(json->out, bracket);
}

void json_open_object(struct json_writer *json)
{
    open_level(json, '{', 0);
}

void json_close_object(struct json_writer *json)
{
    close_level(json, '}', false);
}

void json_open_array(struct json_writer *json)
{
    open_level(json, '[', 1);
}

void json_close_array(struct json_writer *json)
{
    close_level(json, ']', true);
}

void json_key_str(struct json_writer *json, struct dais_str key)
{
    CHECK(json->depth > 0 && !in_array(json) && !json->after_key);
    if (json->comma)
        strbuf_addc(json->out, ',');
    json->comma = true;
    json->after_key = true;
    json_quote(json->out, key);
    strbuf_addc(json->out, ':');
}

void json_key(struct json_writer *json, const char *key)
{
    json_key_str(json, dais_cstr(key));
}

/* One escaped character below 0x20, a quote or a backslash. */
static void add_escape(struct strbuf *out, uint8_t c)
{
    static const char shorts[] = "\b\t\n\f\r\"\\";
    static const char letters[] = "btnfr\"\\";
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(shorts, c) : NULL;
    if (found) {
        char text[] = {'\\', letters[found - shorts]};
        strbuf_add(out, dais_str(text, sizeof text));
        return;
    }
    char text[] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
    strbuf_add(out, dais_str(text, sizeof text));
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

void json_quote(struct strbuf *out, struct dais_str text)
{
    const uint8_t *bytes = (const uint8_t *)text.ptr;
    uint64_t at = 0;
    strbuf_addc(out, '"');
    while (at < text.len) {
        uint64_t from = at;
        while (at < text.len && is_plain(bytes[at]))
            at++;
        strbuf_add(out, dais_str(text.ptr + from, at - from));
        if (at == text.len)
            break;
        uint32_t step = str_utf8_sequence(bytes + at, text.len - at);
        if (step > 1)
            strbuf_add(out, dais_str(text.ptr + at, step));
        else if (step == 1)
            add_escape(out, bytes[at]);
        else
            strbuf_addz(out, "\xef\xbf\xbd");
        at += step ? step : 1;
    }
    strbuf_addc(out, '"');
}

void json_add_string(struct json_writer *json, struct dais_str text)
{
    if (!text.ptr) {
        json_add_null(json);
        return;
    }
    begin_value(json);
    json_quote(json->out, text);
}

void json_add_stringz(struct json_writer *json, const char *text)
{
    json_add_string(json, dais_cstr(text));
}

void json_add_int(struct json_writer *json, int64_t value)
{
    begin_value(json);
    strbuf_addi(json->out, value);
}

void json_add_uint(struct json_writer *json, uint64_t value)
{
    begin_value(json);
    strbuf_addu(json->out, value);
}

void json_add_number(struct json_writer *json, double value)
{
    if (!isfinite(value)) {
        json_add_null(json);
        return;
    }
    begin_value(json);
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    strbuf_addz(json->out, text);
}

void json_add_bool(struct json_writer *json, bool value)
{
    begin_value(json);
    strbuf_addz(json->out, value ? "true" : "false");
}

void json_add_null(struct json_writer *json)
{
    begin_value(json);
    strbuf_addz(json->out, "null");
}

void json_add_raw(struct json_writer *json, struct dais_str text)
{
    begin_value(json);
    strbuf_add(json->out, text);
}
