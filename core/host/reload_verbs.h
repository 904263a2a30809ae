/* SPDX-License-Identifier: MIT */
#pragma once
/* The verbs `dais plugin reload NAME` and `dais plugin reload --all`, rows of verbs.c. [fiber] */
#include "dais/cli.h"

extern const struct dais_shape reload_verb_shape;

/** As dais_verb.run: one plugin, and all of them in the order of the configuration. */
int32_t reload_verb_one(struct dais_cli *cli, const void *input);
int32_t reload_verb_all(struct dais_cli *cli, const void *input);
