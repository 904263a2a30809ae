/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * JSON (RFC 8259): reading a bounded text into a tree.
 *
 * The tree is read-only and belongs to an arena; views of its strings are valid as long as that.
 * Deep nesting is refused before the parser recurses, so a fiber's stack is enough. Duplicate keys,
 * invalid UTF-8, NUL characters and numbers beyond 64 bits are refused. Accessors accept NULL
 * (absent) and answer as for null, so that look-ups can be chained. Writing is in json_write.h.
 */
#include "base/arena.h"
#include "dais/error.h"
#include "dais/types.h"

#include <stdbool.h>

#define JSON_DEPTH_MAX 32u

/** A value of a tree. Opaque. */
struct json;

enum json_kind {
    JSON_KIND_ABSENT = 0,
    JSON_KIND_NULL,
    JSON_KIND_BOOL,
    JSON_KIND_INT,
    JSON_KIND_REAL,
    JSON_KIND_STRING,
    JSON_KIND_ARRAY,
    JSON_KIND_OBJECT
};

/** Where and why a text was refused. */
struct json_error {
    uint32_t line; /* from 1 */
    uint32_t column;
    char text[120];
    /** "tags[2]": the member that is wrong, of which `text` then tells; "": the text as a whole. */
    char field[128];
};

/**
 * Parses the whole of `text` (any value at the top). `bytes_max` bounds the text, JSON_DEPTH_MAX
 * the nesting. The tree lives in `arena`. DAIS_E_INVALID, DAIS_E_TOO_LARGE,
 * DAIS_E_MEMORY; `ret_error` (may be NULL) then says where.
 */
DAIS_CHECK_RESULT int32_t json_parse(struct dais_arena *arena, struct dais_str text,
                                     uint64_t bytes_max, const struct json **ret_value,
                                     struct json_error *ret_error);

/** What kind of value it is. */
enum json_kind json_kind(const struct json *value);

/** The member `key` of an object, or NULL. */
const struct json *json_get(const struct json *object, struct dais_str key);
const struct json *json_getz(const struct json *object, const char *key);

/** Members of an object or items of an array; 0 for anything else. */
uint64_t json_count(const struct json *value);

/** The item at `index` of an array, or NULL. */
const struct json *json_at(const struct json *array, uint64_t index);

/** Visits members in their order in the text; start with `*cursor` NULL, false at the end. */
bool json_next(const struct json *object, void **cursor, struct dais_str *ret_key,
               const struct json **ret_value);

/** The string, or an absent view for any other kind. */
struct dais_str json_str(const struct json *value);

/** The integer (a real without fraction counts), DAIS_E_INVALID for any other kind. */
DAIS_CHECK_RESULT int32_t json_int(const struct json *value, int64_t *ret_value);

/** The number, integer or real. DAIS_E_INVALID for any other kind. */
DAIS_CHECK_RESULT int32_t json_number(const struct json *value, double *ret_value);

/** The boolean. DAIS_E_INVALID for any other kind. */
DAIS_CHECK_RESULT int32_t json_bool(const struct json *value, bool *ret_value);
