/* SPDX-License-Identifier: MIT */
#pragma once
/* Asking for a secret: at the terminal without echo, or one line of an input that is no terminal.
 */
#include "dais/error.h"

#include <stdint.h>

/** Longest secret, its NUL included. */
#define PROMPT_BYTES 1024u

/**
 * Asks for `name` and reads one line into `ret_secret`, without its end. At a terminal it is asked
 * twice. DAIS_E_INVALID when there is none, it is empty or too long, or the two differ; the reason
 * was printed. Blocks.
 */
DAIS_CHECK_RESULT int32_t prompt_secret(const char *name, char ret_secret[PROMPT_BYTES]);
