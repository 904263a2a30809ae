/* SPDX-License-Identifier: MIT */
#include "base/json_scan.h"

#include <string.h>

struct scan {
    const uint8_t *at;
    const uint8_t *end;
};

static struct scan scan_of(struct dais_str text)
{
    const uint8_t *at = (const uint8_t *)(text.ptr ? text.ptr : "");
    return (struct scan){at, at + text.len};
}

static struct dais_str view(const uint8_t *from, const uint8_t *to)
{
    return dais_str((const char *)from, (uint64_t)(to - from));
}

static bool is_at(const struct scan *scan, char c)
{
    return scan->at < scan->end && *scan->at == (uint8_t)c;
}

static bool is_digit(const struct scan *scan)
{
    return scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9';
}

static bool take(struct scan *scan, char c)
{
    if (!is_at(scan, c))
        return false;
    scan->at++;
    return true;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct scan *scan)
{
    while (scan->at < scan->end && is_blank(*scan->at))
        scan->at++;
}

#define EACH_BYTE(byte) (0x0101010101010101ull * (byte))

/* Bytes that are zero, in their highest bit; above the first one it may be wrong. */
static uint64_t zero_bytes(uint64_t word)
{
    return (word - EACH_BYTE(0x01)) & ~word;
}

/* Skips ASCII of a string that needs no look, eight bytes at a time. */
static void skip_plain(struct scan *scan)
{
    uint64_t word;
    while ((size_t)(scan->end - scan->at) >= sizeof word) {
        memcpy(&word, scan->at, sizeof word);
        uint64_t special = zero_bytes(word ^ EACH_BYTE('"')) | zero_bytes(word ^ EACH_BYTE('\\')) |
                           ((word - EACH_BYTE(0x20)) & ~word) | word;
        if (special & EACH_BYTE(0x80))
            return;
        scan->at += sizeof word;
    }
}

