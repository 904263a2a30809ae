/* SPDX-License-Identifier: MIT */
#include "host/roles.h"

#include "dais/http.h"

#include <stdio.h>

const char *roles_access_name(uint32_t access)
{
    switch (access) {
    case DAIS_ACCESS_PUBLIC:
        return "public";
    case DAIS_ACCESS_USER:
        return "user";
    case DAIS_ACCESS_ROLE:
        return "role";
    case DAIS_ACCESS_OWNER:
        return "owner";
    default:
        return "unknown";
    }
}

const char *roles_name(uint32_t role)
{
    switch (role) {
    case DAIS_ROLE_ATTENDEE:
        return "attendee";
    case DAIS_ROLE_SPEAKER:
        return "speaker";
    case DAIS_ROLE_MODERATOR:
        return "moderator";
    case DAIS_ROLE_ADMIN:
        return "admin";
    case DAIS_ROLE_CREATOR:
        return "creator";
    default:
        return "unknown";
    }
}

void roles_text(uint32_t roles, char ret_text[ROLES_TEXT_BYTES])
{
    size_t len = 0;
    ret_text[0] = '\0';
    for (uint32_t role = 1; role <= DAIS_ROLE_CREATOR && len < ROLES_TEXT_BYTES; role <<= 1)
        if (roles & role)
            len += (size_t)snprintf(ret_text + len, ROLES_TEXT_BYTES - len, "%s%s", len ? "," : "",
                                    roles_name(role));
}
