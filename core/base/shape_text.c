/* SPDX-License-Identifier: MIT */
#include "base/shape_row.h"

/** A list of texts grows to this many items before it moves. */
#define ITEMS_FIRST 8u

static int32_t hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes one byte of percent-encoded text; -1 for a broken escape or an encoded NUL. */
static int32_t take_byte(struct dais_str *text, bool plus)
{
    char c = text->ptr[0];
    if (c != '%') {
        *text = dais_str(text->ptr + 1, text->len - 1);
        return plus && c == '+' ? ' ' : (unsigned char)c;
    }
    int32_t high = text->len < 3 ? -1 : hex(text->ptr[1]);
    int32_t low = text->len < 3 ? -1 : hex(text->ptr[2]);
    if (high < 0 || low < 0 || high + low == 0)
        return -1;
    *text = dais_str(text->ptr + 3, text->len - 3);
    return high * 16 + low;
}

static bool is_plain(struct dais_str text, bool plus)
{
    for (uint64_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '%' || (plus && text.ptr[i] == '+'))
            return false;
    return true;
}

int32_t shape_percent_decode(struct dais_str text, bool plus, struct dais_arena *arena,
                             struct dais_str *ret_text)
{
    if (is_plain(text, plus)) {
        *ret_text = text;
        return DAIS_OK;
    }
    char *out = arena_bytes(arena, text.len);
    if (!out)
        return DAIS_E_MEMORY;
    uint64_t len = 0;
    while (text.len > 0) {
        int32_t byte = take_byte(&text, plus);
        if (byte < 0)
            return DAIS_E_INVALID;
        out[len++] = (char)byte;
    }
    *ret_text = dais_str(out, len);
    return DAIS_OK;
}

/* The list grows by doubling; its capacity follows from its count. */
static int32_t append_item(struct shape_reader *reader, const struct shape_place *place,
                           const struct dais_field *row, struct dais_str text,
                           struct dais_list *list)
{
    static const struct dais_field text_item = {.kind = DAIS_KIND_STRING};
    int64_t min;
    int64_t max;
    shape_row_bounds(row, &min, &max);
    if (list->count >= (uint64_t)max)
        return shape_fail(reader, place, "must have at most %lld items", (long long)max);
    bool full = list->count == 0 ||
                (list->count >= ITEMS_FIRST && (list->count & (list->count - 1)) == 0);
    if (full) {
        uint64_t room = list->count ? list->count * 2 : ITEMS_FIRST;
        struct dais_str *items = arena_alloc(reader->arena, room * sizeof *items);
        if (!items)
            return DAIS_E_MEMORY;
        if (list->count)
            memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
    }
    struct dais_str *item = (struct dais_str *)(uintptr_t)list->items + list->count;
    struct shape_place at = {place, {NULL, 0}, list->count};
    int32_t code = shape_row_string(reader, &at, &text_item, text, item);
    if (code == DAIS_OK)
        list->count++;
    return code;
}

static int32_t store_bool(struct shape_reader *reader, const struct shape_place *place,
                          struct dais_str text, uint8_t *ret_member)
{
    bool yes = str_eqz(text, "true") || str_eqz(text, "1");
    if (!yes && !str_eqz(text, "false") && !str_eqz(text, "0"))
        return shape_fail(reader, place, "must be true or false");
    *ret_member = yes;
    return DAIS_OK;
}

/* Objects, lists of objects and JSON come as JSON text. */
static int32_t store_tree(struct shape_reader *reader, const struct shape_place *place,
                          const struct dais_field *row, struct dais_str text, void *member)
{
    struct json_error where;
    const struct json *value;
    int32_t code = json_parse(reader->arena, text, text.len, &value, &where);
    if (code == DAIS_E_INVALID)
        return shape_fail(reader, place, "is no valid JSON: %s", where.text);
    return code == DAIS_OK ? shape_row_json(reader, place, row, value, member) : code;
}

static int32_t store_number(struct shape_reader *reader, const struct shape_place *place,
                            const struct dais_field *row, struct dais_str text, void *member)
{
    int64_t whole = 0;
    double number = 0;
    bool good = row->kind == DAIS_KIND_INT
                    ? str_parse_int(text, INT64_MIN, INT64_MAX, &whole) == DAIS_OK
                    : str_parse_double(text, &number) == DAIS_OK;
    if (!good)
        return shape_fail(reader, place, "must be %s", shape_kind_prose(row->kind));
    return row->kind == DAIS_KIND_INT ? shape_row_int(reader, place, row, whole, member)
                                      : shape_row_number(reader, place, row, number, member);
}

