/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Field tables at work: reads plain structs described by a `struct dais_shape` (dais/field.h) from
 * JSON, query strings and lists of named texts, writes them as JSON, and documents them as JSON
 * Schema.
 *
 * The same rules hold whatever is read: unknown and doubled names are errors; a row that was not
 * given gets its fallback; bounds are checked; the first problem is told with the path of the field
 * ("tags[2]") and with what would be right. A row whose min and max are both 0 has no bounds but
 * the maxima below. All memory comes from the given arena; nothing recurses deeper than
 * SHAPE_DEPTH_MAX. Pure functions, callable on any thread.
 */
#include "base/json.h"
#include "base/str.h"
#include "dais/field.h"

/** Nesting of shapes, the outermost included. */
#define SHAPE_DEPTH_MAX 8u
/** Code points of a text without bounds of its own, and of the items of a list of texts. */
#define SHAPE_TEXT_MAX 65536u
/** Items of a list without bounds of its own. */
#define SHAPE_LIST_MAX 1024u
/** Bytes of a DAIS_KIND_JSON value without bounds of its own. */
#define SHAPE_JSON_BYTES_MAX 65536u

#define SHAPE_FIELD_BYTES_MAX 128u
#define SHAPE_DETAIL_BYTES_MAX 256u

/** What was wrong; both texts end with NUL. */
struct shape_error {
    char field[SHAPE_FIELD_BYTES_MAX];   /**< "title", "tags[2]", "meta.size"; "" for the whole */
    char detail[SHAPE_DETAIL_BYTES_MAX]; /**< "must have 1 to 80 characters, has 0" */
};

/** One named text, as of a command line or of path parameters. */
struct shape_pair {
    struct dais_str name;
    struct dais_str value;
};

/** Several of them; borrowed for the call. */
struct shape_pairs {
    const struct shape_pair *items;
    uint32_t count;
};

/**
 * Whether the table itself makes sense: kinds, offsets inside the struct, names used once, choices,
 * fallbacks that pass their own row, nesting; with `read` also that `present` has its place. For
 * registration. DAIS_E_INVALID.
 */
DAIS_CHECK_RESULT int32_t shape_check(const struct dais_shape *shape, bool read,
                                      struct shape_error *ret_error);

/**
 * Reads `object`, a parsed JSON value, into `ret_struct`, `shape->struct_bytes` large. Texts are
 * views into the tree, which must live as long. DAIS_E_INVALID after filling `ret_error`,
 * DAIS_E_MEMORY past the arena's maximum; `ret_struct` is undefined then.
 */
DAIS_CHECK_RESULT int32_t shape_read_json(const struct dais_shape *shape, const struct json *object,
                                          struct dais_arena *arena, void *ret_struct,
                                          struct shape_error *ret_error);

/** As shape_read_json, from JSON text nested at most 32 deep; the texts are in `arena`. */
DAIS_CHECK_RESULT int32_t shape_read_text(const struct dais_shape *shape, struct dais_str text,
                                          struct dais_arena *arena, void *ret_struct,
                                          struct shape_error *ret_error);

/**
 * As shape_read_json, from a query string without its '?' (percent-encoded, '+' is a space). A list
 * of texts takes its name several times. Views of values that needed no decoding point into
 * `query`.
 */
DAIS_CHECK_RESULT int32_t shape_read_query(const struct dais_shape *shape, struct dais_str query,
                                           struct dais_arena *arena, void *ret_struct,
                                           struct shape_error *ret_error);

/**
 * As shape_read_json, from texts: "5", "true", "1.5". A list of texts takes its name several
 * times; other nested rows take JSON text. Views point into the pairs' values.
 */
DAIS_CHECK_RESULT int32_t shape_read_pairs(const struct dais_shape *shape, struct shape_pairs pairs,
                                           struct dais_arena *arena, void *ret_struct,
                                           struct shape_error *ret_error);

/**
 * As shape_read_json, for what was checked when it was written, maybe by older or newer code: names
 * that the shape does not have are skipped, null counts as absent, and bounds, choices and forms of
 * texts are not looked at. A required row that is missing or a value of another kind is an error.
 */
DAIS_CHECK_RESULT int32_t shape_read_known(const struct dais_shape *shape,
                                           const struct json *object, struct dais_arena *arena,
                                           void *ret_struct, struct shape_error *ret_error);

/**
 * Holds a member that code has set to the rules that a read holds it to; stores what a read would
 * have stored (a UUID in lower case). Not for objects and lists of objects; a text must be there.
 * DAIS_E_INVALID after filling `ret_error`, DAIS_E_MEMORY.
 */
DAIS_CHECK_RESULT int32_t shape_check_member(const struct dais_field *row, struct dais_arena *arena,
                                             void *member, struct shape_error *ret_error);

/**
 * Appends `value` as a JSON object. An absent text is left out, or written as null (nullable) or ""
 * (required); an absent list is null (nullable) or []; numbers and booleans are always there; a
 * nullable object is null when its first member, `present`, is 0. Text that is no UTF-8 gets
 * U+FFFD. DAIS_E_MEMORY when `out` is full.
 */
DAIS_CHECK_RESULT int32_t shape_write(const struct dais_shape *shape, const void *value,
                                      struct strbuf *out);

/** Appends the JSON Schema (2020-12) of `shape`, nested shapes inline. DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t shape_schema(const struct dais_shape *shape, struct strbuf *out);

/** Appends the JSON Schema of one row, as of a parameter. DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t shape_row_schema(const struct dais_field *row, struct strbuf *out);

/**
 * Decodes %XX, and '+' as a space when `plus`. Gives `text` itself when there is nothing to
 * decode, otherwise bytes in `arena`. DAIS_E_INVALID for a broken escape or an encoded NUL,
 * DAIS_E_MEMORY.
 */
DAIS_CHECK_RESULT int32_t shape_percent_decode(struct dais_str text, bool plus,
                                               struct dais_arena *arena, struct dais_str *ret_text);