static int32_t hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hexadecimal digits; negative when they are not. */
static int32_t take_unit(struct scan *scan)
{
    if (scan->end - scan->at < 4)
        return -1;
    int32_t unit = 0;
    for (uint32_t i = 0; i < 4; i++) {
        int32_t digit = hex_digit(*scan->at++);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

/* What stands behind "\u"; surrogates come in pairs (RFC 8259 §7). Negative: they do not. */
static int32_t take_code_point(struct scan *scan)
{
    int32_t high = take_unit(scan);
    if (high < 0xd800 || high > 0xdfff)
        return high;
    if (high > 0xdbff || !take(scan, '\\') || !take(scan, 'u'))
        return -1;
    int32_t low = take_unit(scan);
    if (low < 0xdc00 || low > 0xdfff)
        return -1;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* The character that an escape stands for; at the byte behind the backslash. */
static int32_t take_escape(struct scan *scan)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (scan->at == scan->end)
        return -1;
    uint8_t letter = *scan->at++;
    if (letter == 'u')
        return take_code_point(scan);
    const char *found = letter ? strchr(letters, letter) : NULL;
    return found ? meanings[found - letters] : -1;
}

/* At the opening quote. */
static bool take_string(struct scan *scan)
{
    scan->at++;
    for (;;) {
        skip_plain(scan);
        if (take(scan, '"'))
            return true;
        if (scan->at == scan->end || *scan->at < 0x20)
            return false;
        if (take(scan, '\\')) {
            if (take_escape(scan) < 0)
                return false;
            continue;
        }
        uint32_t bytes = str_utf8_sequence(scan->at, (uint64_t)(scan->end - scan->at));
        if (bytes == 0)
            return false;
        scan->at += bytes;
    }
}

static bool take_digits(struct scan *scan)
{
    if (!is_digit(scan))
        return false;
    while (is_digit(scan))
        scan->at++;
    return true;
}

static bool take_number(struct scan *scan)
{
    (void)take(scan, '-');
    if (!take(scan, '0') && !take_digits(scan))
        return false;
    if (take(scan, '.') && !take_digits(scan))
        return false;
    if (!take(scan, 'e') && !take(scan, 'E'))
        return true;
    if (!take(scan, '+'))
        (void)take(scan, '-');
    return take_digits(scan);
}

static bool take_word(struct scan *scan, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(scan->end - scan->at) < len || memcmp(scan->at, word, len) != 0)
        return false;
    scan->at += len;
    return true;
}

static bool take_scalar(struct scan *scan)
{
    switch (*scan->at) {
    case '"':
        return take_string(scan);
    case 't':
        return take_word(scan, "true");
    case 'f':
        return take_word(scan, "false");
    case 'n':
        return take_word(scan, "null");
    default:
        return take_number(scan);
    }
}

/* A key and its colon. */
static bool take_key(struct scan *scan)
{
    if (!is_at(scan, '"') || !take_string(scan))
        return false;
    skip_blanks(scan);
    if (!take(scan, ':'))
        return false;
    skip_blanks(scan);
    return true;
}

/* Where the scan stands between brackets: bit 0 of `objects` is the innermost level. */
struct nesting {
    uint64_t objects;
    uint32_t depth;
};

static bool in_object(const struct nesting *nesting)
{
    return (nesting->objects & 1) != 0;
}

/* Behind a value: closes what ends here. False when the text is wrong; otherwise the next value
 * begins, or depth is 0. */
static bool take_ends(struct scan *scan, struct nesting *nesting)
{
    while (nesting->depth > 0) {
        skip_blanks(scan);
        if (take(scan, ',')) {
            skip_blanks(scan);
            return !in_object(nesting) || take_key(scan);
        }
        if (!take(scan, in_object(nesting) ? '}' : ']'))
            return false;
        nesting->depth--;
        nesting->objects >>= 1;
    }
    return true;
}

/* At an opening bracket; `*ret_empty`: its closing one follows. */
static bool take_open(struct scan *scan, struct nesting *nesting, bool *ret_empty)
{
    if (nesting->depth == JSON_DEPTH_MAX)
        return false;
    bool object = *scan->at++ == '{';
    nesting->depth++;
    nesting->objects = nesting->objects << 1 | object;
    skip_blanks(scan);
    *ret_empty = is_at(scan, object ? '}' : ']');
    return *ret_empty || !object || take_key(scan);
}

static bool take_value(struct scan *scan)
{
    struct nesting nesting = {0};
    do {
        if (scan->at == scan->end)
            return false;
        bool complete = true;
        bool opens = *scan->at == '{' || *scan->at == '[';
        if (!(opens ? take_open(scan, &nesting, &complete) : take_scalar(scan)))
            return false;
        if (complete && !take_ends(scan, &nesting))
            return false;
    } while (nesting.depth > 0);
    return true;
}

int32_t json_scan(struct dais_str text, struct dais_str *ret_value)
{
    struct scan scan = scan_of(text);
    skip_blanks(&scan);
    const uint8_t *begin = scan.at;
    if (!take_value(&scan))
        return DAIS_E_INVALID;
    const uint8_t *end = scan.at;
    skip_blanks(&scan);
    if (scan.at != scan.end)
        return DAIS_E_INVALID;
    *ret_value = view(begin, end);
    return DAIS_OK;
}

enum json_kind json_scan_kind(struct dais_str value)
{
    if (value.len == 0)
        return JSON_KIND_ABSENT;
    switch (value.ptr[0]) {
    case '"':
        return JSON_KIND_STRING;
    case '{':
        return JSON_KIND_OBJECT;
    case '[':
        return JSON_KIND_ARRAY;
    case 't':
    case 'f':
        return JSON_KIND_BOOL;
    case 'n':
        return JSON_KIND_NULL;
    default:
        break;
    }
    bool real = memchr(value.ptr, '.', value.len) || memchr(value.ptr, 'e', value.len) ||
                memchr(value.ptr, 'E', value.len);
    return real ? JSON_KIND_REAL : JSON_KIND_INT;
}

struct dais_str json_scan_inside(struct dais_str value)
{
    return value.len < 2 ? dais_str("", 0) : str_trim(dais_str(value.ptr + 1, value.len - 2));
}

/* Walking: the text is known to be valid, so that quotes and brackets say it all. Other text is
 * walked wrongly, but not past its end. */

static void pass_string(struct scan *scan)
{
    scan->at++;
    while (scan->at < scan->end && *scan->at != '"')
        scan->at += *scan->at == '\\' && scan->end - scan->at > 1 ? 2 : 1;
    (void)take(scan, '"');
}

static void pass_nested(struct scan *scan)
{
    uint32_t depth = 0;
    do {
        uint8_t c = *scan->at;
        if (c == '"') {
            pass_string(scan);
            continue;
        }
        scan->at++;
        if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
    } while (depth > 0 && scan->at < scan->end);
}

static bool ends_scalar(uint8_t c)
{
    return c == ',' || c == '}' || c == ']' || is_blank(c);
}

static struct dais_str pass_value(struct scan *scan)
{
    const uint8_t *begin = scan->at;
    if (is_at(scan, '"'))
        pass_string(scan);
    else if (is_at(scan, '{') || is_at(scan, '['))
        pass_nested(scan);
    else
        while (scan->at < scan->end && !ends_scalar(*scan->at))
            scan->at++;
    return view(begin, scan->at);
}

static void pass_comma(struct scan *scan, struct dais_str *rest)
{
    skip_blanks(scan);
    (void)take(scan, ',');
    skip_blanks(scan);
    *rest = view(scan->at, scan->end);
}

bool json_scan_item(struct dais_str *rest, struct dais_str *ret_item)
{
    struct scan scan = scan_of(*rest);
    skip_blanks(&scan);
    struct dais_str item = pass_value(&scan);
    if (item.len == 0)
        return false;
    *ret_item = item;
    pass_comma(&scan, rest);
    return true;
}

bool json_scan_member(struct dais_str *rest, struct dais_str *ret_key, struct dais_str *ret_value)
{
    struct scan scan = scan_of(*rest);
    skip_blanks(&scan);
    if (!is_at(&scan, '"'))
        return false;
    struct dais_str key = pass_value(&scan);
    skip_blanks(&scan);
    if (!take(&scan, ':'))
        return false;
    skip_blanks(&scan);
    *ret_key = key;
    *ret_value = pass_value(&scan);
    pass_comma(&scan, rest);
    return true;
}

struct dais_str json_scan_get(struct dais_str object, const char *key)
{
    struct dais_str rest = json_scan_inside(object), name, value;
    if (json_scan_kind(object) != JSON_KIND_OBJECT)
        return dais_str(NULL, 0);
    while (json_scan_member(&rest, &name, &value)) {
        if (name.len >= 2 && str_eqz(dais_str(name.ptr + 1, name.len - 2), key))
            return value;
    }
    return dais_str(NULL, 0);
}

static void add_code_point(struct strbuf *out, uint32_t code)
{
    if (code < 0x80) {
        strbuf_addc(out, (char)code);
        return;
    }
    uint32_t tails = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t first[] = {0, 0xc0, 0xe0, 0xf0};
    strbuf_addc(out, (char)(first[tails] | code >> (6 * tails)));
    for (uint32_t i = tails; i > 0; i--)
        strbuf_addc(out, (char)(0x80 | (code >> (6 * (i - 1)) & 0x3f)));
}

int32_t json_scan_text(struct dais_str value, struct strbuf *scratch, struct dais_str *ret_text)
{
    if (json_scan_kind(value) != JSON_KIND_STRING || value.len < 2)
        return DAIS_E_INVALID;
    struct dais_str inside = dais_str(value.ptr + 1, value.len - 2);
    if (str_find(inside, '\\') < 0) {
        *ret_text = inside;
        return DAIS_OK;
    }
    strbuf_clear(scratch);
    struct scan scan = scan_of(inside);
    while (scan.at < scan.end) {
        if (!take(&scan, '\\')) {
            strbuf_addc(scratch, (char)*scan.at++);
            continue;
        }
        int32_t code = take_escape(&scan);
        if (code <= 0)
            return DAIS_E_INVALID;
        add_code_point(scratch, (uint32_t)code);
    }
    if (strbuf_error(scratch))
        return strbuf_error(scratch);
    *ret_text = strbuf_view(scratch);
    return DAIS_OK;
}