int32_t shape_row_text(struct shape_reader *reader, const struct shape_place *place,
                       const struct dais_field *row, struct dais_str text, void *member)
{
    if (!str_is_utf8(text) || str_find(text, '\0') >= 0)
        return shape_fail(reader, place, "must be UTF-8 without NUL");
    switch (row->kind) {
    case DAIS_KIND_INT:
    case DAIS_KIND_NUMBER:
        return store_number(reader, place, row, text, member);
    case DAIS_KIND_BOOL:
        return store_bool(reader, place, text, member);
    case DAIS_KIND_LIST:
        if (!row->shape)
            return append_item(reader, place, row, text, member);
        return store_tree(reader, place, row, text, member);
    case DAIS_KIND_OBJECT:
    case DAIS_KIND_JSON:
        return store_tree(reader, place, row, text, member);
    default:
        return shape_row_string(reader, place, row, text, member);
    }
}

/* One named text on its way into the struct. */
static int32_t read_pair(struct shape_reader *reader, const struct dais_shape *shape,
                         const struct shape_pair *pair, uint64_t *present, void *ret_struct)
{
    struct shape_place whole = {0};
    struct shape_place at = {&whole, pair->name, 0};
    int32_t row = shape_row_find(shape, pair->name);
    if (row < 0)
        return shape_fail(reader, &at, "is not a known field");
    const struct dais_field *field = &shape->fields[row];
    bool repeats = field->kind == DAIS_KIND_LIST && !field->shape;
    if (dais_has(*present, (uint32_t)row) && !repeats)
        return shape_fail(reader, &at, "was given twice");
    *present |= (uint64_t)1 << row;
    return shape_row_text(reader, &at, field, pair->value, (uint8_t *)ret_struct + field->offset);
}

/* Lists that grew item by item have not seen their lower bound yet. */
static int32_t check_lists(struct shape_reader *reader, const struct dais_shape *shape,
                           uint64_t present, const void *read)
{
    for (uint32_t i = 0; shape->fields[i].name; i++) {
        const struct dais_field *row = &shape->fields[i];
        const struct dais_list *list = (const void *)((const uint8_t *)read + row->offset);
        if (row->kind != DAIS_KIND_LIST || row->shape || !dais_has(present, i) ||
            (int64_t)list->count >= row->min)
            continue;
        struct shape_place whole = {0};
        struct shape_place at = {&whole, dais_cstr(row->name), 0};
        return shape_fail(reader, &at, "must have at least %lld items", (long long)row->min);
    }
    return DAIS_OK;
}

static int32_t read_end(struct shape_reader *reader, const struct dais_shape *shape,
                        uint64_t present, void *ret_struct)
{
    struct shape_place whole = {0};
    int32_t code = check_lists(reader, shape, present, ret_struct);
    return code == DAIS_OK ? shape_read_end(reader, &whole, shape, present, ret_struct) : code;
}

int32_t shape_read_pairs(const struct dais_shape *shape, struct shape_pairs pairs,
                         struct dais_arena *arena, void *ret_struct, struct shape_error *ret_error)
{
    struct shape_reader reader = {arena, ret_error, 0};
    uint64_t present = 0;
    memset(ret_struct, 0, shape->struct_bytes);
    for (uint32_t i = 0; i < pairs.count; i++) {
        int32_t code = read_pair(&reader, shape, &pairs.items[i], &present, ret_struct);
        if (code != DAIS_OK)
            return code;
    }
    return read_end(&reader, shape, present, ret_struct);
}

/* "name=value", either side encoded; without '=' the value is empty. */
static int32_t split_pair(struct shape_reader *reader, struct dais_str piece,
                          struct shape_pair *ret_pair)
{
    struct dais_str name = piece;
    struct dais_str value = dais_str("", 0);
    int64_t equals = str_find(piece, '=');
    if (equals >= 0) {
        name = str_sub(piece, 0, (uint64_t)equals);
        value = str_sub(piece, (uint64_t)equals + 1, piece.len);
    }
    int32_t code = shape_percent_decode(name, true, reader->arena, &ret_pair->name);
    if (code == DAIS_OK)
        code = shape_percent_decode(value, true, reader->arena, &ret_pair->value);
    if (code != DAIS_E_INVALID)
        return code;
    struct shape_place whole = {0};
    struct shape_place at = {&whole, name, 0};
    return shape_fail(reader, &at,
                      "has a '%%' that two hexadecimal digits do not follow, or a NUL");
}

int32_t shape_read_query(const struct dais_shape *shape, struct dais_str query,
                         struct dais_arena *arena, void *ret_struct, struct shape_error *ret_error)
{
    struct shape_reader reader = {arena, ret_error, 0};
    uint64_t present = 0;
    struct dais_str piece;
    memset(ret_struct, 0, shape->struct_bytes);
    while (str_split(&query, '&', &piece)) {
        struct shape_pair pair;
        if (piece.len == 0)
            continue;
        int32_t code = split_pair(&reader, piece, &pair);
        if (code == DAIS_OK)
            code = read_pair(&reader, shape, &pair, &present, ret_struct);
        if (code != DAIS_OK)
            return code;
    }
    return read_end(&reader, shape, present, ret_struct);
}
