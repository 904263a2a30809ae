/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "base/owner.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_BYTES 4096u /* the largest value of limit log_line_bytes */
#define TAIL_BYTES 64u   /* kept free for what ends a line that was cut */
#define RATE_SLOTS 256u

/* How often a phrase was written in the current second. Phrases share a slot when their hashes do,
 * which then share the budget. */
struct rate {
    _Atomic uint64_t second;
    _Atomic uint32_t count;
};

static struct rate rates[RATE_SLOTS];
static _Atomic uint32_t level_min = LOG_LEVEL_INFO;
/* Levels of single plugins, plus one; 0: as all. The lowest of them lets lines through to where
 * the plugin is looked up. */
static _Atomic uint8_t plugin_levels[OWNERS_MAX];
static _Atomic uint32_t plugin_level_count;
static _Thread_local int32_t own_worker = -1;
static _Atomic uint32_t format_used = LOG_FORMAT_LOGFMT;
static _Atomic int output_fd = STDERR_FILENO;
static const char *(*_Atomic plugin_name_of)(uint32_t plugin);

void log_setup(enum log_level level, enum log_format format)
{
    atomic_store_explicit(&level_min, level, memory_order_relaxed);
    atomic_store_explicit(&format_used, format, memory_order_relaxed);
}

void log_fd_set(int fd)
{
    atomic_store(&output_fd, fd);
}

void log_plugin_names(const char *(*name_of)(uint32_t plugin))
{
    atomic_store(&plugin_name_of, name_of);
}

void log_level_set(enum log_level level)
{
    atomic_store(&level_min, level);
}

enum log_level log_level_get(void)
{
    return (enum log_level)atomic_load(&level_min);
}

void log_plugin_level_set(uint32_t plugin, int32_t level)
{
    uint8_t value = (uint8_t)(level + 1);
    uint8_t before = atomic_exchange(&plugin_levels[plugin % OWNERS_MAX], value);
    if (before == 0 && value != 0)
        atomic_fetch_add(&plugin_level_count, 1);
    if (before != 0 && value == 0)
        atomic_fetch_sub(&plugin_level_count, 1);
}

int32_t log_plugin_level_get(uint32_t plugin)
{
    return (int32_t)atomic_load(&plugin_levels[plugin % OWNERS_MAX]) - 1;
}

void log_worker_set(uint32_t worker)
{
    own_worker = (int32_t)worker;
}

bool log_enabled(enum log_level level)
{
    if (atomic_load_explicit(&plugin_level_count, memory_order_relaxed) > 0) {
        int32_t own = log_plugin_level_get(owner_get().plugin);
        if (own >= 0)
            return (int32_t)level >= own;
    }
    return level >= atomic_load_explicit(&level_min, memory_order_relaxed);
}

/* Whether the phrase may be written now; how many were held back in the last second it came. */
static bool admit(struct dais_str event, uint32_t *ret_suppressed)
{
    struct rate *rate = &rates[hash_bytes(event) % RATE_SLOTS];
    const uint32_t max = (uint32_t)limit_get(LIMIT_LOG_LINES_PER_SECOND);
    uint64_t now = clock_ms() / 1000;
    *ret_suppressed = 0;
    if (atomic_exchange_explicit(&rate->second, now, memory_order_relaxed) != now) {
        uint32_t before = atomic_exchange_explicit(&rate->count, 1, memory_order_relaxed);
        *ret_suppressed = before > max ? before - max : 0;
        return true;
    }
    return atomic_fetch_add_explicit(&rate->count, 1, memory_order_relaxed) < max;
}

/* Logfmt leaves words bare; whatever else is quoted as in JSON. */
static bool is_word(struct dais_str text)
{
    for (uint64_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
            return false;
    }
    return text.len > 0;
}

static void add_name(struct strbuf *line, enum log_format format, const char *name)
{
    if (format == LOG_FORMAT_JSON) {
        strbuf_addc(line, line->len > 1 ? ',' : '{');
        json_quote(line, dais_cstr(name));
        strbuf_addc(line, ':');
        return;
    }
    if (line->len > 0)
        strbuf_addc(line, ' ');
    strbuf_addz(line, name);
    strbuf_addc(line, '=');
}

static void add_text(struct strbuf *line, enum log_format format, const char *name,
                     struct dais_str value)
{
    add_name(line, format, name);
    if (format == LOG_FORMAT_LOGFMT && is_word(value))
        strbuf_add(line, value);
    else
        json_quote(line, value);
}

