/* SPDX-License-Identifier: MIT */
/* Any bytes: refused, or read into a tree that can be walked and whose strings can be written. */
#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/json_place.h"
#include "base/json_write.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_value(struct json_writer *out, const struct json *value);

static void write_members(struct json_writer *out, const struct json *object)
{
    void *cursor = NULL;
    struct dais_str key;
    const struct json *value;
    json_open_object(out);
    while (json_next(object, &cursor, &key, &value)) {
        CHECK(json_get(object, key) == value);
        json_key_str(out, key);
        write_value(out, value);
    }
    json_close_object(out);
}

static void write_items(struct json_writer *out, const struct json *array)
{
    json_open_array(out);
    for (uint64_t i = 0; i < json_count(array); i++)
        write_value(out, json_at(array, i));
    json_close_array(out);
}

static void write_scalar(struct json_writer *out, const struct json *value)
{
    int64_t number;
    double real;
    bool truth;
    int64_t time_ms;
    if (!json_int(value, &number))
        json_add_int(out, number);
    else if (!json_number(value, &real))
        json_add_number(out, real);
    else if (!json_bool(value, &truth))
        json_add_bool(out, truth);
    else
        json_add_string(out, json_str(value));
    if (!clock_parse_rfc3339(json_str(value), &time_ms)) {
        char text[CLOCK_RFC3339_BYTES];
        clock_format_rfc3339(time_ms, text);
    }
}

static void write_value(struct json_writer *out, const struct json *value)
{
    if (json_kind(value) == JSON_KIND_OBJECT)
        write_members(out, value);
    else if (json_kind(value) == JSON_KIND_ARRAY)
        write_items(out, value);
    else
        write_scalar(out, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dais_arena arena;
    struct strbuf text;
    struct json_writer out;
    const struct json *value;
    struct json_error error;
    arena_init(&arena, 16u << 20);
    strbuf_init(&text, 8u << 20);
    if (!json_parse(&arena, dais_str((const char *)data, size), 1u << 20, &value, &error)) {
        json_write_init(&out, &text);
        write_value(&out, value);
        CHECK(strbuf_error(&text) == DAIS_OK && str_is_utf8(strbuf_view(&text)));
        /* What was written is read again. */
        CHECK(!json_parse(&arena, strbuf_view(&text), 8u << 20, &value, &error));
    }
    char path[64];
    json_place(dais_str((const char *)data, size), size > 0 ? data[0] * size / 256 : 0, path,
               sizeof path);
    CHECK(strlen(path) < sizeof path);
    strbuf_fini(&text);
    arena_reset(&arena);
    return 0;
}
