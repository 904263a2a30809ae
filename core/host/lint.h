/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What is wrong with a plugin's file, in words: for `dais plugin lint`, and for the host, which
 * refuses to load a file with any of these. Nothing of the file is executed (elf.h).
 */
#include "base/str.h"
#include "dais/error.h"
#include "host/elf.h"

#include <stdbool.h>

#define LINT_TEXT_BYTES 320u

/** The first thing that keeps the file from being loaded beside other generations, or false. */
bool lint_first(const struct elf_info *info, char ret_text[LINT_TEXT_BYTES]);

/**
 * Looks at the file `path` and adds one line for each finding, "<path>: <finding>". Gives their
 * number in `ret_count`. DAIS_E_MEMORY. [blocks]
 */
DAIS_CHECK_RESULT int32_t lint_file(const char *path, struct strbuf *out, uint32_t *ret_count);
