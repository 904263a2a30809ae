/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Verbs of the command `dais`: the core's own and those of plugins (dais.cli/1), found by their
 * words and run on a fiber with arguments that their field table has accepted.
 */
#include "base/str.h"
#include "dais/cli.h"

struct json;
struct plugin;

/** Longest text that a verb prints. */
#define VERB_TEXT_BYTES_MAX (2u << 20)
#define VERB_MESSAGE_BYTES_MAX 512u

/** One call. Made by verb_run; plugins see it as opaque. */
struct dais_cli {
    struct strbuf text; /**< what was printed */
    char message[VERB_MESSAGE_BYTES_MAX];
};

/** A verb and whose it is. */
struct verb_info {
    const struct dais_verb *verb;
    const struct plugin *plugin; /**< NULL: the core */
};

/** Visits all verbs: start with `*cursor` 0; 0 at the end. [worker 0, or while nothing runs] */
int verb_next(uint32_t *cursor, struct verb_info *ret_info);

/**
 * [fiber] [suspends] Runs the verb `words` with the JSON object `args` (or NULL) and returns what
 * it returned. Text and message are in `cli`, which the caller has zeroed and whose `text` it has
 * made.
 */
DAIS_CHECK_RESULT int32_t verb_run(struct dais_cli *cli, struct dais_str words,
                                   const struct json *args);
