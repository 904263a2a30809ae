/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The value of an operation on its way: from the owner's struct into the struct of each hook, back
 * again, and through the outbox as JSON.
 *
 * Owner and hook describe their structs by shapes of their own; a map pairs the rows that both have
 * by name. It is made once, when hooks are attached, and used at each run. A text or a list is
 * given when it points somewhere, a number or boolean when its row is REQUIRED or its bit in
 * `present` is set. Pure functions, on any thread.
 */
#include "base/shape.h"

#define VALUE_PROBLEM_BYTES_MAX 256u

/** One row that both shapes have. */
struct value_pair {
    const struct dais_field *outer; /* the operation's */
    const struct dais_field *inner; /* the hook's */
    uint32_t outer_index;
    uint32_t inner_index;
};

/** How a value travels into one hook and back. */
struct value_map {
    const struct dais_shape *inner; /* NULL: the hook takes no value */
    const struct value_pair *pairs;
    uint32_t count;
};

/** Whether `shape` can travel: flat, no secrets, room for `present`. DAIS_E_INVALID. */
DAIS_CHECK_RESULT int32_t value_check(const struct dais_shape *shape,
                                      char ret_problem[VALUE_PROBLEM_BYTES_MAX]);

/**
 * Pairs the rows of `inner` (may be NULL) with those of `outer`. DAIS_E_INVALID after filling
 * `ret_problem`: a kind differs, or a required row is missing. DAIS_E_MEMORY.
 */
DAIS_CHECK_RESULT int32_t value_map(const struct dais_shape *outer, const struct dais_shape *inner,
                                    struct dais_arena *arena, struct value_map *ret_map,
                                    char ret_problem[VALUE_PROBLEM_BYTES_MAX]);

/** A new inner struct in `arena`, filled from `outer`. DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t value_enter(const struct value_map *map, const void *outer,
                                      struct dais_arena *arena, void **ret_inner);

/**
 * Takes what changed in `inner` back into `outer`, all or nothing. DAIS_E_INVALID after filling
 * `ret_error`: a FIXED row was changed, or a row breaks the operation's bounds. DAIS_E_MEMORY.
 */
DAIS_CHECK_RESULT int32_t value_leave(const struct value_map *map, const void *inner,
                                      struct dais_arena *arena, void *outer,
                                      struct shape_error *ret_error);

/** Appends the rows that are given as a JSON object. */
void value_write(const struct dais_shape *shape, const void *value, struct strbuf *out);

/**
 * Reads such an object into a new struct of `inner`, by the names that are still there; what is
 * missing stays absent. DAIS_E_INVALID after filling `ret_problem`: no JSON, or a required row is
 * missing or of another kind. DAIS_E_MEMORY.
 */
DAIS_CHECK_RESULT int32_t value_read(const struct dais_shape *inner, struct dais_str json,
                                     struct dais_arena *arena, void **ret_inner,
                                     char ret_problem[VALUE_PROBLEM_BYTES_MAX]);

/** Whether `shape` has a row called `name` by whose text things can be ordered. */
bool value_can_order(const struct dais_shape *shape, const char *name);

/** The text of the row called `name`; absent for NULL and for what is no text. */
struct dais_str value_text(const struct dais_shape *shape, const char *name, const void *value);
