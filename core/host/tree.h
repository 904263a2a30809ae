/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A YAML document as a tree in which every node knows its line.
 *
 * The subset is that of a configuration: maps with text keys, lists, scalars. Anchors, aliases and
 * tags are refused, since a key should mean what stands beside it. The tree and its texts live in
 * the arena given to `tree_parse`; texts are NUL-terminated behind their length.
 */
#include "dais/error.h"
#include "dais/mem.h"
#include "dais/types.h"

#include <stdint.h>

struct report;

#define TREE_DEPTH_MAX 16u
#define TREE_NODES_MAX 20000u
#define TREE_FILE_BYTES_MAX (1u << 20)

enum tree_kind { TREE_NULL = 0, TREE_SCALAR = 1, TREE_LIST = 2, TREE_MAP = 3 };

/** One value. Children hang together by `next`, in the order of the file. */
struct tree_node {
    enum tree_kind kind;
    uint32_t line;        /**< of the value, from 1 */
    uint32_t key_line;    /**< of the key, in a map */
    uint32_t count;       /**< of children */
    struct dais_str key;  /**< absent unless the parent is a map */
    struct dais_str text; /**< of a scalar */
    const struct tree_node *first;
    const struct tree_node *next;
};

/**
 * Parses `text`; `file` names it in messages. An empty document is a TREE_NULL. DAIS_E_INVALID
 * after the problem was added to `report`, DAIS_E_MEMORY when the arena is full.
 */
DAIS_CHECK_RESULT int32_t tree_parse(struct dais_arena *arena, const char *file,
                                     struct dais_str text, struct report *report,
                                     const struct tree_node **ret_root);

/** The child `key` of a map; NULL when there is none, or `map` is NULL or no map. */
const struct tree_node *tree_get(const struct tree_node *map, const char *key);
