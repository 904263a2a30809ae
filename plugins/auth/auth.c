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

uint32_t auth_roles(struct dais_str role, struct dais_str creator)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } ROLES[] = {
        {"attendee", DAIS_ROLE_ATTENDEE},
        {"speaker", DAIS_ROLE_SPEAKER},
        {"moderator", DAIS_ROLE_MODERATOR},
        {"admin", DAIS_ROLE_ADMIN},
    };
    uint32_t bits = dais_str_eq(creator, dais_cstr("approved")) ? DAIS_ROLE_CREATOR : 0;
    for (size_t i = 0; i < sizeof ROLES / sizeof ROLES[0]; i++)
        if (dais_str_eq(role, dais_cstr(ROLES[i].name)))
            bits |= ROLES[i].bit;
    return bits;
}

struct dais_str auth_default_name(struct dais_str email)
{
    const char *at = email.len ? memchr(email.ptr, '@', email.len) : NULL;
    return at ? dais_str(email.ptr, (uint64_t)(at - email.ptr)) : email;
}
