/* SPDX-License-Identifier: MIT */
#pragma once
/* `dais user …`: what an operator does to accounts at the machine itself. */
#include "dais/cli.h"

extern const struct dais_verb verbs_table[];