static void add_field(struct strbuf *line, enum log_format format, const struct log_field *field)
{
    char number[24];
    int len;
    switch (field->kind) {
    case LOG_FIELD_STR:
        add_text(line, format, field->name, field->text);
        return;
    case LOG_FIELD_CODE:
        add_text(line, format, field->name, dais_cstr(error_code((int32_t)field->number)));
        return;
    case LOG_FIELD_UINT:
        len = snprintf(number, sizeof number, "%" PRIu64, (uint64_t)field->number);
        break;
    default:
        len = snprintf(number, sizeof number, "%" PRId64, field->number);
        break;
    }
    add_name(line, format, field->name);
    strbuf_add(line, dais_str(number, (uint64_t)len));
}

static void add_number(struct strbuf *line, enum log_format format, const char *name,
                       uint64_t number)
{
    const struct log_field field = log_uint(name, number);
    add_field(line, format, &field);
}

/* Who says it: what the mark of the thread knows. */
static void add_context(struct strbuf *line, enum log_format format)
{
    struct owner owner = owner_get();
    const char *(*name_of)(uint32_t) = atomic_load(&plugin_name_of);
    if (own_worker >= 0)
        add_number(line, format, "worker", (uint64_t)own_worker);
    if (owner.plugin != OWNER_CORE && name_of)
        add_text(line, format, "plugin", dais_cstr(name_of(owner.plugin)));
    if (owner.plugin != OWNER_CORE && owner.generation > 0)
        add_number(line, format, "generation", owner.generation);
    if (owner.request != 0) {
        char request[20];
        (void)snprintf(request, sizeof request, "%016" PRIx64, owner.request);
        add_text(line, format, "request", dais_cstr(request));
    }
}

static void add_head(struct strbuf *line, enum log_format format, enum log_level level,
                     struct dais_str event)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    char time[CLOCK_RFC3339_BYTES];
    clock_format_rfc3339(clock_unix_ms(), time);
    add_text(line, format, "ts", dais_cstr(time));
    add_text(line, format, "level", dais_cstr(names[level]));
    add_text(line, format, "event", event);
    add_context(line, format);
}

/* A field that does not fit is left out with all that follow; the line then says so. */
static void add_fields(struct strbuf *line, enum log_format format, const struct log_field *fields,
                       uint32_t count)
{
    for (uint32_t i = 0; i < count && !strbuf_error(line); i++) {
        size_t before = line->len;
        add_field(line, format, &fields[i]);
        if (!strbuf_error(line))
            continue;
        strbuf_truncate(line, before);
        line->error = DAIS_OK;
        line->bytes_max = line->capacity;
        struct log_field cut = log_uint("fields_cut", count - i);
        add_field(line, format, &cut);
        return;
    }
}

static void write_line(enum log_level level, struct dais_str event, const struct log_field *fields,
                       uint32_t count, uint32_t suppressed)
{
    /* Nothing suspends in here, so one line buffer a thread is enough, and fibers' stacks are
     * small. */
    static _Thread_local char memory[LINE_BYTES];
    struct strbuf line;
    enum log_format format = atomic_load_explicit(&format_used, memory_order_relaxed);
    strbuf_init_on(&line, memory, (size_t)limit_get(LIMIT_LOG_LINE_BYTES));
    line.bytes_max -= TAIL_BYTES;
    add_head(&line, format, level, str_sub(event, 0, line.bytes_max / 4));
    add_fields(&line, format, fields, count);
    line.bytes_max = line.capacity;
    if (suppressed > 0) {
        struct log_field field = log_uint("suppressed", suppressed);
        add_field(&line, format, &field);
    }
    strbuf_addz(&line, format == LOG_FORMAT_JSON ? "}\n" : "\n");
    /* A log that can't be written has nowhere to say so. */
    ssize_t written = write(atomic_load(&output_fd), line.ptr, line.len);
    (void)written;
}

void log_write(enum log_level level, struct dais_str event, const struct log_field *fields,
               uint32_t count)
{
    uint32_t suppressed;
    if (log_enabled(level) && admit(event, &suppressed))
        write_line(level, event, fields, count, suppressed);
}

void log_write_each(enum log_level level, struct dais_str event, const struct log_field *fields,
                    uint32_t count)
{
    if (log_enabled(level))
        write_line(level, event, fields, count, 0);
}
