/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Reads one map of the configuration into a plain struct by its field table.
 *
 * Every key must be a row of the table; the environment variable of a row wins over the file, the
 * row's fallback stands in when neither gives it. All problems of the section are reported, each
 * with its line and, for a misspelt key, the nearest key that exists.
 */
#include "dais/error.h"
#include "dais/field.h"
#include "dais/mem.h"

#include <stdint.h>

struct report;
struct tree_node;

/** Longest key with its dots: "plugins.auth.token_ttl_s". */
#define SECTION_PATH_BYTES_MAX 256u

/** Where the values come from and where problems go. */
struct section {
    const char *file;             /**< names the file in messages */
    const char *path;             /**< of the map in the file: "plugins.auth"; "" at the top */
    const struct tree_node *node; /**< the map; NULL or TREE_NULL when it is not there */
    const char *const *others;    /**< keys that somebody else reads; ends with NULL, or NULL */
    struct dais_arena *arena;     /**< owns what is read */
    struct report *report;
};

/**
 * Reads the section into `ret_struct`. DAIS_E_INVALID after all problems were reported (the struct
 * is then undefined), DAIS_E_MEMORY.
 */
DAIS_CHECK_RESULT int32_t section_read(const struct section *section,
                                       const struct dais_shape *shape, void *ret_struct);

/** Reports each key of the map that is neither a row of `shape` (may be NULL) nor among `others`.
 */
void section_unknown_keys(const struct section *section, const struct dais_shape *shape);
