/* SPDX-License-Identifier: MIT */
#pragma once
/* The plugin's verbs of the command `dais`. */
#include "dais/cli.h"

extern const struct dais_shape verbs_test_shape;

/** [fiber] [suspends] `dais mail test ADDRESS`: queues a letter that says that letters arrive. */
int32_t verbs_test(struct dais_cli *cli, const void *input);
