/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What PostgreSQL's error codes (SQLSTATE, PostgreSQL 15 manual, appendix A) mean to us. A pure
 * rule.
 */
#include "dais/error.h"

#include <stdint.h>

/**
 * The DAIS_E_… code for `state`, five characters and a NUL, by the list at the top of dais/db.h.
 * DAIS_E_INTERNAL for NULL and for what is not on it.
 */
DAIS_CHECK_RESULT int32_t sqlstate_code(const char *state);

/** Whether `state` says that the connection or the server is going away, not that a statement is
 * bad. */
uint32_t sqlstate_is_loss(const char *state);

/** Whether `state` says that the prepared statement is not what the server has: prepare it again.
 */
uint32_t sqlstate_is_stale(const char *state);
