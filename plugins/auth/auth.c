/* SPDX-License-Identifier: MIT */
#include "auth.h"

/** Groups of an IPv6 address, of 16 bits each. */
#define V6_GROUPS 8u

static int64_t span_unit(char unit)
{
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    case 'w':
        return 604800;
    default:
        return 0;
    }
}

int32_t auth_span_parse(struct dais_str text, int64_t *ret_seconds)
{
    int64_t number = 0;
    uint64_t i = 0;
    while (i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9') {
        number = number * 10 + (text.ptr[i++] - '0');
        if (number > AUTH_TOKEN_LIFE_S_MAX)
            return DAIS_E_INVALID;
    }
    if (i == 0 || text.len - i > 1)
        return DAIS_E_INVALID;
    int64_t unit = i == text.len ? 1 : span_unit(text.ptr[i]);
    int64_t seconds = number * unit;
    if (seconds < 1 || seconds > AUTH_TOKEN_LIFE_S_MAX)
        return DAIS_E_INVALID;
    *ret_seconds = seconds;
    return DAIS_OK;
}

static const struct {
    const char *name;
    uint32_t bit;
} ROLES[AUTH_SCOPES_MAX] = {
    {"attendee", DAIS_ROLE_ATTENDEE},   {"speaker", DAIS_ROLE_SPEAKER},
    {"moderator", DAIS_ROLE_MODERATOR}, {"admin", DAIS_ROLE_ADMIN},
    {"creator", DAIS_ROLE_CREATOR}, /* no role, but a grant beside it */
};
#define ROLE_COUNT 4
#define ROLE_BITS (DAIS_ROLE_ATTENDEE | DAIS_ROLE_SPEAKER | DAIS_ROLE_MODERATOR | DAIS_ROLE_ADMIN)

static uint32_t role_bit(struct dais_str name, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (dais_str_eq(name, dais_cstr(ROLES[i].name)))
            return ROLES[i].bit;
    return 0;
}

uint32_t auth_roles(struct dais_str role, struct dais_str creator)
{
    uint32_t bits = dais_str_eq(creator, dais_cstr("approved")) ? DAIS_ROLE_CREATOR : 0;
    return bits | role_bit(role, ROLE_COUNT);
}

struct dais_str auth_role_name(uint32_t bits)
{
    for (size_t i = ROLE_COUNT; i-- > 0;)
        if (bits & ROLES[i].bit)
            return dais_cstr(ROLES[i].name);
    return dais_cstr(ROLES[0].name);
}

int32_t auth_scopes_read(const struct dais_str *names, uint64_t count, uint32_t own,
                         uint32_t *ret_scopes)
{
    uint32_t scopes = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t bit = role_bit(names[i], AUTH_SCOPES_MAX);
        if (!bit)
            return DAIS_E_INVALID;
        scopes |= bit;
    }
    if (auth_scopes_limit(scopes, own) != scopes)
        return DAIS_E_DENIED;
    *ret_scopes = scopes;
    return DAIS_OK;
}

uint32_t auth_scopes_limit(uint32_t scopes, uint32_t own)
{
    uint32_t allowed = own & (DAIS_ROLE_CREATOR | ROLE_BITS);
    for (size_t i = ROLE_COUNT; i-- > 1;)
        if (allowed & ROLES[i].bit)
            allowed |= ROLES[i - 1].bit;
    return scopes & allowed;
}

uint64_t auth_scopes_names(uint32_t scopes, struct dais_str *ret_names)
{
    uint64_t count = 0;
    for (size_t i = 0; i < AUTH_SCOPES_MAX; i++)
        if (scopes & ROLES[i].bit)
            ret_names[count++] = dais_cstr(ROLES[i].name);
    return count;
}

int auth_may_give(uint32_t own, struct dais_str role)
{
    uint32_t bit = role_bit(role, ROLE_COUNT);
    return bit != 0 && auth_scopes_limit(bit, own) == bit;
}

static int has_prefix(struct dais_str text, const char *prefix)
{
    size_t len = strlen(prefix);
    return text.len > len && memcmp(text.ptr, prefix, len) == 0;
}

int auth_url_is_good(struct dais_str url)
{
    if (url.len == 0)
        return 1;
    if (!has_prefix(url, "https://") && !has_prefix(url, "http://"))
        return 0;
    for (uint64_t i = 0; i < url.len; i++)
        if ((unsigned char)url.ptr[i] <= ' ' || url.ptr[i] == 0x7f || strchr("<>\"\\", url.ptr[i]))
            return 0;
    return 1;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/** An IPv6 address (RFC 5952) as far as it is written: `gap` groups stand before the "::". */
struct v6_text {
    uint32_t groups[V6_GROUPS];
    uint32_t count;
    uint32_t gap;
};

/** Whether `text` can be such an address. */
static int v6_read(struct dais_str text, struct v6_text *ret_v6)
{
    struct v6_text v6 = {.gap = V6_GROUPS};
    uint32_t value = 0, digits = 0;
    for (uint64_t i = 0; i <= text.len; i++) {
        int digit = i < text.len ? hex_digit(text.ptr[i]) : -1;
        if (digit >= 0 && digits++ < 4) {
            value = value << 4 | (uint32_t)digit;
            continue;
        }
        if ((i < text.len && text.ptr[i] != ':') || v6.count == V6_GROUPS)
            return 0;
        if (digits > 0)
            v6.groups[v6.count++] = value;
        else if (v6.gap == V6_GROUPS)
            v6.gap = v6.count;
        value = digits = 0;
    }
    *ret_v6 = v6;
    return v6.gap < V6_GROUPS ? text.len >= 2 : v6.count == V6_GROUPS;
}

static uint32_t v6_group(const struct v6_text *v6, uint32_t index)
{
    uint32_t missing = V6_GROUPS - v6->count;
    if (index < v6->gap)
        return v6->groups[index];
    return index < v6->gap + missing ? 0 : v6->groups[index - missing];
}

uint64_t auth_network(struct dais_str address, char ret_network[AUTH_NETWORK_BYTES])
{
    struct v6_text v6;
    uint64_t len = address.len < AUTH_NETWORK_BYTES ? address.len : AUTH_NETWORK_BYTES;
    if (len == 0 || !v6_read(address, &v6)) {
        if (len)
            memcpy(ret_network, address.ptr, len);
        return len;
    }
    for (uint32_t i = 0; i < AUTH_NETWORK_PREFIX_BYTES; i += 2) {
        uint32_t group = v6_group(&v6, i / 2);
        ret_network[i] = (char)(group >> 8);
        ret_network[i + 1] = (char)(group & 0xff);
    }
    return AUTH_NETWORK_PREFIX_BYTES;
}

struct dais_str auth_default_name(struct dais_str email)
{
    const char *at = email.len ? memchr(email.ptr, '@', email.len) : NULL;
    return at ? dais_str(email.ptr, (uint64_t)(at - email.ptr)) : email;
}
