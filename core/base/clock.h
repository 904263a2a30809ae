/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Time. Monotonic time for durations and deadlines, wall time (Unix) for what people and other
 * machines see. The tick functions cost no system call: a worker forgets the time at each turn of
 * its loop and the first to ask takes it, so it is constant within a turn. On other threads they
 * give the time now.
 */
#include "dais/error.h"
#include "dais/types.h"

/** Monotonic time now, in nanoseconds, microseconds, milliseconds. */
uint64_t clock_ns(void);
uint64_t clock_us(void);
uint64_t clock_ms(void);

/** Unix time now, in milliseconds, nanoseconds. */
int64_t clock_unix_ms(void);
int64_t clock_unix_ns(void);

/** CPU time that this thread has used, in nanoseconds; a system call. */
uint64_t clock_thread_ns(void);

/** Makes the next tick function of this thread take the time; the thread has ticks from now on. */
void clock_tick_expire(void);

/** Monotonic and Unix time of this turn. */
uint64_t clock_tick_ms(void);
int64_t clock_tick_unix_ms(void);

/** Bytes of "2026-01-31T23:59:59.123Z" with its NUL. */
#define CLOCK_RFC3339_BYTES 25u

/** Writes a Unix time as RFC 3339 in UTC with milliseconds; years 0000 to 9999, others are clamped.
 */
void clock_format_rfc3339(int64_t unix_ms, char ret_text[CLOCK_RFC3339_BYTES]);

/** Bytes of "Sun, 06 Nov 1994 08:49:37 GMT" with its NUL. */
#define CLOCK_HTTP_BYTES 30u

/** Writes a Unix time as an HTTP date (RFC 9110 §5.6.7). */
void clock_format_http(int64_t unix_ms, char ret_text[CLOCK_HTTP_BYTES]);

/** Reads RFC 3339 with a zone; digits past the millisecond are dropped. DAIS_E_INVALID. */
DAIS_CHECK_RESULT int32_t clock_parse_rfc3339(struct dais_str text, int64_t *ret_unix_ms);
