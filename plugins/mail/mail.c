/* SPDX-License-Identifier: MIT */
#include "mail.h"

#define LOCAL_BYTES_MAX 64u /* RFC 5321 §4.5.3.1.1 */
#define PORT_MAX 65535u

static int is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static int is_atom(char c)
{
    return is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static int is_host(char c)
{
    return is_alnum(c) || c == '-';
}

/** Words of such characters with single dots between them. */
static int is_dotted(struct dais_str text, int (*is_char)(char c))
{
    if (text.len == 0 || text.ptr[0] == '.' || text.ptr[text.len - 1] == '.')
        return 0;
    for (uint64_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '.' ? text.ptr[i - 1] == '.' : !is_char(text.ptr[i]))
            return 0;
    return 1;
}

static int is_ipv6(struct dais_str text)
{
    for (uint64_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '\0' || !strchr("0123456789abcdefABCDEF:.", text.ptr[i]))
            return 0;
    return text.len >= 2;
}

/** Takes `prefix` off the front of `text`. */
static int skip(struct dais_str *text, const char *prefix)
{
    size_t len = strlen(prefix);
    if (text->len < len || memcmp(text->ptr, prefix, len) != 0)
        return 0;
    *text = dais_str(text->ptr + len, text->len - len);
    return 1;
}

/** ":587", or nothing. */
static int is_port(struct dais_str text)
{
    uint32_t port = 0;
    if (text.len == 0)
        return 1;
    if (text.len < 2 || text.len > 6 || text.ptr[0] != ':')
        return 0;
    for (uint64_t i = 1; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return 0;
        port = port * 10 + (uint32_t)(text.ptr[i] - '0');
    }
    return port >= 1 && port <= PORT_MAX;
}

int32_t mail_url_parse(struct dais_str url, struct mail_url *ret_url)
{
    struct mail_url parsed = {.implicit_tls = skip(&url, "smtps://")};
    if ((!parsed.implicit_tls && !skip(&url, "smtp://")) || url.len == 0)
        return DAIS_E_INVALID;
    int bracketed = skip(&url, "[");
    const char *end = memchr(url.ptr, bracketed ? ']' : ':', url.len);
    if (!end && bracketed)
        return DAIS_E_INVALID;
    uint64_t len = end ? (uint64_t)(end - url.ptr) : url.len;
    parsed.host = dais_str(url.ptr, len);
    len += bracketed ? 1 : 0;
    int host_ok = bracketed ? is_ipv6(parsed.host) : is_dotted(parsed.host, is_host);
    if (!host_ok || parsed.host.len > MAIL_HOST_BYTES_MAX)
        return DAIS_E_INVALID;
    if (!is_port(dais_str(url.ptr + len, url.len - len)))
        return DAIS_E_INVALID;
    *ret_url = parsed;
    return DAIS_OK;
}

int mail_host_is_loopback(struct dais_str host)
{
    if (dais_str_eq(host, dais_cstr("localhost")) || dais_str_eq(host, dais_cstr("::1")))
        return 1;
    uint32_t dots = 0;
    for (uint64_t i = 0; i < host.len; i++) {
        if (host.ptr[i] != '.' && (host.ptr[i] < '0' || host.ptr[i] > '9'))
            return 0;
        dots += host.ptr[i] == '.';
    }
    return dots == 3 && skip(&host, "127.");
}

int mail_address_ok(struct dais_str address)
{
    const char *at = address.len ? memchr(address.ptr, '@', address.len) : NULL;
    if (!at || address.len > MAIL_ADDRESS_BYTES_MAX)
        return 0;
    struct dais_str local = dais_str(address.ptr, (uint64_t)(at - address.ptr));
    struct dais_str domain = dais_str(at + 1, address.len - local.len - 1);
    return local.len <= LOCAL_BYTES_MAX && is_dotted(local, is_atom) && is_dotted(domain, is_host);
}

/** The length of the UTF-8 sequence at the start of `len` bytes; 0: there is none (RFC 3629). */
static uint64_t sequence_len(const uint8_t *at, uint64_t len)
{
    uint64_t need = at[0] < 0x80   ? 1
                    : at[0] < 0xc2 ? 0
                    : at[0] < 0xe0 ? 2
                    : at[0] < 0xf0 ? 3
                    : at[0] < 0xf5 ? 4
                                   : 0;
    if (need > len)
        return 0;
    for (uint64_t i = 1; i < need; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    int overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
    int beyond = (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf4 && at[1] > 0x8f);
    return overlong || beyond ? 0 : need;
}

int mail_text_ok(struct dais_str text, int lines)
{
    const uint8_t *bytes = (const uint8_t *)text.ptr;
    for (uint64_t i = 0; i < text.len;) {
        if (bytes[i] < 0x20 && !(lines && (bytes[i] == '\n' || bytes[i] == '\t')))
            return 0;
        uint64_t len = bytes[i] == 0x7f ? 0 : sequence_len(bytes + i, text.len - i);
        if (len == 0)
            return 0;
        i += len;
    }
    return 1;
}

static int is_kind(struct dais_str kind)
{
    if (kind.len == 0 || kind.len > DAIS_MAIL_KIND_BYTES_MAX)
        return 0;
    for (uint64_t i = 0; i < kind.len; i++) {
        char c = kind.ptr[i];
        int letter = c >= 'a' && c <= 'z';
        if (!letter && (i == 0 || ((c < '0' || c > '9') && c != '_')))
            return 0;
    }
    return 1;
}

int32_t mail_check(const struct dais_mail *mail)
{
    if (mail->subject.len > DAIS_MAIL_SUBJECT_BYTES_MAX ||
        mail->text.len > DAIS_MAIL_TEXT_BYTES_MAX)
        return DAIS_E_TOO_LARGE;
    if (!mail_address_ok(mail->to) || !is_kind(mail->kind) || mail->life_s < 0)
        return DAIS_E_INVALID;
    if (mail->subject.len == 0 || mail->text.len == 0)
        return DAIS_E_INVALID;
    if (!mail_text_ok(mail->subject, 0) || !mail_text_ok(mail->text, 1))
        return DAIS_E_INVALID;
    return DAIS_OK;
}

uint32_t mail_chance(struct dais_str id, uint32_t attempt)
{
    uint32_t hash = (2166136261u ^ attempt) * 16777619u; /* FNV-1a */
    for (uint64_t i = 0; i < id.len; i++)
        hash = (hash ^ (uint8_t)id.ptr[i]) * 16777619u;
    return hash;
}

uint64_t mail_retry_ms(uint32_t attempt, uint64_t base_ms, uint32_t chance)
{
    uint64_t wait_ms = base_ms;
    for (uint32_t i = 1; i < attempt && wait_ms < MAIL_RETRY_MS_MAX; i++)
        wait_ms *= 2;
    if (wait_ms > MAIL_RETRY_MS_MAX)
        wait_ms = MAIL_RETRY_MS_MAX;
    return wait_ms - wait_ms / 4 + chance % (wait_ms / 2 + 1);
}
