/* SPDX-License-Identifier: MIT */
#include "base/shape_row.h"

/** Room for the values that fallbacks make while they are tried out. */
#define CHECK_ARENA_BYTES (1u << 20)

static int32_t check_shape(struct shape_reader *reader, const struct shape_place *place,
                           const struct dais_shape *shape, bool read);

static int32_t check_fallback(struct shape_reader *reader, const struct shape_place *place,
                              const struct dais_field *row)
{
    struct dais_list largest[2] = {{0}};
    if (!row->fallback)
        return DAIS_OK;
    if (row->flags & DAIS_FIELD_REQUIRED)
        return shape_fail(reader, place, "is required and has a fallback");
    if (row->kind == DAIS_KIND_OBJECT)
        return shape_fail(reader, place, "is an object and has a fallback");
    return shape_row_text(reader, place, row, dais_cstr(row->fallback), largest);
}

static int32_t check_row(struct shape_reader *reader, const struct shape_place *place,
                         const struct dais_shape *shape, const struct dais_field *row, bool read)
{
    uint32_t bytes = shape_row_bytes(row);
    uint32_t first = read ? (uint32_t)sizeof(uint64_t) : 0;
    bool nested = row->kind == DAIS_KIND_OBJECT || row->kind == DAIS_KIND_LIST;
    if (row->name[0] == '\0')
        return shape_fail(reader, place, "has an empty name");
    if (bytes == 0)
        return shape_fail(reader, place, "has the unknown kind %u", row->kind);
    if (row->offset < first || row->offset > shape->struct_bytes ||
        bytes > shape->struct_bytes - row->offset)
        return shape_fail(reader, place, "lies outside the struct, or where `present` is");
    if (row->max != 0 && row->max < row->min)
        return shape_fail(reader, place, "has a max below its min");
    if (row->kind == DAIS_KIND_ENUM && !(row->choices && row->choices[0]))
        return shape_fail(reader, place, "is an enum without choices");
    if (nested && row->shape)
        return check_shape(reader, place, row->shape, read);
    return check_fallback(reader, place, row);
}

static int32_t check_rows(struct shape_reader *reader, const struct shape_place *place,
                          const struct dais_shape *shape, bool read)
{
    for (int32_t i = 0; shape->fields[i].name; i++) {
        const struct dais_field *row = &shape->fields[i];
        struct shape_place at = {place, dais_cstr(row->name), 0};
        if (i >= 64)
            return shape_fail(reader, &at, "is one row too many, 64 are allowed");
        if (shape_row_find(shape, at.name) != i)
            return shape_fail(reader, &at, "stands in the table twice");
        int32_t code = check_row(reader, &at, shape, row, read);
        if (code != DAIS_OK)
            return code;
    }
    return DAIS_OK;
}

static int32_t check_shape(struct shape_reader *reader, const struct shape_place *place,
                           const struct dais_shape *shape, bool read)
{
    if (!shape->name || !shape->fields || (read && shape->struct_bytes < sizeof(uint64_t)))
        return shape_fail(reader, place, "has a shape without name, rows or size");
    if (reader->depth >= SHAPE_DEPTH_MAX)
        return shape_fail(reader, place, "is nested deeper than %u", SHAPE_DEPTH_MAX);
    reader->depth++;
    int32_t code = check_rows(reader, place, shape, read);
    reader->depth--;
    return code;
}

int32_t shape_check(const struct dais_shape *shape, bool read, struct shape_error *ret_error)
{
    struct dais_arena arena;
    arena_init(&arena, CHECK_ARENA_BYTES);
    struct shape_reader reader = {&arena, ret_error, 0};
    struct shape_place whole = {0};
    int32_t code = check_shape(&reader, &whole, shape, read);
    arena_reset(&arena);
    return code;
}
