/* SPDX-License-Identifier: MIT */
#include "base/str.h"

#include "base/check.h"
#include "base/mem.h"

#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 120u

void strbuf_init(struct strbuf *out, size_t bytes_max)
{
    *out = (struct strbuf){.bytes_max = bytes_max};
}

void strbuf_init_in(struct strbuf *out, struct dais_arena *arena, size_t bytes_max)
{
    *out = (struct strbuf){.bytes_max = bytes_max, .arena = arena};
}

void strbuf_init_on(struct strbuf *out, void *memory, size_t bytes)
{
    CHECK(bytes > 0);
    *out = (struct strbuf){
        .ptr = memory, .capacity = bytes - 1, .bytes_max = bytes - 1, .fixed = true};
    out->ptr[0] = '\0';
}

void strbuf_fini(struct strbuf *out)
{
    if (out->fixed) {
        strbuf_clear(out);
        return;
    }
    if (!out->arena)
        mem_free(out->ptr);
    *out = (struct strbuf){.bytes_max = out->bytes_max, .arena = out->arena};
}

void strbuf_clear(struct strbuf *out)
{
    out->error = DAIS_OK;
    strbuf_truncate(out, 0);
}

int32_t strbuf_error(const struct strbuf *out)
{
    return out->error;
}

struct dais_str strbuf_view(const struct strbuf *out)
{
    return dais_str(strbuf_cstr(out), out->len);
}

const char *strbuf_cstr(const struct strbuf *out)
{
    return out->ptr ? out->ptr : "";
}

static char *move_to(struct strbuf *out, size_t capacity)
{
    if (!out->arena)
        return mem_resize(out->ptr, capacity + 1);
    char *ptr = arena_bytes(out->arena, capacity + 1);
    if (ptr && out->len > 0)
        memcpy(ptr, out->ptr, out->len);
    return ptr;
}

static bool grow(struct strbuf *out, size_t bytes)
{
    if (out->error)
        return false;
    if (bytes > out->bytes_max - out->len) {
        out->error = DAIS_E_TOO_LARGE;
        return false;
    }
    size_t capacity = out->capacity ? out->capacity * 2 : CAPACITY_FIRST;
    if (capacity < out->len + bytes)
        capacity = out->len + bytes;
    if (capacity > out->bytes_max)
        capacity = out->bytes_max;
    char *ptr = move_to(out, capacity);
    if (!ptr) {
        out->error = DAIS_E_MEMORY;
        return false;
    }
    out->ptr = ptr;
    out->capacity = capacity;
    return true;
}

char *strbuf_extend(struct strbuf *out, size_t bytes)
{
    if (out->error)
        return NULL;
    if ((!out->ptr || bytes > out->capacity - out->len) && !grow(out, bytes))
        return NULL;
    char *room = out->ptr + out->len;
    out->len += bytes;
    out->ptr[out->len] = '\0';
    return room;
}

void strbuf_truncate(struct strbuf *out, size_t len)
{
    if (len >= out->len)
        return;
    out->len = len;
    out->ptr[len] = '\0';
}

void strbuf_add(struct strbuf *out, struct dais_str text)
{
    if (text.len == 0)
        return;
    char *room = strbuf_extend(out, text.len);
    if (room)
        memcpy(room, text.ptr, text.len);
}

void strbuf_addz(struct strbuf *out, const char *text)
{
    strbuf_add(out, dais_cstr(text));
}

void strbuf_addc(struct strbuf *out, char c)
{
    char *room = strbuf_extend(out, 1);
    if (room)
        *room = c;
}

void strbuf_addu(struct strbuf *out, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    strbuf_add(out, dais_str(digits + at, sizeof digits - at));
}

