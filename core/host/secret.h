/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Secrets: keys that must outlive the process and must not stand in the configuration.
 *
 * The environment wins: base64 of exactly the wanted length is taken as it is, any other text of at
 * least SECRET_TEXT_BYTES_MIN characters is hashed to it. Without one, and only with the embedded
 * database, the key is kept in <data>/secrets/<owner>.<name>, 0600, made on first use: a second
 * node beside an external database would make another one. Keys are never logged.
 */
#include "dais/error.h"
#include "dais/types.h"

#include <stdint.h>

/** A shorter text can be guessed. */
#define SECRET_TEXT_BYTES_MIN 32u
#define SECRET_BYTES_MIN 16u
#define SECRET_BYTES_MAX 64u
#define SECRET_PROBLEM_BYTES 256u

/** Which secret, and where it may come from. */
struct secret_request {
    const char *data_dir; /**< absolute */
    const char *owner;    /**< id of the plugin */
    const char *name;     /**< [a-z0-9_-]+ */
    const char *env;      /**< variable, or NULL */
    uint32_t bytes;       /**< SECRET_BYTES_MIN to SECRET_BYTES_MAX */
    uint8_t generate;     /**< 1: may be kept in a file, and made there */
};

/**
 * Writes the key of `request->bytes` to `ret_key`. DAIS_E_INVALID, or the error of the file, after
 * a line for the operator was written to `problem` (SECRET_PROBLEM_BYTES). [main thread, blocks]
 */
DAIS_CHECK_RESULT int32_t secret_get(const struct secret_request *request, uint8_t *ret_key,
                                     char *problem);
