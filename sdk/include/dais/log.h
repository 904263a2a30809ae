/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.log/1: structured log lines. The host adds time, plugin, request id and worker. Never log a
 * key, token or password. Values are quoted and escaped by the host.
 */
#include "dais/abi.h"

#include <stdarg.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

enum dais_log_level { DAIS_DEBUG = 0, DAIS_INFO = 1, DAIS_WARN = 2, DAIS_ERROR = 3 };

/** One named value of a log line. */
struct dais_log_value {
    const char *name;
    struct dais_str value;
};

struct dais_log_v1 {
    /** [any] Whether lines of this level are written now; cheap. */
    uint32_t (*enabled)(uint32_t level);
    /** [any] Writes one line: an event in a few words and `count` values. */
    void (*write)(uint32_t level, struct dais_str event, const struct dais_log_value *values,
                  uint32_t count);
};

DAIS_SLOT const struct dais_log_v1 *dais_log;
#define DAIS_NEED_LOG DAIS_NEED(log, "dais.log/1", 0)

/** [any] A line whose event is formatted like printf, cut at 512 bytes. */
__attribute__((format(printf, 2, 3))) static inline void dais_logf(uint32_t level,
                                                                   const char *format, ...)
{
    char text[512];
    if (!dais_log->enabled(level))
        return;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len < 0)
        return;
    uint64_t bytes = (uint64_t)len < sizeof text ? (uint64_t)len : sizeof text - 1;
    dais_log->write(level, dais_str(text, bytes), NULL, 0);
}

#ifdef __cplusplus
}
#endif
