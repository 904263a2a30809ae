/* SPDX-License-Identifier: MIT */
#pragma once
/* The rules of accounts: pure functions, no I/O and no clock. */
#include "dais/svc/identity.h"

/** Longest life of a token that the configuration may ask for, in seconds: ten years. */
#define AUTH_TOKEN_LIFE_S_MAX 315360000

/**
 * Reads a span as JWT_EXPIRES_IN spells it: "7d", "12h", "30m", "45s", or plain seconds "3600".
 * DAIS_E_INVALID when it is no such span, or not within 1 s and ten years.
 */
DAIS_CHECK_RESULT int32_t auth_span_parse(struct dais_str text, int64_t *ret_seconds);

/** The bits (DAIS_ROLE_…) of a role and of the state of the creator's approval. */
uint32_t auth_roles(struct dais_str role, struct dais_str creator);

/** The name shown for an account that gave none: what stands before the '@'. A view of `email`. */
struct dais_str auth_default_name(struct dais_str email);
