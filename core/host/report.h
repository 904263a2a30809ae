/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The problems found while reading the configuration and loading plugins, one line of text each.
 *
 * Reading goes on after a problem, so that whoever edits the file sees all of them at once. A
 * report belongs to its maker; `dais check` prints it, a start that fails prints it and exits.
 */
#include <stdint.h>

#define REPORT_LINES_MAX 64u
#define REPORT_LINE_BYTES_MAX 512u

struct report;

/** An empty report; never NULL. [any thread, one at a time] */
struct report *report_new(void);

/** Frees the report and its lines; NULL is ignored. */
void report_free(struct report *report);

/** Adds one line; past REPORT_LINES_MAX it is only counted, past REPORT_LINE_BYTES_MAX it is cut.
 */
__attribute__((format(printf, 2, 3))) void report_add(struct report *report, const char *format,
                                                      ...);

/** How many lines were added, the dropped ones included. */
uint32_t report_count(const struct report *report);

/** The line `index`, valid until the report is freed; NULL past the kept lines. */
const char *report_line(const struct report *report, uint32_t index);
