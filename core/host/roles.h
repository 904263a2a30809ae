/* SPDX-License-Identifier: MIT */
#pragma once
/* Names of access rules and roles, for documents. Any thread; never NULL. */
#include <stdint.h>

/** "public", "user", "role", "owner" for enum dais_access. */
const char *roles_access_name(uint32_t access);

/** "admin", "creator" … for one DAIS_ROLE_ bit. */
const char *roles_name(uint32_t role);

/** Room for the names of all roles. */
#define ROLES_TEXT_BYTES 64u

/** Writes the names of several roles: "admin,creator"; "" for none. */
void roles_text(uint32_t roles, char ret_text[ROLES_TEXT_BYTES]);
