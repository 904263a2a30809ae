/* SPDX-License-Identifier: MIT */
#pragma once
/* Finds out which member of a JSON text an offset lies in, so that an error has a name. */
#include "dais/types.h"

#include <stddef.h>

/**
 * Writes the path of the member that the byte at `offset` of `text` belongs to, "tags[2]" or
 * "meta.size", into `bytes` of `ret_path`; "" when it has none that can be written. The text need
 * not be valid. Pure.
 */
void json_place(struct dais_str text, uint64_t offset, char *ret_path, size_t bytes);
