/* SPDX-License-Identifier: MIT */
#include "base/json_write.h"
#include "base/shape_row.h"

static void write_object(struct json_writer *out, const struct dais_shape *shape, const void *value,
                         uint32_t depth);

static void write_list(struct json_writer *out, const struct dais_field *row,
                       const struct dais_list *list, uint32_t depth)
{
    if (!list->items && (row->flags & DAIS_FIELD_NULLABLE)) {
        json_add_null(out);
        return;
    }
    const uint8_t *item = list->items;
    json_open_array(out);
    for (uint64_t i = 0; i < list->count; i++) {
        if (row->shape) {
            write_object(out, row->shape, item, depth + 1);
            item += row->shape->struct_bytes;
        } else {
            json_add_string(out, *(const struct dais_str *)(const void *)item);
            item += sizeof(struct dais_str);
        }
    }
    json_close_array(out);
}

/* Of an object: what was given of it, or its first text's address. 0: it is not there. */
static uint64_t first_word(const void *member)
{
    uint64_t word;
    memcpy(&word, member, sizeof word);
    return word;
}

static void write_nested(struct json_writer *out, const struct dais_field *row, const void *member,
                         uint32_t depth)
{
    if ((row->flags & DAIS_FIELD_NULLABLE) && first_word(member) == 0)
        json_add_null(out);
    else
        write_object(out, row->shape, member, depth + 1);
}

static void write_text(struct json_writer *out, const struct dais_field *row, struct dais_str text)
{
    if (text.ptr && row->kind == DAIS_KIND_JSON)
        json_add_raw(out, text);
    else if (text.ptr || (row->flags & DAIS_FIELD_NULLABLE))
        json_add_string(out, text);
    else
        json_add_string(out, dais_str("", 0));
}

static void write_value(struct json_writer *out, const struct dais_field *row, const void *member,
                        uint32_t depth)
{
    switch (row->kind) {
    case DAIS_KIND_INT:
        json_add_int(out, *(const int64_t *)member);
        break;
    case DAIS_KIND_NUMBER:
        json_add_number(out, *(const double *)member);
        break;
    case DAIS_KIND_BOOL:
        json_add_bool(out, *(const uint8_t *)member != 0);
        break;
    case DAIS_KIND_OBJECT:
        write_nested(out, row, member, depth);
        break;
    case DAIS_KIND_LIST:
        write_list(out, row, member, depth);
        break;
    default:
        write_text(out, row, *(const struct dais_str *)member);
        break;
    }
}

/* An absent text or object that need not be there is left out. */
static bool is_left_out(const struct dais_field *row, const void *member)
{
    if (row->flags & (DAIS_FIELD_REQUIRED | DAIS_FIELD_NULLABLE))
        return false;
    if (row->kind == DAIS_KIND_OBJECT)
        return first_word(member) == 0;
    return shape_kind_is_text(row->kind) && !((const struct dais_str *)member)->ptr;
}

static void write_object(struct json_writer *out, const struct dais_shape *shape, const void *value,
                         uint32_t depth)
{
    if (depth > SHAPE_DEPTH_MAX) {
        json_add_null(out);
        return;
    }
    json_open_object(out);
    for (const struct dais_field *row = shape->fields; row->name; row++) {
        const void *member = (const uint8_t *)value + row->offset;
        if (is_left_out(row, member))
            continue;
        json_key(out, row->name);
        write_value(out, row, member, depth);
    }
    json_close_object(out);
}

int32_t shape_write(const struct dais_shape *shape, const void *value, struct strbuf *out)
{
    struct json_writer writer;
    json_write_init(&writer, out);
    write_object(&writer, shape, value, 1);
    return strbuf_error(out);
}
