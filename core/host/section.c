/* SPDX-License-Identifier: MIT */
#include "host/section.h"

#include "base/arena.h"
#include "base/json_write.h"
#include "base/shape.h"
#include "base/str.h"
#include "host/report.h"
#include "host/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Values of one section: a row with several texts is a list. */
#define SECTION_PAIRS_MAX 512u
/** Longest key that is compared with a misspelt one. */
#define NEAREST_BYTES_MAX 63u

static const struct dais_field *find_row(const struct dais_shape *shape, struct dais_str name)
{
    if (!shape)
        return NULL;
    const struct dais_field *row = shape->fields;
    while (row->name && !str_eqz(name, row->name))
        row++;
    return row->name ? row : NULL;
}

/** How many letters must be changed, added or left out to make `a` of `b` (Levenshtein). */
static uint32_t distance(const char *a, const char *b)
{
    uint32_t row[NEAREST_BYTES_MAX + 1];
    size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > NEAREST_BYTES_MAX || b_len > NEAREST_BYTES_MAX)
        return UINT32_MAX;
    for (uint32_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (uint32_t i = 1; i <= a_len; i++) {
        uint32_t diagonal = row[0];
        row[0] = i;
        for (uint32_t j = 1; j <= b_len; j++) {
            uint32_t change = diagonal + (a[i - 1] != b[j - 1]);
            uint32_t other = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < other ? change : other;
        }
    }
    return row[b_len];
}

/** The key that was probably meant, or NULL when nothing is near. */
static const char *nearest(const struct section *section, const struct dais_shape *shape,
                           const char *key)
{
    const char *best = NULL;
    uint32_t best_distance = (uint32_t)strlen(key) / 3 + 2;
    for (const struct dais_field *row = shape ? shape->fields : NULL; row && row->name; row++) {
        uint32_t d = distance(key, row->name);
        if (d < best_distance) {
            best = row->name;
            best_distance = d;
        }
    }
    for (const char *const *other = section->others; other && *other; other++) {
        uint32_t d = distance(key, *other);
        if (d < best_distance) {
            best = *other;
            best_distance = d;
        }
    }
    return best;
}

static int is_other(const struct section *section, struct dais_str key)
{
    const char *const *other = section->others;
    while (other && *other && !str_eqz(key, *other))
        other++;
    return other && *other;
}

static void report_unknown(const struct section *section, const struct dais_shape *shape,
                           const struct tree_node *child)
{
    const char *dot = *section->path ? "." : "";
    const char *meant = nearest(section, shape, child->key.ptr);
    if (meant)
        report_add(section->report, "%s:%u: unknown key '%s%s%s'; did you mean '%s'?",
                   section->file, child->key_line, section->path, dot, child->key.ptr, meant);
    else
        report_add(section->report, "%s:%u: unknown key '%s%s%s'", section->file, child->key_line,
                   section->path, dot, child->key.ptr);
}

void section_unknown_keys(const struct section *section, const struct dais_shape *shape)
{
    if (!section->node || section->node->kind != TREE_MAP)
        return;
    for (const struct tree_node *child = section->node->first; child; child = child->next)
        if (!find_row(shape, child->key) && !is_other(section, child->key))
            report_unknown(section, shape, child);
}

static void write_node(struct json_writer *json, const struct tree_node *node,
                       const struct dais_field *row, uint32_t depth);

/** A scalar as JSON: bare where the row wants a number or a boolean, so that its type is judged. */
static void write_scalar(struct json_writer *json, const struct tree_node *node,
                         const struct dais_field *row)
{
    double number;
    uint32_t kind = row ? row->kind : DAIS_KIND_STRING;
    int numeric = kind == DAIS_KIND_INT || kind == DAIS_KIND_NUMBER;
    int boolean = str_eqz(node->text, "true") || str_eqz(node->text, "false");
    if ((numeric && str_parse_double(node->text, &number) == DAIS_OK) ||
        (kind == DAIS_KIND_BOOL && boolean))
        json_add_raw(json, node->text);
    else
        json_add_string(json, node->text);
}

static void write_map(struct json_writer *json, const struct tree_node *node,
                      const struct dais_shape *shape, uint32_t depth)
{
    json_open_object(json);
    for (const struct tree_node *child = node->first; child; child = child->next) {
        json_key_str(json, child->key);
        write_node(json, child, find_row(shape, child->key), depth + 1);
    }
    json_close_object(json);
}

static void write_list(struct json_writer *json, const struct tree_node *node,
                       const struct dais_field *row, uint32_t depth)
{
    struct dais_field item = {.kind = DAIS_KIND_STRING};
    if (row && row->shape)
        item = (struct dais_field){.kind = DAIS_KIND_OBJECT, .shape = row->shape};
    json_open_array(json);
    for (const struct tree_node *child = node->first; child; child = child->next)
        write_node(json, child, &item, depth + 1);
    json_close_array(json);
}

/** Depth is bounded by TREE_DEPTH_MAX, which the parser kept. */
static void write_node(struct json_writer *json, const struct tree_node *node,
                       const struct dais_field *row, uint32_t depth)
{
    if (node->kind == TREE_MAP)
        write_map(json, node, row ? row->shape : NULL, depth);
    else if (node->kind == TREE_LIST)
        write_list(json, node, row, depth);
    else if (node->kind == TREE_SCALAR)
        write_scalar(json, node, row);
    else
        json_add_null(json);
}

struct pairs {
    struct shape_pair items[SECTION_PAIRS_MAX];
    uint32_t count;
};

