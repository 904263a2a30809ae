/* SPDX-License-Identifier: MIT */
#pragma once
/* The verb `dais log level [LEVEL] [--plugin NAME]`, a row of verbs.c. */
#include "dais/cli.h"

/** The input of the verb. */
extern const struct dais_shape log_verb_shape;

/**
 * As dais_verb.run: sets the level of the server process, or of one plugin, until it ends or
 * another one is set; without LEVEL it prints what is in force. [fiber]
 */
int32_t log_verb_level(struct dais_cli *cli, const void *input);
