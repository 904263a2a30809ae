/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * JSON (RFC 8259) where only its outline matters: one pass over a text says whether it is valid and
 * where its value ends; what lies inside is passed on as it came. Nothing is allocated, nothing
 * recurses, so a message goes through the server without being read into a tree and written again.
 *
 * json_scan judges a text from outside. The walking functions below it are only for text that it
 * has taken: they find items and members by brackets and quotes. Nesting, UTF-8 and escapes are
 * held to the rules of json.h; what takes a comparison or a conversion is left to who reads the
 * value: names used twice, numbers beyond 64 bits and NUL characters pass here and fail there.
 * Views point into the text. Pure functions, callable on any thread.
 */
#include "base/json.h"
#include "base/str.h"

/**
 * Whether the whole of `text` is one value, at most JSON_DEPTH_MAX deep; gives it without the
 * blanks around it. DAIS_E_INVALID. `text` and `ret_value` may be the same.
 */
DAIS_CHECK_RESULT int32_t json_scan(struct dais_str text, struct dais_str *ret_value);

/** What a value (or anything else that begins like one) is; JSON_KIND_ABSENT for an empty text. */
enum json_kind json_scan_kind(struct dais_str value);

/** What stands between the brackets of an array or the braces of an object, without blanks. */
struct dais_str json_scan_inside(struct dais_str value);

/**
 * Takes the first of some items, "1,{},\"a\"", off the front of `*rest` with the comma behind it.
 * False at the end.
 */
bool json_scan_item(struct dais_str *rest, struct dais_str *ret_item);

/** As json_scan_item, of members; the key is the quoted text. */
bool json_scan_member(struct dais_str *rest, struct dais_str *ret_key, struct dais_str *ret_value);

/** The first member of `object` with that key, written without escapes; absent when there is none,
 * or `object` is no object. */
struct dais_str json_scan_get(struct dais_str object, const char *key);

/**
 * The text of a quoted string: a view of its inside, or when it has escapes, what `scratch`, which
 * is emptied before, then holds. DAIS_E_INVALID when it is no string or holds a NUL character;
 * DAIS_E_TOO_LARGE and DAIS_E_MEMORY of `scratch`.
 */
DAIS_CHECK_RESULT int32_t json_scan_text(struct dais_str value, struct strbuf *scratch,
                                         struct dais_str *ret_text);
