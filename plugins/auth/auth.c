/* SPDX-License-Identifier: MIT */
#include "auth.h"

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

struct dais_str auth_network(struct dais_str address)
{
    if (!address.len || memchr(address.ptr, '.', address.len))
        return address;
    uint32_t groups = 0;
    for (uint64_t i = 0; i < address.len; i++) {
        if (address.ptr[i] != ':')
            continue;
        if (++groups == 4)
            return dais_str(address.ptr, i + 1);
        if (i + 1 < address.len && address.ptr[i + 1] == ':')
            return dais_str(address.ptr, i + 2);
    }
    return address;
}

struct dais_str auth_default_name(struct dais_str email)
{
    const char *at = email.len ? memchr(email.ptr, '@', email.len) : NULL;
    return at ? dais_str(email.ptr, (uint64_t)(at - email.ptr)) : email;
}
