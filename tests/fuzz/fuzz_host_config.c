/* SPDX-License-Identifier: MIT */
/* Any text as a configuration: a tree whose lines rise and whose section is read or refused. */
#include "base/arena.h"
#include "base/check.h"
#include "dais/field.h"
#include "host/report.h"
#include "host/section.h"
#include "host/tree.h"

#define ARENA_BYTES_MAX (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct inner {
    uint64_t present;
    struct dais_str name;
    int64_t size;
};

struct outer {
    uint64_t present;
    struct dais_str text;
    int64_t number;
    uint8_t flag;
    struct dais_list words;
    struct dais_list things;
    struct inner thing;
};

static const struct dais_field inner_fields[] = {
    DAIS_FIELD(struct inner, name, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 20, "A name"),
    DAIS_FIELD(struct inner, size, DAIS_KIND_INT, 0, 0, 100, "A size"),
    DAIS_FIELD_END,
};
static const struct dais_shape inner_shape = DAIS_SHAPE("Inner", struct inner, inner_fields);

static const struct dais_field outer_fields[] = {
    DAIS_FIELD_CONFIG(struct outer, text, DAIS_KIND_STRING, 1, 20, "abc", NULL, "A text"),
    DAIS_FIELD_CONFIG(struct outer, number, DAIS_KIND_INT, -5, 5, "1", NULL, "A number"),
    DAIS_FIELD_CONFIG(struct outer, flag, DAIS_KIND_BOOL, 0, 0, "true", NULL, "A flag"),
    DAIS_FIELD_CONFIG(struct outer, words, DAIS_KIND_LIST, 0, 4, NULL, NULL, "Some words"),
    DAIS_FIELD_NESTED("things", struct outer, things, DAIS_KIND_LIST, 0, 4, &inner_shape, "Things"),
    DAIS_FIELD_NESTED("thing", struct outer, thing, DAIS_KIND_OBJECT, 0, 0, &inner_shape, "One"),
    DAIS_FIELD_END,
};
static const struct dais_shape outer_shape = DAIS_SHAPE("Outer", struct outer, outer_fields);

/** Depth is bounded by TREE_DEPTH_MAX. */
static uint32_t walk(const struct tree_node *node, uint32_t line)
{
    uint32_t count = 0;
    CHECK(node->line >= line);
    for (const struct tree_node *child = node->first; child; child = child->next) {
        CHECK((node->kind == TREE_MAP) == (child->key.ptr != NULL));
        CHECK(!child->key.ptr || child->key_line >= node->line);
        line = walk(child, node->line);
        count++;
    }
    CHECK(count == node->count && (count == 0 || node->kind >= TREE_LIST));
    CHECK(node->kind != TREE_SCALAR || node->text.ptr[node->text.len] == '\0');
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dais_arena arena;
    struct outer outer;
    const struct tree_node *root;
    struct report *report = report_new();
    arena_init(&arena, ARENA_BYTES_MAX);
    if (tree_parse(&arena, "f", dais_str((const char *)data, size), report, &root) == DAIS_OK) {
        struct section section = {
            .file = "f", .path = "", .node = root, .arena = &arena, .report = report};
        walk(root, 1);
        uint32_t before = report_count(report);
        int32_t error = section_read(&section, &outer_shape, &outer);
        CHECK(error == DAIS_E_MEMORY || error == DAIS_E_LIMIT ||
              (error != DAIS_OK) == (report_count(report) > before));
        CHECK(error || (outer.number >= -5 && outer.number <= 5));
    } else {
        CHECK(report_count(report) > 0);
    }
    arena_reset(&arena);
    report_free(report);
    return 0;
}
