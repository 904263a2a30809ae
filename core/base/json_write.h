/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Writing JSON into a string builder.
 *
 *     struct json_writer json;
 *     json_write_init(&json, &out);
 *     json_open_object(&json);
 *     json_key(&json, "id");
 *     json_add_string(&json, id);
 *     json_close_object(&json);
 *
 * The writer puts the commas. Text that is not UTF-8 comes out with U+FFFD, so the result is always
 * valid. Errors (too large, no memory) stay in the builder: look at strbuf_error at the end.
 * Opening and closing out of order is a bug and CHECKed. No function suspends.
 */
#include "base/str.h"

#define JSON_WRITE_DEPTH_MAX 63u

struct json_writer {
    struct strbuf *out;
    uint64_t arrays; /* bit per level: 1 array, 0 object */
    uint32_t depth;
    bool comma; /* the next value needs a comma before it */
    bool after_key;
};

/** Starts one value at the end of `out`, which must outlive the writer. */
void json_write_init(struct json_writer *json, struct strbuf *out);

/** Opens an object as the next value; close it with json_close_object. */
void json_open_object(struct json_writer *json);
/** Closes the object that was opened last. */
void json_close_object(struct json_writer *json);
/** Opens an array as the next value; close it with json_close_array. */
void json_open_array(struct json_writer *json);
/** Closes the array that was opened last. */
void json_close_array(struct json_writer *json);

/** The key of the next value; objects only. */
void json_key(struct json_writer *json, const char *key);
void json_key_str(struct json_writer *json, struct dais_str key);

/** A string; an absent view gives null. */
void json_add_string(struct json_writer *json, struct dais_str text);
void json_add_stringz(struct json_writer *json, const char *text);
void json_add_int(struct json_writer *json, int64_t value);
void json_add_uint(struct json_writer *json, uint64_t value);
/** The shortest form that reads back the same; null for a number that is not finite. */
void json_add_number(struct json_writer *json, double value);
void json_add_bool(struct json_writer *json, bool value);
void json_add_null(struct json_writer *json);

/** Text that is JSON already, from the database or another writer. Not looked at. */
void json_add_raw(struct json_writer *json, struct dais_str text);

/** Appends the quoted and escaped form of `text` alone. */
void json_quote(struct strbuf *out, struct dais_str text);
