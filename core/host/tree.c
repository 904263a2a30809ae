/* SPDX-License-Identifier: MIT */
#include "host/tree.h"

#include "base/arena.h"
#include "host/report.h"

#include <string.h>
#include <yaml.h>

/** The collection that is being filled. */
struct level {
    struct tree_node *node;
    struct tree_node *last; /**< its newest child */
    struct dais_str key;    /**< read, its value is awaited; absent otherwise */
    uint32_t key_line;
};

struct builder {
    struct dais_arena *arena;
    const char *file;
    struct report *report;
    struct tree_node *root;
    uint32_t nodes;
    uint32_t depth;
    struct level levels[TREE_DEPTH_MAX];
};

static int32_t refuse(struct builder *builder, uint64_t line, const char *what)
{
    report_add(builder->report, "%s:%u: %s", builder->file, (unsigned)line, what);
    return DAIS_E_INVALID;
}

static const struct tree_node *find(const struct tree_node *map, struct dais_str key)
{
    const struct tree_node *child = map->first;
    while (child && !dais_str_eq(child->key, key))
        child = child->next;
    return child;
}

const struct tree_node *tree_get(const struct tree_node *map, const char *key)
{
    return map && map->kind == TREE_MAP ? find(map, dais_cstr(key)) : NULL;
}

/** Hangs `node` into the open collection, or makes it the root. */
static void hang(struct builder *builder, struct tree_node *node)
{
    if (builder->depth == 0) {
        builder->root = node;
        return;
    }
    struct level *level = &builder->levels[builder->depth - 1];
    node->key = level->key;
    node->key_line = level->key_line;
    level->key = dais_str(NULL, 0);
    if (level->last)
        level->last->next = node;
    else
        level->node->first = node;
    level->last = node;
    level->node->count++;
}

static int32_t add(struct builder *builder, enum tree_kind kind, uint32_t line,
                   struct tree_node **ret_node)
{
    if (builder->nodes++ == TREE_NODES_MAX)
        return refuse(builder, line, "the file has too many values");
    struct tree_node *node = arena_alloc(builder->arena, sizeof *node);
    if (!node)
        return DAIS_E_MEMORY;
    node->kind = kind;
    node->line = line;
    hang(builder, node);
    *ret_node = node;
    return DAIS_OK;
}

/** Whether the next scalar is a key of the open map. */
static int awaits_key(const struct builder *builder)
{
    if (builder->depth == 0)
        return 0;
    const struct level *level = &builder->levels[builder->depth - 1];
    return level->node->kind == TREE_MAP && !level->key.ptr;
}

static int32_t take_key(struct builder *builder, struct dais_str text, uint32_t line)
{
    struct level *level = &builder->levels[builder->depth - 1];
    const struct tree_node *twin = find(level->node, text);
    if (twin) {
        report_add(builder->report, "%s:%u: the key '%s' stands on line %u already", builder->file,
                   line, text.ptr, twin->key_line);
        return DAIS_E_INVALID;
    }
    level->key = text;
    level->key_line = line;
    return DAIS_OK;
}

static int is_null(const yaml_event_t *event, struct dais_str text)
{
    return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (text.len == 0 || dais_str_eq(text, dais_cstr("~")) ||
            dais_str_eq(text, dais_cstr("null")));
}

static int32_t take_scalar(struct builder *builder, const yaml_event_t *event, uint32_t line)
{
    struct dais_str raw = dais_str((const char *)event->data.scalar.value,
                                   event->data.scalar.length);
    if (event->data.scalar.anchor ||
        (event->data.scalar.tag && !event->data.scalar.quoted_implicit))
        return refuse(builder, line, "anchors and tags are not supported");
    if (memchr(raw.ptr, 0, raw.len))
        return refuse(builder, line, "a text contains a NUL character");
    struct dais_str text = arena_dup(builder->arena, raw);
    if (!text.ptr)
        return DAIS_E_MEMORY;
    if (awaits_key(builder))
        return take_key(builder, text, line);
    struct tree_node *node;
    int32_t error = add(builder, is_null(event, raw) ? TREE_NULL : TREE_SCALAR, line, &node);
    if (!error && node->kind == TREE_SCALAR)
        node->text = text;
    return error;
}

static int32_t open_level(struct builder *builder, enum tree_kind kind, uint32_t line)
{
    if (awaits_key(builder))
        return refuse(builder, line, "a key must be a plain text");
    if (builder->depth == TREE_DEPTH_MAX)
        return refuse(builder, line, "the file is nested too deeply");
    struct tree_node *node;
    int32_t error = add(builder, kind, line, &node);
    if (error)
        return error;
    builder->levels[builder->depth++] = (struct level){.node = node};
    return DAIS_OK;
}

static int32_t take(struct builder *builder, const yaml_event_t *event)
{
    uint32_t line = (uint32_t)event->start_mark.line + 1;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return take_scalar(builder, event, line);
    case YAML_SEQUENCE_START_EVENT:
        if (event->data.sequence_start.anchor || event->data.sequence_start.tag)
            return refuse(builder, line, "anchors and tags are not supported");
        return open_level(builder, TREE_LIST, line);
    case YAML_MAPPING_START_EVENT:
        if (event->data.mapping_start.anchor || event->data.mapping_start.tag)
            return refuse(builder, line, "anchors and tags are not supported");
        return open_level(builder, TREE_MAP, line);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        builder->depth--;
        return DAIS_OK;
    case YAML_ALIAS_EVENT:
        return refuse(builder, line, "aliases are not supported");
    case YAML_DOCUMENT_START_EVENT:
        return builder->root ? refuse(builder, line, "a second document begins here") : DAIS_OK;
    default:
        return DAIS_OK;
    }
}

/** Feeds all events of the parser to the builder. */
static int32_t run(struct builder *builder, yaml_parser_t *parser)
{
    int done = 0;
    while (!done) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            const char *problem = parser->problem ? parser->problem : "cannot be read";
            return refuse(builder, parser->problem_mark.line + 1, problem);
        }
        done = event.type == YAML_STREAM_END_EVENT;
        int32_t error = take(builder, &event);
        yaml_event_delete(&event);
        if (error)
            return error;
    }
    return DAIS_OK;
}

int32_t tree_parse(struct dais_arena *arena, const char *file, struct dais_str text,
                   struct report *report, const struct tree_node **ret_root)
{
    static const struct tree_node nothing = {.kind = TREE_NULL, .line = 1};
    struct builder builder = {.arena = arena, .file = file, .report = report};
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return DAIS_E_MEMORY;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.ptr, text.len);
    int32_t error = run(&builder, &parser);
    yaml_parser_delete(&parser);
    if (error)
        return error;
    *ret_root = builder.root ? builder.root : &nothing;
    return DAIS_OK;
}
