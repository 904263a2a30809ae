/* SPDX-License-Identifier: MIT */
#include "base/check.h"
#include "base/shape_row.h"

/* What a JSON reader would not have let through. */
static int32_t check_bytes(struct shape_reader *reader, const struct shape_place *place,
                           struct dais_str text)
{
    if (!str_is_utf8(text) || (text.len && memchr(text.ptr, '\0', text.len)))
        return shape_fail(reader, place, "must be UTF-8 without NUL");
    return DAIS_OK;
}

static int32_t check_list(struct shape_reader *reader, const struct shape_place *place,
                          const struct dais_field *row, const struct dais_list *list)
{
    int64_t min, max;
    shape_row_bounds(row, &min, &max);
    if (list->count > (uint64_t)max || (int64_t)list->count < min)
        return shape_fail(reader, place, "must have %lld to %lld items", (long long)min,
                          (long long)max);
    const struct dais_str *items = list->items;
    for (uint64_t i = 0; i < list->count; i++) {
        struct shape_place at = {place, dais_str(NULL, 0), i};
        int32_t code = check_bytes(reader, &at, items[i]);
        if (code != DAIS_OK)
            return code;
        if (str_utf8_count(items[i]) > SHAPE_TEXT_MAX)
            return shape_fail(reader, &at, "is too long");
    }
    return DAIS_OK;
}

int32_t shape_check_member(const struct dais_field *row, struct dais_arena *arena, void *member,
                           struct shape_error *ret_error)
{
    struct shape_reader reader = {.arena = arena, .error = ret_error};
    const struct shape_place whole = {NULL, dais_str(NULL, 0), 0};
    const struct shape_place place = {&whole, dais_cstr(row->name), 0};
    CHECK(row->kind != DAIS_KIND_OBJECT && !row->shape);
    if (row->kind == DAIS_KIND_INT)
        return shape_row_int(&reader, &place, row, *(int64_t *)member, member);
    if (row->kind == DAIS_KIND_NUMBER)
        return shape_row_number(&reader, &place, row, *(double *)member, member);
    if (row->kind == DAIS_KIND_LIST)
        return check_list(&reader, &place, row, member);
    if (row->kind == DAIS_KIND_BOOL) {
        *(uint8_t *)member = *(uint8_t *)member != 0;
        return DAIS_OK;
    }
    struct dais_str text = *(struct dais_str *)member;
    int32_t code = check_bytes(&reader, &place, text);
    return code ? code : shape_row_text(&reader, &place, row, text, member);
}

/* A row without its own rules: what is read has passed somebody else's. */
static struct dais_field loosen(const struct dais_field *row)
{
    struct dais_field loose = *row;
    loose.min = loose.max = 0;
    if (shape_kind_is_text(row->kind) && row->kind != DAIS_KIND_JSON)
        loose.kind = DAIS_KIND_STRING;
    return loose;
}

int32_t shape_read_known(const struct dais_shape *shape, const struct json *object,
                         struct dais_arena *arena, void *ret_struct, struct shape_error *ret_error)
{
    struct shape_reader reader = {.arena = arena, .error = ret_error};
    const struct shape_place whole = {NULL, dais_str(NULL, 0), 0};
    uint64_t present = 0;
    if (json_kind(object) != JSON_KIND_OBJECT)
        return shape_fail(&reader, &whole, "must be an object");
    memset(ret_struct, 0, shape->struct_bytes);
    for (uint32_t i = 0; shape->fields[i].name; i++) {
        const struct dais_field row = loosen(&shape->fields[i]);
        const struct shape_place place = {&whole, dais_cstr(row.name), 0};
        const struct json *value = json_getz(object, row.name);
        if (json_kind(value) == JSON_KIND_ABSENT || json_kind(value) == JSON_KIND_NULL)
            continue;
        int32_t code = shape_row_json(&reader, &place, &row, value,
                                      (uint8_t *)ret_struct + row.offset);
        if (code != DAIS_OK)
            return code;
        present |= (uint64_t)1 << i;
    }
    return shape_read_end(&reader, &whole, shape, present, ret_struct);
}
