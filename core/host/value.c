/* SPDX-License-Identifier: MIT */
#include "host/value.h"

#include "base/json_write.h"

#include <stdio.h>
#include <string.h>

/** Depth and size of what stands in the outbox are bounded by what was written there. */
#define JSON_BYTES_MAX (16u << 20)

static bool is_text(uint32_t kind)
{
    switch (kind) {
    case DAIS_KIND_STRING:
    case DAIS_KIND_UUID:
    case DAIS_KIND_TIME:
    case DAIS_KIND_ENUM:
    case DAIS_KIND_EMAIL:
    case DAIS_KIND_JSON:
        return true;
    default:
        return false;
    }
}

static uint32_t bytes_of(uint32_t kind)
{
    switch (kind) {
    case DAIS_KIND_INT:
        return sizeof(int64_t);
    case DAIS_KIND_NUMBER:
        return sizeof(double);
    case DAIS_KIND_BOOL:
        return sizeof(uint8_t);
    case DAIS_KIND_LIST:
        return sizeof(struct dais_list);
    default:
        return sizeof(struct dais_str);
    }
}

static void *at(void *value, const struct dais_field *row)
{
    return (uint8_t *)value + row->offset;
}

static const void *at_const(const void *value, const struct dais_field *row)
{
    return (const uint8_t *)value + row->offset;
}

static uint64_t present_of(const void *value)
{
    uint64_t present;
    memcpy(&present, value, sizeof present);
    return present;
}

static void set_present(void *value, uint32_t index, bool given)
{
    uint64_t present = present_of(value);
    present = given ? present | 1ull << index : present & ~(1ull << index);
    memcpy(value, &present, sizeof present);
}

static bool is_given(const struct dais_field *row, uint32_t index, const void *value)
{
    if (is_text(row->kind))
        return ((const struct dais_str *)at_const(value, row))->ptr != NULL;
    if (row->kind == DAIS_KIND_LIST)
        return ((const struct dais_list *)at_const(value, row))->items != NULL;
    return (row->flags & DAIS_FIELD_REQUIRED) || dais_has(present_of(value), index);
}

static const struct dais_field *find(const struct dais_shape *shape, const char *name,
                                     uint32_t *ret_index)
{
    for (const struct dais_field *row = shape->fields; row->name; row++) {
        if (strcmp(row->name, name) != 0)
            continue;
        *ret_index = (uint32_t)(row - shape->fields);
        return row;
    }
    return NULL;
}

int32_t value_check(const struct dais_shape *shape, char ret_problem[VALUE_PROBLEM_BYTES_MAX])
{
    struct shape_error wrong;
    if (shape_check(shape, true, &wrong) != DAIS_OK) {
        snprintf(ret_problem, VALUE_PROBLEM_BYTES_MAX, "%s %s", wrong.field, wrong.detail);
        return DAIS_E_INVALID;
    }
    for (const struct dais_field *row = shape->fields; row->name; row++) {
        const char *why = NULL;
        if (row->kind == DAIS_KIND_OBJECT || row->shape)
            why = "is nested; let it travel as JSON";
        else if (row->flags & DAIS_FIELD_SECRET)
            why = "is a secret, which does not travel";
        if (!why)
            continue;
        snprintf(ret_problem, VALUE_PROBLEM_BYTES_MAX, "%s %s", row->name, why);
        return DAIS_E_INVALID;
    }
    return DAIS_OK;
}

static bool is_compatible(const struct dais_field *outer, const struct dais_field *inner)
{
    if (outer->kind == inner->kind)
        return true;
    return inner->kind == DAIS_KIND_STRING && is_text(outer->kind) && outer->kind != DAIS_KIND_JSON;
}

/** The row of `outer` that goes with `pair->inner`; none is no error unless it is required. */
static int32_t find_outer(const struct dais_shape *outer, struct value_pair *pair,
                          char *ret_problem)
{
    const struct dais_field *row = pair->inner;
    pair->outer = find(outer, row->name, &pair->outer_index);
    if (pair->outer ? is_compatible(pair->outer, row) : !(row->flags & DAIS_FIELD_REQUIRED))
        return DAIS_OK;
    snprintf(ret_problem, VALUE_PROBLEM_BYTES_MAX, "%s %s %s", row->name,
             pair->outer ? "is of another kind in" : "is no row of", outer->name);
    return DAIS_E_INVALID;
}

