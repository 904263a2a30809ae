/* SPDX-License-Identifier: MIT */
#include "base/json_write.h"
#include "base/shape_row.h"

static void add_text_member(struct json_writer *out, const char *key, const char *text)
{
    json_key(out, key);
    json_add_stringz(out, text);
}

static void write_object(struct json_writer *out, const struct dais_shape *shape, uint32_t depth);

/* Bounds that the row states itself, under the names that its kind uses. */
static void write_bounds(struct json_writer *out, const struct dais_field *row, const char *low,
                         const char *high)
{
    if (row->min == 0 && row->max == 0)
        return;
    if (row->min != 0 || row->kind == DAIS_KIND_INT || row->kind == DAIS_KIND_NUMBER) {
        json_key(out, low);
        json_add_int(out, row->min);
    }
    if (row->max >= row->min) {
        json_key(out, high);
        json_add_int(out, row->max);
    }
}

static void write_choices(struct json_writer *out, const struct dais_field *row)
{
    json_key(out, "enum");
    json_open_array(out);
    for (const char *const *choice = row->choices; *choice; choice++)
        json_add_stringz(out, *choice);
    if (row->flags & DAIS_FIELD_NULLABLE)
        json_add_null(out);
    json_close_array(out);
}

static const char *type_of(uint32_t kind)
{
    switch (kind) {
    case DAIS_KIND_INT:
        return "integer";
    case DAIS_KIND_NUMBER:
        return "number";
    case DAIS_KIND_BOOL:
        return "boolean";
    case DAIS_KIND_OBJECT:
        return "object";
    case DAIS_KIND_LIST:
        return "array";
    default:
        return "string";
    }
}

static void write_type(struct json_writer *out, const struct dais_field *row)
{
    if (row->kind == DAIS_KIND_JSON)
        return;
    json_key(out, "type");
    if (!(row->flags & DAIS_FIELD_NULLABLE)) {
        json_add_stringz(out, type_of(row->kind));
        return;
    }
    json_open_array(out);
    json_add_stringz(out, type_of(row->kind));
    json_add_stringz(out, "null");
    json_close_array(out);
}

static void write_items(struct json_writer *out, const struct dais_field *row, uint32_t depth)
{
    write_bounds(out, row, "minItems", "maxItems");
    json_key(out, "items");
    if (row->shape) {
        json_open_object(out);
        add_text_member(out, "type", "object");
        write_object(out, row->shape, depth + 1);
        json_close_object(out);
        return;
    }
    json_open_object(out);
    add_text_member(out, "type", "string");
    json_close_object(out);
}

static void write_kind(struct json_writer *out, const struct dais_field *row, uint32_t depth)
{
    static const char *const formats[] = {
        [DAIS_KIND_UUID] = "uuid", [DAIS_KIND_TIME] = "date-time", [DAIS_KIND_EMAIL] = "email"};
    switch (row->kind) {
    case DAIS_KIND_STRING:
        write_bounds(out, row, "minLength", "maxLength");
        break;
    case DAIS_KIND_INT:
    case DAIS_KIND_NUMBER:
        write_bounds(out, row, "minimum", "maximum");
        break;
    case DAIS_KIND_UUID:
    case DAIS_KIND_TIME:
    case DAIS_KIND_EMAIL:
        add_text_member(out, "format", formats[row->kind]);
        break;
    case DAIS_KIND_ENUM:
        write_choices(out, row);
        break;
    case DAIS_KIND_OBJECT:
        write_object(out, row->shape, depth + 1);
        break;
    case DAIS_KIND_LIST:
        write_items(out, row, depth);
        break;
    default:
        break;
    }
}

static void write_default(struct json_writer *out, const struct dais_field *row)
{
    if (!row->fallback || row->kind == DAIS_KIND_LIST)
        return;
    json_key(out, "default");
    if (shape_kind_is_text(row->kind) && row->kind != DAIS_KIND_JSON)
        json_add_stringz(out, row->fallback);
    else
        json_add_raw(out, dais_cstr(row->fallback));
}

static void write_row(struct json_writer *out, const struct dais_field *row, uint32_t depth)
{
    json_open_object(out);
    write_type(out, row);
    if (row->prose)
        add_text_member(out, "description", row->prose);
    if (row->flags & DAIS_FIELD_SECRET) {
        json_key(out, "writeOnly");
        json_add_bool(out, true);
    }
    write_kind(out, row, depth);
    write_default(out, row);
    json_close_object(out);
}

static void write_required(struct json_writer *out, const struct dais_shape *shape)
{
    bool any = false;
    for (const struct dais_field *row = shape->fields; row->name; row++)
        any = any || (row->flags & DAIS_FIELD_REQUIRED);
    if (!any)
        return;
    json_key(out, "required");
    json_open_array(out);
    for (const struct dais_field *row = shape->fields; row->name; row++)
        if (row->flags & DAIS_FIELD_REQUIRED)
            json_add_stringz(out, row->name);
    json_close_array(out);
}

/* The members of an object's schema behind its type. */
static void write_object(struct json_writer *out, const struct dais_shape *shape, uint32_t depth)
{
    add_text_member(out, "title", shape->name);
    if (depth > SHAPE_DEPTH_MAX)
        return;
    json_key(out, "properties");
    json_open_object(out);
    for (const struct dais_field *row = shape->fields; row->name; row++) {
        json_key(out, row->name);
        write_row(out, row, depth);
    }
    json_close_object(out);
    write_required(out, shape);
    json_key(out, "additionalProperties");
    json_add_bool(out, false);
}

int32_t shape_schema(const struct dais_shape *shape, struct strbuf *out)
{
    struct json_writer writer;
    json_write_init(&writer, out);
    json_open_object(&writer);
    add_text_member(&writer, "type", "object");
    write_object(&writer, shape, 1);
    json_close_object(&writer);
    return strbuf_error(out);
}

int32_t shape_row_schema(const struct dais_field *row, struct strbuf *out)
{
    struct json_writer writer;
    json_write_init(&writer, out);
    write_row(&writer, row, 1);
    return strbuf_error(out);
}
