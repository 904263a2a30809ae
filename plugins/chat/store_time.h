/* SPDX-License-Identifier: MIT */
#pragma once
/* Times inside of ids and answers: pure functions on text. */
#include "dais/types.h"

/** Bytes of a time as answers write it, with its NUL: 2026-01-31T23:59:59.999Z */
#define STORE_TIME_BYTES 25u
/** Bytes of an id with its NUL. */
#define STORE_TIME_ID_BYTES 37u

/** The time of an id of version 7 (RFC 9562 §5.7), Unix milliseconds; 0 for text that is no id. */
int64_t store_time_of_id(struct dais_str id);

/** The least id of version 7 of that time, and its NUL. `ret_id` has STORE_TIME_ID_BYTES. */
void store_time_id(int64_t unix_ms, char *ret_id);

/** A time as RFC 3339, UTC, milliseconds, and its NUL; `ret_text` has STORE_TIME_BYTES. */
void store_time_text(int64_t unix_ms, char *ret_text);
