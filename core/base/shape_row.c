/* SPDX-License-Identifier: MIT */
#include "base/shape_row.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/** Longest address: a path of RFC 5321 §4.5.3.1.3 without its brackets. */
#define EMAIL_BYTES_MAX 254u
#define EMAIL_LOCAL_BYTES_MAX 64u
#define UUID_BYTES 36u
#define MEMBER_TEXT_DEFAULT_MAX ((int64_t)SHAPE_TEXT_MAX)

static const struct {
    uint32_t bytes;
    const char *prose;
} kinds[] = {
    [DAIS_KIND_STRING] = {sizeof(struct dais_str), "a text"},
    [DAIS_KIND_INT] = {sizeof(int64_t), "a whole number"},
    [DAIS_KIND_NUMBER] = {sizeof(double), "a number"},
    [DAIS_KIND_BOOL] = {sizeof(uint8_t), "true or false"},
    [DAIS_KIND_UUID] = {sizeof(struct dais_str), "a UUID"},
    [DAIS_KIND_TIME] = {sizeof(struct dais_str), "a time like 2026-01-31T23:59:59Z"},
    [DAIS_KIND_ENUM] = {sizeof(struct dais_str), "one of the choices"},
    [DAIS_KIND_EMAIL] = {sizeof(struct dais_str), "an e-mail address"},
    [DAIS_KIND_OBJECT] = {0, "an object"},
    [DAIS_KIND_LIST] = {sizeof(struct dais_list), "a list"},
    [DAIS_KIND_JSON] = {sizeof(struct dais_str), "JSON"},
};

#define KINDS (sizeof kinds / sizeof kinds[0])

bool shape_kind_is_text(uint32_t kind)
{
    return kind == DAIS_KIND_STRING || (kind >= DAIS_KIND_UUID && kind <= DAIS_KIND_EMAIL) ||
           kind == DAIS_KIND_JSON;
}

uint32_t shape_row_bytes(const struct dais_field *row)
{
    if (row->kind == DAIS_KIND_OBJECT)
        return row->shape ? row->shape->struct_bytes : 0;
    return row->kind < KINDS ? kinds[row->kind].bytes : 0;
}

const char *shape_kind_prose(uint32_t kind)
{
    return kind < KINDS && kinds[kind].prose ? kinds[kind].prose : "something known";
}

static int64_t default_max(uint32_t kind)
{
    switch (kind) {
    case DAIS_KIND_INT:
    case DAIS_KIND_NUMBER:
        return INT64_MAX;
    case DAIS_KIND_LIST:
        return SHAPE_LIST_MAX;
    case DAIS_KIND_JSON:
        return SHAPE_JSON_BYTES_MAX;
    case DAIS_KIND_EMAIL:
        return EMAIL_BYTES_MAX;
    default:
        return MEMBER_TEXT_DEFAULT_MAX;
    }
}

void shape_row_bounds(const struct dais_field *row, int64_t *ret_min, int64_t *ret_max)
{
    bool number = row->kind == DAIS_KIND_INT || row->kind == DAIS_KIND_NUMBER;
    bool unbounded = row->min == 0 && row->max == 0;
    *ret_min = unbounded && number ? INT64_MIN : row->min;
    *ret_max = unbounded || row->max < row->min ? default_max(row->kind) : row->max;
}

static void write_place(const struct shape_place *place, struct shape_error *error)
{
    size_t used = 0;
    if (place->above) {
        write_place(place->above, error);
        used = strlen(error->field);
    }
    size_t room = sizeof error->field - used;
    if (place->name.ptr)
        snprintf(error->field + used, room, "%s%.*s", used ? "." : "", STR_ARG(place->name));
    else if (place->above)
        snprintf(error->field + used, room, "[%" PRIu64 "]", place->index);
}

