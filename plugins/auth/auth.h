/* SPDX-License-Identifier: MIT */
#pragma once
/* The rules of accounts: pure functions, no I/O and no clock. */
#include "dais/svc/identity.h"

/** Longest display name, biography and address of a picture, in characters. */
#define AUTH_NAME_MAX 80
#define AUTH_BIO_MAX 1000
#define AUTH_URL_MAX 2048

/** How many scopes a key can have. */
#define AUTH_SCOPES_MAX 5

/** Longest life of a token that the configuration may ask for, in seconds: ten years. */
#define AUTH_TOKEN_LIFE_S_MAX 315360000

/**
 * Reads a span as JWT_EXPIRES_IN spells it: "7d", "12h", "30m", "45s", or plain seconds "3600".
 * DAIS_E_INVALID when it is no such span, or not within 1 s and ten years.
 */
DAIS_CHECK_RESULT int32_t auth_span_parse(struct dais_str text, int64_t *ret_seconds);

/** The bits (DAIS_ROLE_…) of a role and of the state of the creator's approval. */
uint32_t auth_roles(struct dais_str role, struct dais_str creator);

/** The name of the highest role among `bits`, the lowest one without any. */
struct dais_str auth_role_name(uint32_t bits);

/**
 * Reads the names of roles, "creator" among them, that a key is to have. DAIS_E_INVALID: there is
 * no such role · DAIS_E_DENIED: its maker, who has `own`, may not do as much himself.
 */
DAIS_CHECK_RESULT int32_t auth_scopes_read(const struct dais_str *names, uint64_t count,
                                           uint32_t own, uint32_t *ret_scopes);

/** What a key may do whose maker has `own` by now: never more than he. */
uint32_t auth_scopes_limit(uint32_t scopes, uint32_t own);

/** The names behind `scopes`, as constants; returns how many, at most AUTH_SCOPES_MAX. */
uint64_t auth_scopes_names(uint32_t scopes, struct dais_str *ret_names);

/** Whether who has the roles `own` may give `role` to somebody: not one above his own. */
int auth_may_give(uint32_t own, struct dais_str role);

/** Whether `url` is an http or https address without spaces and control characters; "" is none. */
int auth_url_is_good(struct dais_str url);

/** Longest text of an address, and what of an IPv6 address names its network. */
#define AUTH_NETWORK_BYTES 48
#define AUTH_NETWORK_PREFIX_BYTES 8

/**
 * The part of an address that counts as one place: the text of an IPv4 address, the first 64 bits
 * of an IPv6 address, which one household has at least. Returns its length.
 */
uint64_t auth_network(struct dais_str address, char ret_network[AUTH_NETWORK_BYTES]);

/** The name shown for an account that gave none: what stands before the '@'. A view of `email`. */
struct dais_str auth_default_name(struct dais_str email);
