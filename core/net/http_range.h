/* SPDX-License-Identifier: MIT */
#pragma once
/* Byte ranges of an answer (RFC 9110 §14). Pure functions. */
#include "dais/error.h"
#include "dais/types.h"

/** Bytes `first` to `last`, both included. */
struct http_range {
    uint64_t first;
    uint64_t last;
};

/**
 * Reads a Range header for a body of `total` bytes. 1: `ret_range` is what to send (206) · 0: send
 * all of it, because the header is absent, has another unit, several ranges, or is malformed ·
 * DAIS_E_RANGE: the range lies outside (416).
 */
DAIS_CHECK_RESULT int32_t http_range_parse(struct dais_str header, uint64_t total,
                                           struct http_range *ret_range);
