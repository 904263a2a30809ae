/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * AMF0, the notation of RTMP commands and metadata (AMF 0 specification, 2007).
 *
 * The reader is a pull parser over a view: amf0_read gives one value; after the head of an object,
 * the caller takes amf0_read_key and a value in turn until the end, or gives the rest up with
 * amf0_skip_rest. Nothing is copied and nothing is allocated; views live as long as the input.
 * Counts that the sender claims are never trusted, nesting is bounded, references and AMF3 values
 * are refused.
 *
 * The writer fills memory of the caller's and remembers an overflow until amf0_writer_done.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dais/error.h"
#include "dais/types.h"

/** How deep objects and arrays may nest in a value that is skipped. */
#define AMF0_DEPTH_MAX 16u

enum amf0_kind {
    AMF0_NUMBER,
    AMF0_BOOLEAN,
    AMF0_STRING, /**< string, long string and XML document */
    AMF0_DATE,
    AMF0_NULL,
    AMF0_UNDEFINED, /**< undefined and unsupported */
    AMF0_OBJECT, /**< head of an object, a typed object or an ECMA array: keys and values follow */
    AMF0_ARRAY,  /**< head of a strict array: `count` values follow */
};

struct amf0_value {
    enum amf0_kind kind;
    bool boolean;
    uint32_t count;         /**< of a strict array, as claimed */
    double number;          /**< number; date in milliseconds of Unix time */
    struct dais_str string; /**< UTF-8, not checked */
};

/** Copying it saves a position. */
struct amf0_reader {
    const uint8_t *at;
    const uint8_t *end;
};

/** Starts reading `in`, which stays the caller's. */
void amf0_reader_init(struct amf0_reader *reader, struct dais_str in);

/** Whether all input was read. */
bool amf0_at_end(const struct amf0_reader *reader);

/**
 * Reads one value, or only its head where it is an object or an array. DAIS_E_INVALID: cut off, a
 * reference, an AMF3 value or an unknown marker.
 */
int32_t amf0_read(struct amf0_reader *reader, struct amf0_value *ret_value) DAIS_CHECK_RESULT;

/**
 * Inside an object: returns 1 with the next key, whose value is to be read next; 0 at the object's
 * end. Input that ends between two members counts as that end, since encoders send such metadata.
 */
int32_t amf0_read_key(struct amf0_reader *reader, struct dais_str *ret_key) DAIS_CHECK_RESULT;

/** Reads and forgets one value with all it holds. DAIS_E_LIMIT: nested deeper than AMF0_DEPTH_MAX.
 */
int32_t amf0_skip(struct amf0_reader *reader) DAIS_CHECK_RESULT;

/** After the head `value` was read: reads and forgets what it holds; nothing for plain values. */
int32_t amf0_skip_rest(struct amf0_reader *reader,
                       const struct amf0_value *value) DAIS_CHECK_RESULT;

/** Reads one value that must be a string, respectively a number. DAIS_E_INVALID otherwise. */
int32_t amf0_read_string(struct amf0_reader *reader, struct dais_str *ret_string) DAIS_CHECK_RESULT;
int32_t amf0_read_number(struct amf0_reader *reader, double *ret_number) DAIS_CHECK_RESULT;

struct amf0_writer {
    uint8_t *start;
    uint8_t *at;
    uint8_t *end;
    bool full;
};

/** Starts writing to `room` bytes at `out`. */
void amf0_writer_init(struct amf0_writer *writer, uint8_t *out, size_t room);

void amf0_write_number(struct amf0_writer *writer, double number);
void amf0_write_boolean(struct amf0_writer *writer, bool boolean);
/** A string of at most 65535 bytes; a longer one counts as an overflow. */
void amf0_write_string(struct amf0_writer *writer, struct dais_str string);
void amf0_write_null(struct amf0_writer *writer);
void amf0_write_undefined(struct amf0_writer *writer);
/** Opens an object; then a key and a value in turn, then amf0_write_object_end. */
void amf0_write_object(struct amf0_writer *writer);
void amf0_write_key(struct amf0_writer *writer, struct dais_str key);
void amf0_write_object_end(struct amf0_writer *writer);

/** Returns 0 and what was written, or DAIS_E_LIMIT when it did not fit. */
int32_t amf0_writer_done(const struct amf0_writer *writer,
                         struct dais_str *ret_bytes) DAIS_CHECK_RESULT;