int32_t value_map(const struct dais_shape *outer, const struct dais_shape *inner,
                  struct dais_arena *arena, struct value_map *ret_map,
                  char ret_problem[VALUE_PROBLEM_BYTES_MAX])
{
    uint32_t rows = 0, count = 0;
    while (inner && inner->fields[rows].name)
        rows++;
    struct value_pair *pairs = arena_alloc(arena, (rows + 1) * sizeof *pairs);
    if (!pairs)
        return DAIS_E_MEMORY;
    for (uint32_t i = 0; i < rows; i++) {
        pairs[count] = (struct value_pair){.inner = &inner->fields[i], .inner_index = i};
        int32_t error = find_outer(outer, &pairs[count], ret_problem);
        if (error)
            return error;
        count += pairs[count].outer != NULL;
    }
    *ret_map = (struct value_map){.inner = inner, .pairs = pairs, .count = count};
    return DAIS_OK;
}

int32_t value_enter(const struct value_map *map, const void *outer, struct dais_arena *arena,
                    void **ret_inner)
{
    if (!map->inner) {
        *ret_inner = NULL;
        return DAIS_OK;
    }
    void *inner = arena_alloc(arena, map->inner->struct_bytes);
    if (!inner)
        return DAIS_E_MEMORY;
    for (uint32_t i = 0; i < map->count; i++) {
        const struct value_pair *it = &map->pairs[i];
        memcpy(at(inner, it->inner), at_const(outer, it->outer), bytes_of(it->outer->kind));
        set_present(inner, it->inner_index, is_given(it->outer, it->outer_index, outer));
    }
    *ret_inner = inner;
    return DAIS_OK;
}

static bool is_same_list(const struct dais_list *a, const struct dais_list *b)
{
    const struct dais_str *left = a->items, *right = b->items;
    if (!left != !right || a->count != b->count)
        return false;
    for (uint64_t i = 0; left != right && i < a->count; i++)
        if (!dais_str_eq(left[i], right[i]))
            return false;
    return true;
}

static bool is_same(const struct value_pair *it, const void *outer, const void *inner)
{
    const void *a = at_const(outer, it->outer), *b = at_const(inner, it->inner);
    if (it->outer->kind == DAIS_KIND_LIST)
        return is_same_list(a, b);
    if (is_text(it->outer->kind)) {
        struct dais_str left = *(const struct dais_str *)a, right = *(const struct dais_str *)b;
        return !left.ptr == !right.ptr && dais_str_eq(left, right);
    }
    return memcmp(a, b, bytes_of(it->outer->kind)) == 0 &&
           is_given(it->outer, it->outer_index, outer) ==
               ((it->outer->flags & DAIS_FIELD_REQUIRED) ||
                dais_has(present_of(inner), it->inner_index));
}

static int32_t refuse(const struct dais_field *row, const char *detail, struct shape_error *error)
{
    snprintf(error->field, sizeof error->field, "%s", row->name);
    snprintf(error->detail, sizeof error->detail, "%s", detail);
    return DAIS_E_INVALID;
}

/** Takes one changed row into `outer`, a struct that nobody relies on yet. */
static int32_t take(const struct value_pair *it, const void *inner, struct dais_arena *arena,
                    void *outer, struct shape_error *error)
{
    const struct dais_field *row = it->outer;
    if (row->flags & DAIS_FIELD_FIXED)
        return refuse(row, "is not for hooks to change", error);
    bool number = !is_text(row->kind) && row->kind != DAIS_KIND_LIST;
    memcpy(at(outer, row), at_const(inner, it->inner), bytes_of(row->kind));
    set_present(outer, it->outer_index, true);
    if (number || is_given(row, it->outer_index, outer))
        return shape_check_member(row, arena, at(outer, row), error);
    if (row->flags & DAIS_FIELD_REQUIRED)
        return refuse(row, "must be there", error);
    set_present(outer, it->outer_index, false);
    return DAIS_OK;
}