void strbuf_addi(struct strbuf *out, int64_t value)
{
    if (value < 0)
        strbuf_addc(out, '-');
    strbuf_addu(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void strbuf_addv(struct strbuf *out, const char *format, va_list args)
{
    char text[256];
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(text, sizeof text, format, args);
    if (len >= 0 && (size_t)len < sizeof text) {
        strbuf_add(out, dais_str(text, (uint64_t)len));
    } else if (len >= 0) {
        /* vsnprintf writes a NUL too, which is where the builder keeps its own */
        char *room = strbuf_extend(out, (size_t)len);
        if (room)
            (void)vsnprintf(room, (size_t)len + 1, format, again);
    }
    va_end(again);
}

void strbuf_addf(struct strbuf *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    strbuf_addv(out, format, args);
    va_end(args);
}

void strbuf_add_hex(struct strbuf *out, struct dais_str bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *room = strbuf_extend(out, bytes.len * 2);
    for (uint64_t i = 0; room && i < bytes.len; i++) {
        room[2 * i] = digits[(uint8_t)bytes.ptr[i] >> 4];
        room[2 * i + 1] = digits[(uint8_t)bytes.ptr[i] & 15];
    }
}

static void add_base64(struct strbuf *out, struct dais_str bytes, int variant)
{
    if (bytes.len == 0)
        return;
    size_t size = sodium_base64_encoded_len(bytes.len, variant); /* counts the NUL */
    char *room = strbuf_extend(out, size - 1);
    if (room)
        sodium_bin2base64(room, size, (const uint8_t *)bytes.ptr, bytes.len, variant);
}

void strbuf_add_base64url(struct strbuf *out, struct dais_str bytes)
{
    add_base64(out, bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void strbuf_add_base64(struct strbuf *out, struct dais_str bytes)
{
    add_base64(out, bytes, sodium_base64_VARIANT_ORIGINAL);
}

int32_t str_decode_hex(struct dais_str text, struct strbuf *out)
{
    size_t before = out->len, len = 0;
    if (text.len % 2 != 0)
        return DAIS_E_INVALID;
    if (text.len == 0)
        return DAIS_OK;
    char *room = strbuf_extend(out, text.len / 2);
    if (!room)
        return out->error;
    if (sodium_hex2bin((uint8_t *)room, text.len / 2, text.ptr, text.len, NULL, &len, NULL) == 0 &&
        len == text.len / 2)
        return DAIS_OK;
    strbuf_truncate(out, before);
    return DAIS_E_INVALID;
}

static int32_t decode_base64(struct dais_str text, struct strbuf *out, int variant)
{
    size_t before = out->len, len = 0;
    if (text.len == 0)
        return DAIS_OK;
    size_t room_bytes = text.len / 4 * 3 + 3;
    char *room = strbuf_extend(out, room_bytes);
    if (!room)
        return out->error;
    const char *end = NULL;
    int failed = sodium_base642bin((uint8_t *)room, room_bytes, text.ptr, text.len, NULL, &len,
                                   &end, variant);
    if (failed || end != text.ptr + text.len) {
        strbuf_truncate(out, before);
        return DAIS_E_INVALID;
    }
    strbuf_truncate(out, before + len);
    return DAIS_OK;
}

int32_t str_decode_base64url(struct dais_str text, struct strbuf *out)
{
    return decode_base64(text, out, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

int32_t str_decode_base64(struct dais_str text, struct strbuf *out)
{
    return decode_base64(text, out, sodium_base64_VARIANT_ORIGINAL);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool str_eq_nocase(struct dais_str a, struct dais_str b)
{
    if (a.len != b.len)
        return false;
    for (uint64_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    }
    return true;
}

bool str_eqz(struct dais_str a, const char *b)
{
    return a.ptr && dais_str_eq(a, dais_cstr(b));
}

bool str_eqz_nocase(struct dais_str a, const char *b)
{
    return a.ptr && str_eq_nocase(a, dais_cstr(b));
}

bool str_eq_secret(struct dais_str a, struct dais_str b)
{
    return a.len == b.len && (a.len == 0 || sodium_memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool str_has_prefix(struct dais_str text, const char *prefix)
{
    return dais_str_eq(str_sub(text, 0, strlen(prefix)), dais_cstr(prefix));
}

bool str_has_suffix(struct dais_str text, const char *suffix)
{
    size_t len = strlen(suffix);
    return text.len >= len && dais_str_eq(str_sub(text, text.len - len, len), dais_cstr(suffix));
}

int str_cmp(struct dais_str a, struct dais_str b)
{
    uint64_t shared = a.len < b.len ? a.len : b.len;
    int order = shared ? memcmp(a.ptr, b.ptr, shared) : 0;
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

struct dais_str str_place(struct dais_str text, char **at)
{
    struct dais_str copy = dais_str(text.ptr ? *at : NULL, text.len);
    if (text.len > 0)
        memcpy(*at, text.ptr, text.len);
    *at += text.len;
    return copy;
}

struct dais_str str_sub(struct dais_str text, uint64_t from, uint64_t len)
{
    if (!text.ptr)
        return text;
    if (from > text.len)
        from = text.len;
    if (len > text.len - from)
        len = text.len - from;
    return dais_str(text.ptr + from, len);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct dais_str str_trim(struct dais_str text)
{
    while (text.len > 0 && is_blank(text.ptr[0]))
        text = dais_str(text.ptr + 1, text.len - 1);
    while (text.len > 0 && is_blank(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

int64_t str_find(struct dais_str text, char c)
{
    const char *found = text.len ? memchr(text.ptr, c, text.len) : NULL;
    return found ? found - text.ptr : -1;
}

bool str_split(struct dais_str *rest, char separator, struct dais_str *ret_piece)
{
    if (!rest->ptr)
        return false;
    int64_t at = str_find(*rest, separator);
    if (at < 0) {
        *ret_piece = *rest;
        *rest = dais_str(NULL, 0);
        return true;
    }
    *ret_piece = dais_str(rest->ptr, (uint64_t)at);
    *rest = dais_str(rest->ptr + at + 1, rest->len - (uint64_t)at - 1);
    return true;
}

int32_t str_parse_uint(struct dais_str text, uint64_t max, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (text.len == 0)
        return DAIS_E_INVALID;
    bool overflow = false;
    for (uint64_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c < '0' || c > '9')
            return DAIS_E_INVALID;
        overflow |= __builtin_mul_overflow(value, 10u, &value);
        overflow |= __builtin_add_overflow(value, (uint64_t)(c - '0'), &value);
    }
    if (overflow || value > max)
        return DAIS_E_RANGE;
    *ret_value = value;
    return DAIS_OK;
}

int32_t str_parse_int(struct dais_str text, int64_t min, int64_t max, int64_t *ret_value)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    uint64_t magnitude;
    const uint64_t bound = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    int32_t code = str_parse_uint(negative ? str_sub(text, 1, text.len) : text, bound, &magnitude);
    if (code)
        return code;
    int64_t value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    if (value < min || value > max)
        return DAIS_E_RANGE;
    *ret_value = value;
    return DAIS_OK;
}

int32_t str_parse_double(struct dais_str text, double *ret_value)
{
    char copy[64];
    if (text.len == 0 || text.len >= sizeof copy)
        return DAIS_E_INVALID;
    for (uint64_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool sign_or_point = c == '-' || c == '+' || c == '.';
        if ((c < '0' || c > '9') && !sign_or_point && c != 'e' && c != 'E')
            return DAIS_E_INVALID; /* strtod also takes blanks, hexadecimal, inf and nan */
        copy[i] = c;
    }
    copy[text.len] = '\0';
    char *end;
    double value = strtod(copy, &end);
    if (end != copy + text.len || !isfinite(value))
        return DAIS_E_INVALID;
    *ret_value = value;
    return DAIS_OK;
}
