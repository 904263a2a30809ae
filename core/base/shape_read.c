/* SPDX-License-Identifier: MIT */
#include "base/shape_row.h"

#include "base/json_write.h"

/** Room for writing a JSON value again, escapes included. */
#define JSON_TEXT_BYTES_MAX (4u << 20)

static int32_t wrong_kind(struct shape_reader *reader, const struct shape_place *place,
                          const struct dais_field *row)
{
    return shape_fail(reader, place, "must be %s", shape_kind_prose(row->kind));
}

static void write_tree(struct json_writer *out, const struct json *value);

static void write_members(struct json_writer *out, const struct json *object)
{
    void *cursor = NULL;
    struct dais_str key;
    const struct json *member;
    json_open_object(out);
    while (json_next(object, &cursor, &key, &member)) {
        json_key_str(out, key);
        write_tree(out, member);
    }
    json_close_object(out);
}

static void write_scalar(struct json_writer *out, const struct json *value)
{
    int64_t whole = 0;
    double number = 0;
    bool truth = false;
    if (json_kind(value) == JSON_KIND_BOOL && json_bool(value, &truth) == DAIS_OK)
        json_add_bool(out, truth);
    else if (json_kind(value) == JSON_KIND_INT && json_int(value, &whole) == DAIS_OK)
        json_add_int(out, whole);
    else if (json_number(value, &number) == DAIS_OK)
        json_add_number(out, number);
    else
        json_add_string(out, json_str(value)); /* absent, and so null, for null */
}

/* Writes a tree as text again. The parser bounded its depth. */
static void write_tree(struct json_writer *out, const struct json *value)
{
    if (json_kind(value) == JSON_KIND_OBJECT) {
        write_members(out, value);
        return;
    }
    if (json_kind(value) != JSON_KIND_ARRAY) {
        write_scalar(out, value);
        return;
    }
    json_open_array(out);
    for (uint64_t i = 0; i < json_count(value); i++)
        write_tree(out, json_at(value, i));
    json_close_array(out);
}

static int32_t store_json(struct shape_reader *reader, const struct shape_place *place,
                          const struct dais_field *row, const struct json *value,
                          struct dais_str *ret_text)
{
    struct strbuf text;
    struct json_writer writer;
    int64_t min;
    int64_t max;
    strbuf_init_in(&text, reader->arena, JSON_TEXT_BYTES_MAX);
    json_write_init(&writer, &text);
    write_tree(&writer, value);
    if (strbuf_error(&text) != DAIS_OK)
        return strbuf_error(&text);
    shape_row_bounds(row, &min, &max);
    if (text.len > (uint64_t)max)
        return shape_fail(reader, place, "must have at most %lld bytes of JSON, has %zu",
                          (long long)max, text.len);
    *ret_text = strbuf_view(&text);
    return DAIS_OK;
}

static int32_t read_items(struct shape_reader *reader, const struct shape_place *place,
                          const struct dais_field *row, const struct json *array,
                          struct dais_list *ret_list)
{
    static const struct dais_field text_item = {.kind = DAIS_KIND_STRING};
    uint64_t count = json_count(array);
    uint64_t bytes = row->shape ? row->shape->struct_bytes : sizeof(struct dais_str);
    uint8_t *items = arena_alloc(reader->arena, count * bytes + 1);
    if (!items)
        return DAIS_E_MEMORY;
    for (uint64_t i = 0; i < count; i++) {
        struct shape_place item = {place, {NULL, 0}, i};
        const struct json *value = json_at(array, i);
        int32_t code = row->shape
                           ? shape_read_object(reader, &item, row->shape, value, items + i * bytes)
                           : shape_row_json(reader, &item, &text_item, value, items + i * bytes);
        if (code != DAIS_OK)
            return code;
    }
    *ret_list = (struct dais_list){items, count};
    return DAIS_OK;
}

static int32_t store_list(struct shape_reader *reader, const struct shape_place *place,
                          const struct dais_field *row, const struct json *value,
                          struct dais_list *ret_list)
{
    int64_t min;
    int64_t max;
    shape_row_bounds(row, &min, &max);
    int64_t count = (int64_t)json_count(value);
    if (json_kind(value) != JSON_KIND_ARRAY)
        return wrong_kind(reader, place, row);
    if (count < min || count > max)
        return shape_fail(reader, place, "must have %lld to %lld items, has %lld", (long long)min,
                          (long long)max, (long long)count);
    return read_items(reader, place, row, value, ret_list);
}

static int32_t store_scalar(struct shape_reader *reader, const struct shape_place *place,
                            const struct dais_field *row, const struct json *value, void *member)
{
    int64_t whole = 0;
    double number = 0;
    bool truth = false;
    switch (row->kind) {
    case DAIS_KIND_INT:
        if (json_int(value, &whole) != DAIS_OK)
            return wrong_kind(reader, place, row);
        return shape_row_int(reader, place, row, whole, member);
    case DAIS_KIND_NUMBER:
        if (json_number(value, &number) != DAIS_OK)
            return wrong_kind(reader, place, row);
        return shape_row_number(reader, place, row, number, member);
    case DAIS_KIND_BOOL:
        if (json_bool(value, &truth) != DAIS_OK)
            return wrong_kind(reader, place, row);
        *(uint8_t *)member = truth;
        return DAIS_OK;
    default:
        if (json_kind(value) != JSON_KIND_STRING)
            return wrong_kind(reader, place, row);
        return shape_row_string(reader, place, row, json_str(value), member);
    }
}

