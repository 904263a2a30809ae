/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Locks with a name, for fibers. A lock lives on the home worker of its key and goes to its waiters
 * in their order; on other workers asking and giving back travel by mail. It excludes fibers of
 * this process only; what must hold across processes belongs into the database.
 */
#include "dais/error.h"
#include "dais/fiber.h"
#include "dais/types.h"

/**
 * [fiber] [suspends] Waits for the lock named `key` and takes it. It is not re-entrant.
 * DAIS_E_CANCELLED · DAIS_E_TIMEOUT · DAIS_E_INVALID past limit `lock_key_bytes` · DAIS_E_MEMORY ·
 * DAIS_E_STATE outside a fiber. The lock is given back by fiber_unlock or when the fiber ends.
 */
DAIS_CHECK_RESULT int32_t fiber_lock(struct dais_str key, uint64_t timeout_ms,
                                     struct dais_lock **ret_lock);

/** [fiber] Gives the lock back; only by the fiber that took it. NULL is ignored. */
void fiber_unlock(struct dais_lock *lock);

/** For FIBER_LOCK_AUTO. */
void fiber_unlock_indirect(struct dais_lock **lock);

/** Scope guard: struct dais_lock *lock FIBER_LOCK_AUTO = NULL; */
#define FIBER_LOCK_AUTO __attribute__((cleanup(fiber_unlock_indirect)))