int32_t shape_fail(struct shape_reader *reader, const struct shape_place *place, const char *format,
                   ...)
{
    reader->error->field[0] = '\0';
    write_place(place, reader->error);
    va_list args;
    va_start(args, format);
    vsnprintf(reader->error->detail, sizeof reader->error->detail, format, args);
    va_end(args);
    return DAIS_E_INVALID;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Stores a UUID in lower case, the form in which ids are compared. */
static int32_t check_uuid(struct shape_reader *reader, const struct shape_place *place,
                          struct dais_str *text)
{
    bool upper = false;
    bool good = text->len == UUID_BYTES;
    for (uint64_t i = 0; good && i < text->len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        good = dash ? text->ptr[i] == '-' : is_hex(text->ptr[i]);
        upper = upper || (text->ptr[i] >= 'A' && text->ptr[i] <= 'F');
    }
    if (!good)
        return shape_fail(reader, place, "must be a UUID");
    if (!upper)
        return DAIS_OK;
    char *lower = arena_bytes(reader->arena, UUID_BYTES);
    if (!lower)
        return DAIS_E_MEMORY;
    for (uint64_t i = 0; i < UUID_BYTES; i++)
        lower[i] = text->ptr[i] == '-' ? '-' : (char)(text->ptr[i] | 0x20);
    text->ptr = lower;
    return DAIS_OK;
}

static int32_t check_choice(struct shape_reader *reader, const struct shape_place *place,
                            const struct dais_field *row, struct dais_str text)
{
    char list[SHAPE_DETAIL_BYTES_MAX / 2];
    size_t used = 0;
    for (const char *const *choice = row->choices; *choice; choice++) {
        if (str_eqz(text, *choice))
            return DAIS_OK;
        if (used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "",
                                     *choice);
    }
    return shape_fail(reader, place, "must be one of %s", list);
}

static bool is_atom_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool is_domain_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

/* Pieces between dots, none empty (RFC 5321 §4.1.2: Dot-string, Domain). */
static bool is_dotted(struct dais_str text, bool (*char_ok)(char c))
{
    if (text.len == 0 || text.ptr[0] == '.' || text.ptr[text.len - 1] == '.')
        return false;
    for (uint64_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '.' ? text.ptr[i - 1] == '.' : !char_ok(text.ptr[i]))
            return false;
    }
    return true;
}

static bool is_email(struct dais_str text)
{
    int64_t at = str_find(text, '@');
    if (at <= 0 || at > (int64_t)EMAIL_LOCAL_BYTES_MAX || text.len > EMAIL_BYTES_MAX)
        return false;
    struct dais_str domain = str_sub(text, (uint64_t)at + 1, text.len);
    if (domain.len == 0 || domain.ptr[0] == '-' || domain.ptr[domain.len - 1] == '-')
        return false;
    return is_dotted(str_sub(text, 0, (uint64_t)at), is_atom_char) &&
           is_dotted(domain, is_domain_char);
}

static int32_t check_length(struct shape_reader *reader, const struct shape_place *place,
                            const struct dais_field *row, struct dais_str text)
{
    int64_t min;
    int64_t max;
    shape_row_bounds(row, &min, &max);
    int64_t count = (int64_t)str_utf8_count(text);
    if (count >= min && count <= max)
        return DAIS_OK;
    if (count < min && row->max < row->min)
        return shape_fail(reader, place, "must have at least %" PRId64 " characters, has %" PRId64,
                          min, count);
    if (min <= 0)
        return shape_fail(reader, place, "must have at most %" PRId64 " characters, has %" PRId64,
                          max, count);
    return shape_fail(reader, place,
                      "must have %" PRId64 " to %" PRId64 " characters, has %" PRId64, min, max,
                      count);
}

int32_t shape_row_string(struct shape_reader *reader, const struct shape_place *place,
                         const struct dais_field *row, struct dais_str text,
                         struct dais_str *ret_member)
{
    int32_t code = DAIS_OK;
    int64_t ignored;
    if (row->kind == DAIS_KIND_UUID)
        code = check_uuid(reader, place, &text);
    else if (row->kind == DAIS_KIND_ENUM)
        code = check_choice(reader, place, row, text);
    else if (row->kind == DAIS_KIND_TIME && clock_parse_rfc3339(text, &ignored) != DAIS_OK)
        code = shape_fail(reader, place, "must be %s", shape_kind_prose(row->kind));
    else if (row->kind == DAIS_KIND_EMAIL && !is_email(text))
        code = shape_fail(reader, place, "must be an e-mail address");
    else if (row->kind == DAIS_KIND_STRING || row->kind == DAIS_KIND_EMAIL)
        code = check_length(reader, place, row, text);
    if (code == DAIS_OK)
        *ret_member = text;
    return code;
}

int32_t shape_row_int(struct shape_reader *reader, const struct shape_place *place,
                      const struct dais_field *row, int64_t number, int64_t *ret_member)
{
    int64_t min;
    int64_t max;
    shape_row_bounds(row, &min, &max);
    if (number < min && max == INT64_MAX)
        return shape_fail(reader, place, "must be at least %" PRId64 ", is %" PRId64, min, number);
    if (number < min || number > max)
        return shape_fail(reader, place, "must be from %" PRId64 " to %" PRId64 ", is %" PRId64,
                          min, max, number);
    *ret_member = number;
    return DAIS_OK;
}

int32_t shape_row_number(struct shape_reader *reader, const struct shape_place *place,
                         const struct dais_field *row, double number, double *ret_member)
{
    int64_t min;
    int64_t max;
    shape_row_bounds(row, &min, &max);
    if ((min != INT64_MIN && number < (double)min) || (max != INT64_MAX && number > (double)max))
        return shape_fail(reader, place, "must be from %" PRId64 " to %" PRId64 ", is %g", min, max,
                          number);
    *ret_member = number;
    return DAIS_OK;
}