int32_t shape_row_json(struct shape_reader *reader, const struct shape_place *place,
                       const struct dais_field *row, const struct json *value, void *member)
{
    if (json_kind(value) == JSON_KIND_NULL && (row->flags & DAIS_FIELD_NULLABLE))
        return DAIS_OK;
    switch (row->kind) {
    case DAIS_KIND_OBJECT:
        return shape_read_object(reader, place, row->shape, value, member);
    case DAIS_KIND_LIST:
        return store_list(reader, place, row, value, member);
    case DAIS_KIND_JSON:
        return store_json(reader, place, row, value, member);
    default:
        return store_scalar(reader, place, row, value, member);
    }
}

uint32_t shape_row_count(const struct dais_shape *shape)
{
    uint32_t count = 0;
    while (count <= 64 && shape->fields[count].name)
        count++;
    return count;
}

int32_t shape_row_find(const struct dais_shape *shape, struct dais_str name)
{
    for (int32_t i = 0; shape->fields[i].name; i++)
        if (str_eqz(name, shape->fields[i].name))
            return i;
    return -1;
}

int32_t shape_read_end(struct shape_reader *reader, const struct shape_place *place,
                       const struct dais_shape *shape, uint64_t present, void *ret_struct)
{
    for (uint32_t i = 0; shape->fields[i].name; i++) {
        const struct dais_field *row = &shape->fields[i];
        if (dais_has(present, i))
            continue;
        struct shape_place at = {place, dais_cstr(row->name), 0};
        if (row->flags & DAIS_FIELD_REQUIRED)
            return shape_fail(reader, &at, "is required");
        if (!row->fallback)
            continue;
        int32_t code = shape_row_text(reader, &at, row, dais_cstr(row->fallback),
                                      (uint8_t *)ret_struct + row->offset);
        if (code != DAIS_OK)
            return code;
    }
    memcpy(ret_struct, &present, sizeof present);
    return DAIS_OK;
}

static int32_t read_members(struct shape_reader *reader, const struct shape_place *place,
                            const struct dais_shape *shape, const struct json *object,
                            void *ret_struct)
{
    uint64_t present = 0;
    void *cursor = NULL;
    struct dais_str name;
    const struct json *value;
    while (json_next(object, &cursor, &name, &value)) {
        struct shape_place at = {place, name, 0};
        int32_t row = shape_row_find(shape, name);
        if (row < 0)
            return shape_fail(reader, &at, "is not a known field");
        if (dais_has(present, (uint32_t)row))
            return shape_fail(reader, &at, "was given twice");
        const struct dais_field *field = &shape->fields[row];
        int32_t code = shape_row_json(reader, &at, field, value,
                                      (uint8_t *)ret_struct + field->offset);
        if (code != DAIS_OK)
            return code;
        present |= (uint64_t)1 << row;
    }
    return shape_read_end(reader, place, shape, present, ret_struct);
}

int32_t shape_read_object(struct shape_reader *reader, const struct shape_place *place,
                          const struct dais_shape *shape, const struct json *object,
                          void *ret_struct)
{
    if (json_kind(object) != JSON_KIND_OBJECT)
        return shape_fail(reader, place, "must be an object");
    if (reader->depth >= SHAPE_DEPTH_MAX)
        return shape_fail(reader, place, "is nested too deep");
    memset(ret_struct, 0, shape->struct_bytes);
    reader->depth++;
    int32_t code = read_members(reader, place, shape, object, ret_struct);
    reader->depth--;
    return code;
}

int32_t shape_read_json(const struct dais_shape *shape, const struct json *object,
                        struct dais_arena *arena, void *ret_struct, struct shape_error *ret_error)
{
    struct shape_reader reader = {arena, ret_error, 0};
    struct shape_place whole = {0};
    return shape_read_object(&reader, &whole, shape, object, ret_struct);
}

int32_t shape_read_text(const struct dais_shape *shape, struct dais_str text,
                        struct dais_arena *arena, void *ret_struct, struct shape_error *ret_error)
{
    struct shape_reader reader = {arena, ret_error, 0};
    struct shape_place whole = {0};
    struct json_error where;
    const struct json *object;
    int32_t code = json_parse(arena, text, text.len, &object, &where);
    if (code == DAIS_E_INVALID && where.field[0]) {
        struct shape_place member = {&whole, dais_cstr(where.field), 0};
        return shape_fail(&reader, &member, "%s", where.text);
    }
    if (code == DAIS_E_INVALID)
        return shape_fail(&reader, &whole, "is no valid JSON: %s at line %u, column %u", where.text,
                          where.line, where.column);
    if (code != DAIS_OK)
        return code;
    return shape_read_object(&reader, &whole, shape, object, ret_struct);
}
