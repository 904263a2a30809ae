/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Small files of the data directory: read whole, written so that a reader sees the old contents or
 * the new ones. All functions block and may be called on any thread but a worker; `errno` tells
 * more about a failure.
 */
#include "dais/error.h"
#include "dais/types.h"

#include <stdint.h>
#include <sys/types.h>

/**
 * The contents of a regular file in a new block (mem_free), NUL-terminated behind its length.
 * DAIS_E_NOT_FOUND, DAIS_E_TOO_LARGE (errno EFBIG), DAIS_E_MEMORY, else from errno.
 */
DAIS_CHECK_RESULT int32_t files_read(const char *path, uint64_t bytes_max, struct dais_str *ret);

/** Writes `bytes` under a new inode and renames it to `path`, after fsync. */
DAIS_CHECK_RESULT int32_t files_replace(const char *path, struct dais_str bytes, mode_t mode);

/** As files_replace, without fsync: for what is compared or made anew after the power failed. */
DAIS_CHECK_RESULT int32_t files_replace_fast(const char *path, struct dais_str bytes, mode_t mode);

/** Makes the folder and those above it that are missing. */
DAIS_CHECK_RESULT int32_t files_make_folder(const char *path, mode_t mode);

/** Makes an existing file the newest of its folder, for files_prune. Failures are ignored. */
void files_touch(const char *path);

/** Removes the oldest files of the folder until `kept` are left. Failures are ignored. */
void files_prune(const char *folder, uint32_t kept);
