/* SPDX-License-Identifier: MIT */
#include "host/report.h"

#include "base/check.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

struct report {
    uint32_t count; /* the dropped lines included */
    char lines[REPORT_LINES_MAX][REPORT_LINE_BYTES_MAX];
};

struct report *report_new(void)
{
    struct report *report = mem_zalloc(1, sizeof *report);
    CHECK_MSG(report != NULL, "no memory for the list of problems");
    return report;
}

void report_free(struct report *report)
{
    mem_free(report);
}

void report_add(struct report *report, const char *format, ...)
{
    if (report->count < REPORT_LINES_MAX) {
        va_list args;
        va_start(args, format);
        vsnprintf(report->lines[report->count], REPORT_LINE_BYTES_MAX, format, args);
        va_end(args);
    }
    report->count++;
}

uint32_t report_count(const struct report *report)
{
    return report->count;
}

const char *report_line(const struct report *report, uint32_t index)
{
    uint32_t kept = report->count < REPORT_LINES_MAX ? report->count : REPORT_LINES_MAX;
    return index < kept ? report->lines[index] : NULL;
}