static int32_t add_pair(struct pairs *pairs, const char *name, struct dais_str value)
{
    if (pairs->count == SECTION_PAIRS_MAX)
        return DAIS_E_LIMIT;
    pairs->items[pairs->count++] = (struct shape_pair){dais_cstr(name), value};
    return DAIS_OK;
}

/** A comma-separated variable is the list of its pieces. */
static int32_t add_variable(const struct dais_field *row, const char *value, struct pairs *pairs)
{
    if (row->kind != DAIS_KIND_LIST || row->shape)
        return add_pair(pairs, row->name, dais_cstr(value));
    struct dais_str rest = dais_cstr(value), piece;
    int32_t error = DAIS_OK;
    while (!error && str_split(&rest, ',', &piece))
        error = add_pair(pairs, row->name, str_trim(piece));
    return error;
}

static int32_t add_nested(const struct section *section, const struct dais_field *row,
                          const struct tree_node *node, struct pairs *pairs)
{
    struct strbuf out;
    struct json_writer json;
    strbuf_init_in(&out, section->arena, TREE_FILE_BYTES_MAX);
    json_write_init(&json, &out);
    write_node(&json, node, row, 0);
    if (strbuf_error(&out))
        return DAIS_E_MEMORY;
    return add_pair(pairs, row->name, strbuf_view(&out));
}

static int32_t add_node(const struct section *section, const struct dais_field *row,
                        const struct tree_node *node, struct pairs *pairs)
{
    if (node->kind == TREE_NULL)
        return DAIS_OK;
    int texts = row->kind == DAIS_KIND_LIST && !row->shape;
    if (node->kind == TREE_SCALAR)
        return add_pair(pairs, row->name, node->text);
    if (!texts || node->kind == TREE_MAP)
        return add_nested(section, row, node, pairs);
    int32_t error = DAIS_OK;
    for (const struct tree_node *item = node->first; item && !error; item = item->next)
        error = item->kind == TREE_SCALAR ? add_pair(pairs, row->name, item->text)
                                          : add_nested(section, row, item, pairs);
    return error;
}

static const char *variable(const struct dais_field *row)
{
    const char *value = row->env ? getenv(row->env) : NULL;
    return value && *value ? value : NULL;
}

/** The values of all rows: the environment's, else the file's. */
static int32_t collect(const struct section *section, const struct dais_shape *shape,
                       struct pairs *pairs)
{
    int32_t error = DAIS_OK;
    for (const struct dais_field *row = shape->fields; row->name && !error; row++) {
        const char *value = variable(row);
        const struct tree_node *node = tree_get(section->node, row->name);
        if (value)
            error = add_variable(row, value, pairs);
        else if (node)
            error = add_node(section, row, node, pairs);
    }
    return error;
}

/** The node at `path` ("tags[2]", "meta.size") or the nearest one above it. */
static const struct tree_node *locate(const struct tree_node *node, struct dais_str path)
{
    struct dais_str piece;
    while (node && str_split(&path, '.', &piece)) {
        int64_t bracket = str_find(piece, '[');
        struct dais_str name = bracket < 0 ? piece : str_sub(piece, 0, (uint64_t)bracket);
        const struct tree_node *child = node->kind == TREE_MAP ? node->first : NULL;
        while (child && !dais_str_eq(child->key, name))
            child = child->next;
        if (!child)
            return node;
        node = child;
    }
    return node;
}

static void report_value(const struct section *section, const struct dais_field *row,
                         const struct shape_error *error)
{
    const char *dot = *section->path && *error->field ? "." : "";
    if (row && variable(row)) {
        report_add(section->report, "environment variable %s: %s", row->env, error->detail);
        return;
    }
    const struct tree_node *node = locate(section->node, dais_cstr(error->field));
    if (node)
        report_add(section->report, "%s:%u: %s%s%s: %s", section->file, node->line, section->path,
                   dot, error->field, error->detail);
    else
        report_add(section->report, "%s: %s%s%s: %s", section->file, section->path, dot,
                   error->field, error->detail);
}

/** The name of the row in the path of a field. */
static struct dais_str row_name(const char *field)
{
    return dais_str(field, strcspn(field, ".["));
}

/** Takes all values of a row out, so that the rows behind it are looked at too; 0: there was none.
 */
static uint32_t drop(struct pairs *pairs, struct dais_str name)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < pairs->count; i++)
        if (!dais_str_eq(pairs->items[i].name, name))
            pairs->items[kept++] = pairs->items[i];
    uint32_t dropped = pairs->count - kept;
    pairs->count = kept;
    return dropped;
}

int32_t section_read(const struct section *section, const struct dais_shape *shape,
                     void *ret_struct)
{
    uint32_t before = report_count(section->report);
    if (section->node && section->node->kind != TREE_MAP && section->node->kind != TREE_NULL) {
        report_add(section->report, "%s:%u: %s must be a map of keys", section->file,
                   section->node->line, section->path);
        return DAIS_E_INVALID;
    }
    section_unknown_keys(section, shape);
    struct pairs *pairs = arena_alloc(section->arena, sizeof *pairs);
    if (!pairs)
        return DAIS_E_MEMORY;
    int32_t code = collect(section, shape, pairs);
    struct shape_error error;
    while (!code) {
        code = shape_read_pairs(shape, (struct shape_pairs){pairs->items, pairs->count},
                                section->arena, ret_struct, &error);
        if (code != DAIS_E_INVALID)
            break;
        struct dais_str name = row_name(error.field);
        report_value(section, find_row(shape, name), &error);
        code = drop(pairs, name) ? DAIS_OK : DAIS_E_INVALID;
    }
    return code ? code : (report_count(section->report) > before ? DAIS_E_INVALID : DAIS_OK);
}
