/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Arguments of a verb, read by its field table: positional fields in their order, others as `--name
 * value`,
 * `--name=value` or, for flags, `--name`; after `--` everything is positional. Names are matched
 * without regard to `_`, `-` and capitals (`--display-name` for displayName). Secrets are never
 * taken from the command line, where other users could read them.
 *
 * Of the values only choices are checked here, before anybody is asked for a password: all rules
 * hold where the verb runs. Pure functions.
 */
#include "base/str.h"

#define ARGS_FIELDS_MAX 64u
#define ARGS_MESSAGE_BYTES 256u

/** One field of a verb. */
struct args_field {
    const char *name;
    const char *prose;    /**< one line for the usage */
    const char *env;      /**< variable that gives the value when no argument does; NULL for none */
    const char *fallback; /**< default as text, for the usage; NULL for none */
    const char *choices;  /**< "admin, viewer": no other value; NULL for any */
    bool positional;
    bool required;
    bool secret;
    bool flag; /**< takes no value */
};

/** A verb and its fields. */
struct args_verb {
    const char *words; /**< "user add" */
    const char *summary;
    const struct args_field *fields;
    uint32_t count; /**< of fields, at most ARGS_FIELDS_MAX */
};

/** What was given, by the index of the field; NULL for absent, "true" for a flag. */
struct args {
    const char *values[ARGS_FIELDS_MAX];
};

/** How many of `words` the verb's name takes, or 0 when they don't begin with it. */
uint32_t args_match(const char *name, const char *const *words, uint32_t count);

/**
 * Sorts `words` (those behind the verb's name) to its fields; values point into `words` and the
 * environment. DAIS_E_INVALID with one line in `message`. A required secret that is nowhere is left
 * absent: it is to be asked for.
 */
DAIS_CHECK_RESULT int32_t args_parse(const struct args_verb *verb, const char *const *words,
                                     uint32_t count, struct args *ret_args,
                                     char message[ARGS_MESSAGE_BYTES]);

/** Appends how the verb is called and what its fields mean. */
void args_usage(const struct args_verb *verb, struct strbuf *out);

/** How many letters must change to turn `a` into `b`, a transposition counting once; long texts:
 * UINT32_MAX. */
uint32_t args_distance(const char *a, const char *b);
