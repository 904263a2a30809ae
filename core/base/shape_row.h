/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The inside of shape_*.c: one row of a field table, read from a text or from JSON. Included by
 * these files only; everybody else includes base/shape.h.
 */
#include "base/shape.h"

/** Where in the input a value stands; a chain on the stack, for messages. */
struct shape_place {
    const struct shape_place *above; /* NULL: the whole */
    struct dais_str name;            /* absent: an item of a list */
    uint64_t index;                  /* of the item */
};

/** What a read works with. */
struct shape_reader {
    struct dais_arena *arena;
    struct shape_error *error;
    uint32_t depth; /* shapes entered */
};

/** Fills the reader's error with the place and the formatted detail; DAIS_E_INVALID. */
DAIS_CHECK_RESULT int32_t shape_fail(struct shape_reader *reader, const struct shape_place *place,
                                     const char *format, ...) __attribute__((format(printf, 3, 4)));

/** Checks `text` against a row and stores it in `member`. A list gets one more item. */
DAIS_CHECK_RESULT int32_t shape_row_text(struct shape_reader *reader,
                                         const struct shape_place *place,
                                         const struct dais_field *row, struct dais_str text,
                                         void *member);

/** Checks a JSON value against a row and stores it in `member`. */
DAIS_CHECK_RESULT int32_t shape_row_json(struct shape_reader *reader,
                                         const struct shape_place *place,
                                         const struct dais_field *row, const struct json *value,
                                         void *member);

/** Checks and stores text of the kinds that are texts (string, uuid, time, enum, email). */
DAIS_CHECK_RESULT int32_t shape_row_string(struct shape_reader *reader,
                                           const struct shape_place *place,
                                           const struct dais_field *row, struct dais_str text,
                                           struct dais_str *ret_member);

/** Checks and stores the bounds of numbers. */
DAIS_CHECK_RESULT int32_t shape_row_int(struct shape_reader *reader,
                                        const struct shape_place *place,
                                        const struct dais_field *row, int64_t number,
                                        int64_t *ret_member);
DAIS_CHECK_RESULT int32_t shape_row_number(struct shape_reader *reader,
                                           const struct shape_place *place,
                                           const struct dais_field *row, double number,
                                           double *ret_member);

/** Reads the members of one object into `ret_struct`; for nested shapes too. */
DAIS_CHECK_RESULT int32_t shape_read_object(struct shape_reader *reader,
                                            const struct shape_place *place,
                                            const struct dais_shape *shape,
                                            const struct json *object, void *ret_struct);

/** Ends a read: sets `present`, fallbacks and absent values; fails for a missing required row. */
DAIS_CHECK_RESULT int32_t shape_read_end(struct shape_reader *reader,
                                         const struct shape_place *place,
                                         const struct dais_shape *shape, uint64_t present,
                                         void *ret_struct);

/** The row called `name`, or -1. */
int32_t shape_row_find(const struct dais_shape *shape, struct dais_str name);

/** How many rows there are, at most 65. */
uint32_t shape_row_count(const struct dais_shape *shape);

/** Whether `kind` is stored as struct dais_str. */
bool shape_kind_is_text(uint32_t kind);

/** Bytes of the member of a row, 0 for an unknown kind. */
uint32_t shape_row_bytes(const struct dais_field *row);

/** A row's bounds after the rules of base/shape.h were applied. */
void shape_row_bounds(const struct dais_field *row, int64_t *ret_min, int64_t *ret_max);

/** "is a whole number" … what a value of the kind is, for messages. */
const char *shape_kind_prose(uint32_t kind);
