/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The log: one line per event on standard error, as logfmt or JSON, written with one write(2).
 *
 *     LOG_WARN("request refused", log_text("field", "email"), log_code(code));
 *
 * An event is a constant phrase; what varies goes into fields. Time, level, worker, and plugin,
 * generation and request id of the mark (owner.h) are added here. A phrase that comes too often
 * (limit log_lines_per_second) is suppressed and counted in its next line. Never log a key, token
 * or password. Any thread.
 */
#include "dais/error.h"
#include "dais/types.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG = 0, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_LOGFMT = 0, LOG_FORMAT_JSON };

/** One named value. Made by the functions below. */
struct log_field {
    const char *name;
    enum { LOG_FIELD_STR, LOG_FIELD_INT, LOG_FIELD_UINT, LOG_FIELD_CODE } kind;
    struct dais_str text;
    int64_t number;
};

static inline struct log_field log_str(const char *name, struct dais_str value)
{
    return (struct log_field){.name = name, .kind = LOG_FIELD_STR, .text = value};
}

static inline struct log_field log_text(const char *name, const char *value)
{
    return log_str(name, dais_cstr(value));
}

static inline struct log_field log_int(const char *name, int64_t value)
{
    return (struct log_field){.name = name, .kind = LOG_FIELD_INT, .number = value};
}

static inline struct log_field log_uint(const char *name, uint64_t value)
{
    return (struct log_field){.name = name, .kind = LOG_FIELD_UINT, .number = (int64_t)value};
}

/** error="not_found" from a DAIS_E_ code. */
static inline struct log_field log_code(int32_t code)
{
    return (struct log_field){.name = "error", .kind = LOG_FIELD_CODE, .number = code};
}

/** Sets what is written and how; before threads start, or at any time for the level. */
void log_setup(enum log_level level, enum log_format format);

/** Writes to `fd` instead of standard error; the caller keeps it open. */
void log_fd_set(int fd);

/** Changes the level for all that have none of their own, or asks for it. At any time. */
void log_level_set(enum log_level level);
enum log_level log_level_get(void);

/** Gives a plugin (its index) a level of its own; -1 takes it away. At any time. */
void log_plugin_level_set(uint32_t plugin, int32_t level);

/** That level, or -1. */
int32_t log_plugin_level_get(uint32_t plugin);

/** The lines of this thread name this worker from now on. */
void log_worker_set(uint32_t worker);

/** How a plugin's index becomes its name; set once by the host. Must be callable on any thread. */
void log_plugin_names(const char *(*name_of)(uint32_t plugin));

/** Whether lines of this level are written, for the plugin that runs now. */
bool log_enabled(enum log_level level);

/** Writes a line; use the macros below. `event` must stay valid for ever or be rate-limited as new.
 */
void log_write(enum log_level level, struct dais_str event, const struct log_field *fields,
               uint32_t count);

/** As log_write for events of which every single one counts, such as requests: never suppressed. */
void log_write_each(enum log_level level, struct dais_str event, const struct log_field *fields,
                    uint32_t count);

#define LOG_AT(level, event, ...)                                                                  \
    do {                                                                                           \
        if (log_enabled(level)) {                                                                  \
            const struct log_field log_fields_[] = {__VA_ARGS__};                                  \
            log_write((level), dais_cstr(event), log_fields_,                                      \
                      (uint32_t)(sizeof log_fields_ / sizeof(struct log_field)));                  \
        }                                                                                          \
    } while (0)

/** One line; the fields may be left out. */
#define LOG_DEBUG(event, ...) LOG_AT(LOG_LEVEL_DEBUG, event, ##__VA_ARGS__)
#define LOG_INFO(event, ...) LOG_AT(LOG_LEVEL_INFO, event, ##__VA_ARGS__)
#define LOG_WARN(event, ...) LOG_AT(LOG_LEVEL_WARN, event, ##__VA_ARGS__)
#define LOG_ERROR(event, ...) LOG_AT(LOG_LEVEL_ERROR, event, ##__VA_ARGS__)
