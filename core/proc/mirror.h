/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Copies of files and folders that are kept equal to their originals: what has the same size and
 * time of change isn't copied again, and what is gone from the original goes from the copy. Each
 * file is replaced whole (made beside and renamed), so that a process that has the old one mapped
 * keeps it. Symbolic links are followed, other kinds of entries skipped. Everything blocks.
 */
#include "dais/error.h"

#include <stdint.h>

/** Folders inside folders. */
#define MIRROR_DEPTH_MAX 16u

/** Makes `to` equal to the file `from`, with its mode. DAIS_E_UNAVAILABLE; errno says why. */
DAIS_CHECK_RESULT int32_t mirror_file(const char *from, const char *to);

/** Makes the folder `to`, whose parent exists, equal to the folder `from`. DAIS_E_UNAVAILABLE,
 * errno. */
DAIS_CHECK_RESULT int32_t mirror_folder(const char *from, const char *to);

/** Removes the copy `path` with all that is in it, as far as it can. */
void mirror_remove(const char *path);
