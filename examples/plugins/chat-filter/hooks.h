/* SPDX-License-Identifier: MIT */
#pragma once
/* What is done to chat's operations. */
#include "dais/hooks.h"

/** Most words and replacements of the configuration. */
#define HOOKS_WORDS_MAX 100

/** The configuration. */
struct hooks_config {
    uint64_t present;
    struct dais_list words;        /**< of struct dais_str */
    struct dais_list replacements; /**< of struct dais_str: "teh=the" */
};

extern const struct dais_hook hooks_table[];

/** [setup] Takes over the configuration, whose texts stay where they are. DAIS_E_INVALID: a
 * replacement has not the form; it was logged. */
DAIS_CHECK_RESULT int32_t hooks_configure(const struct hooks_config *config);
