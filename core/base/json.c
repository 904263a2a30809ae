/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include "base/json_place.h"
#include "base/str.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A `struct json` is a json_t that nobody outside this file sees. */
static const json_t *inner(const struct json *value)
{
    return (const json_t *)value;
}

static int32_t refuse(struct json_error *error, int32_t code, const char *text)
{
    if (error) {
        *error = (struct json_error){.line = 1, .column = 1};
        (void)snprintf(error->text, sizeof error->text, "%s", text);
    }
    return code;
}

/* Jansson recurses once per level and knows no bound below 2,048, which overflows a fiber's stack.
 */
static bool is_too_deep(struct dais_str text)
{
    uint32_t depth = 0;
    bool in_string = false;
    for (uint64_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > JSON_DEPTH_MAX)
                return true;
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return false;
}

static void release(void *root)
{
    json_decref(root);
}

/* What is wrong with one member; NULL where the text as a whole is. */
static const char *fault_of_member(enum json_error_code code)
{
    switch (code) {
    case json_error_duplicate_key:
        return "was given twice";
    case json_error_numeric_overflow:
        return "is a number beyond 64 bits";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "must not hold a NUL character";
    case json_error_invalid_utf8:
        return "must be UTF-8";
    default:
        return NULL;
    }
}

static int32_t explain(struct dais_str text, const json_error_t *error,
                       struct json_error *ret_error)
{
    enum json_error_code why = json_error_code(error);
    const char *fault = fault_of_member(why);
    int32_t code = why == json_error_out_of_memory ? DAIS_E_MEMORY : DAIS_E_INVALID;
    refuse(ret_error, code, error->text);
    if (!ret_error || error->line <= 0)
        return code;
    ret_error->line = (uint32_t)error->line;
    ret_error->column = (uint32_t)error->column;
    if (fault)
        json_place(text, (uint64_t)error->position, ret_error->field, sizeof ret_error->field);
    if (ret_error->field[0])
        (void)snprintf(ret_error->text, sizeof ret_error->text, "%s", fault);
    return code;
}

int32_t json_parse(struct dais_arena *arena, struct dais_str text, uint64_t bytes_max,
                   const struct json **ret_value, struct json_error *ret_error)
{
    if (text.len > bytes_max)
        return refuse(ret_error, DAIS_E_TOO_LARGE, "the text is too large");
    if (is_too_deep(text))
        return refuse(ret_error, DAIS_E_INVALID, "the nesting is too deep");
    /* Jansson takes one behind a value for the end of the text, whatever follows. */
    if (text.len > 0 && memchr(text.ptr, '\0', text.len))
        return refuse(ret_error, DAIS_E_INVALID, "a NUL byte is no JSON");
    json_error_t error;
    json_t *root = json_loadb(text.ptr ? text.ptr : "", text.len,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!root)
        return explain(text, &error, ret_error);
    if (arena_defer(arena, release, root)) {
        json_decref(root);
        return refuse(ret_error, DAIS_E_MEMORY, "out of memory");
    }
    *ret_value = (const struct json *)root;
    return DAIS_OK;
}

enum json_kind json_kind(const struct json *value)
{
    if (!value)
        return JSON_KIND_ABSENT;
    switch (json_typeof(inner(value))) {
    case JSON_OBJECT:
        return JSON_KIND_OBJECT;
    case JSON_ARRAY:
        return JSON_KIND_ARRAY;
    case JSON_STRING:
        return JSON_KIND_STRING;
    case JSON_INTEGER:
        return JSON_KIND_INT;
    case JSON_REAL:
        return JSON_KIND_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return JSON_KIND_BOOL;
    default:
        return JSON_KIND_NULL;
    }
}

const struct json *json_get(const struct json *object, struct dais_str key)
{
    if (json_kind(object) != JSON_KIND_OBJECT || !key.ptr)
        return NULL;
    return (const struct json *)json_object_getn(inner(object), key.ptr, key.len);
}

const struct json *json_getz(const struct json *object, const char *key)
{
    return json_get(object, dais_cstr(key));
}

uint64_t json_count(const struct json *value)
{
    switch (json_kind(value)) {
    case JSON_KIND_OBJECT:
        return json_object_size(inner(value));
    case JSON_KIND_ARRAY:
        return json_array_size(inner(value));
    default:
        return 0;
    }
}

const struct json *json_at(const struct json *array, uint64_t index)
{
    if (json_kind(array) != JSON_KIND_ARRAY)
        return NULL;
    return (const struct json *)json_array_get(inner(array), index);
}

bool json_next(const struct json *object, void **cursor, struct dais_str *ret_key,
               const struct json **ret_value)
{
    if (json_kind(object) != JSON_KIND_OBJECT)
        return false;
    json_t *members = (json_t *)(uintptr_t)inner(object); /* iterators take it non-const */
    *cursor = *cursor ? json_object_iter_next(members, *cursor) : json_object_iter(members);
    if (!*cursor)
        return false;
    *ret_key = dais_str(json_object_iter_key(*cursor), json_object_iter_key_len(*cursor));
    *ret_value = (const struct json *)json_object_iter_value(*cursor);
    return true;
}

struct dais_str json_str(const struct json *value)
{
    if (json_kind(value) != JSON_KIND_STRING)
        return dais_str(NULL, 0);
    return dais_str(json_string_value(inner(value)), json_string_length(inner(value)));
}

int32_t json_int(const struct json *value, int64_t *ret_value)
{
    enum json_kind kind = json_kind(value);
    if (kind == JSON_KIND_INT) {
        *ret_value = json_integer_value(inner(value));
        return DAIS_OK;
    }
    double number = kind == JSON_KIND_REAL ? json_real_value(inner(value)) : (double)NAN;
    /* Beyond 2^53 a real does not name one integer. */
    if (!(number >= -9007199254740992.0 && number <= 9007199254740992.0) || floor(number) != number)
        return DAIS_E_INVALID;
    *ret_value = (int64_t)number;
    return DAIS_OK;
}

int32_t json_number(const struct json *value, double *ret_value)
{
    enum json_kind kind = json_kind(value);
    if (kind != JSON_KIND_INT && kind != JSON_KIND_REAL)
        return DAIS_E_INVALID;
    *ret_value = json_number_value(inner(value));
    return DAIS_OK;
}

int32_t json_bool(const struct json *value, bool *ret_value)
{
    if (json_kind(value) != JSON_KIND_BOOL)
        return DAIS_E_INVALID;
    *ret_value = json_is_true(inner(value));
    return DAIS_OK;
}