static uint32_t struct_bytes(const struct value_map *map)
{
    uint32_t bytes = sizeof(uint64_t);
    for (uint32_t i = 0; i < map->count; i++) {
        uint32_t end = map->pairs[i].outer->offset + bytes_of(map->pairs[i].outer->kind);
        bytes = end > bytes ? end : bytes;
    }
    return bytes;
}

int32_t value_leave(const struct value_map *map, const void *inner, struct dais_arena *arena,
                    void *outer, struct shape_error *ret_error)
{
    void *draft = NULL;
    uint32_t bytes = struct_bytes(map);
    for (uint32_t i = 0; map->inner && i < map->count; i++) {
        if (is_same(&map->pairs[i], outer, inner))
            continue;
        if (!draft) {
            draft = arena_alloc(arena, bytes);
            if (!draft)
                return DAIS_E_MEMORY;
            memcpy(draft, outer, bytes);
        }
        int32_t error = take(&map->pairs[i], inner, arena, draft, ret_error);
        if (error)
            return error;
    }
    if (draft)
        memcpy(outer, draft, bytes);
    return DAIS_OK;
}

static void write_member(struct json_writer *json, const struct dais_field *row, const void *member)
{
    const struct dais_list *list = member;
    switch (row->kind) {
    case DAIS_KIND_INT:
        json_add_int(json, *(const int64_t *)member);
        break;
    case DAIS_KIND_NUMBER:
        json_add_number(json, *(const double *)member);
        break;
    case DAIS_KIND_BOOL:
        json_add_bool(json, *(const uint8_t *)member != 0);
        break;
    case DAIS_KIND_JSON:
        json_add_raw(json, *(const struct dais_str *)member);
        break;
    case DAIS_KIND_LIST:
        json_open_array(json);
        for (uint64_t i = 0; i < list->count; i++)
            json_add_string(json, ((const struct dais_str *)list->items)[i]);
        json_close_array(json);
        break;
    default:
        json_add_string(json, *(const struct dais_str *)member);
    }
}

void value_write(const struct dais_shape *shape, const void *value, struct strbuf *out)
{
    struct json_writer json;
    json_write_init(&json, out);
    json_open_object(&json);
    for (uint32_t i = 0; shape->fields[i].name; i++) {
        if (!is_given(&shape->fields[i], i, value))
            continue;
        json_key(&json, shape->fields[i].name);
        write_member(&json, &shape->fields[i], at_const(value, &shape->fields[i]));
    }
    json_close_object(&json);
}

int32_t value_read(const struct dais_shape *inner, struct dais_str json, struct dais_arena *arena,
                   void **ret_inner, char ret_problem[VALUE_PROBLEM_BYTES_MAX])
{
    struct shape_error wrong = {.field = "", .detail = "is no JSON"};
    const struct json *object;
    void *value = arena_alloc(arena, inner->struct_bytes);
    if (!value)
        return DAIS_E_MEMORY;
    int32_t error = json_parse(arena, json, JSON_BYTES_MAX, &object, NULL);
    if (!error)
        error = shape_read_known(inner, object, arena, value, &wrong);
    if (!error)
        *ret_inner = value;
    else if (error != DAIS_E_MEMORY)
        snprintf(ret_problem, VALUE_PROBLEM_BYTES_MAX, "%s %s", wrong.field, wrong.detail);
    return error && error != DAIS_E_MEMORY ? DAIS_E_INVALID : error;
}

bool value_can_order(const struct dais_shape *shape, const char *name)
{
    uint32_t index;
    const struct dais_field *row = find(shape, name, &index);
    return row && is_text(row->kind) && row->kind != DAIS_KIND_JSON;
}

struct dais_str value_text(const struct dais_shape *shape, const char *name, const void *value)
{
    uint32_t index;
    const struct dais_field *row = name ? find(shape, name, &index) : NULL;
    return row && is_text(row->kind) ? *(const struct dais_str *)at_const(value, row)
                                     : dais_str(NULL, 0);
}
