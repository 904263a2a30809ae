/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * When a session or a key was last used. Each worker collects those that it saw and whose row says
 * more than a minute ago, and a task writes them together a second later: a task and not a timer,
 * since it ends in the code that collected them when newer code has taken over. What is lost at a
 * stop or in a crowd is noted the next time.
 */
#include "dais/types.h"
#include "store_sessions.h"

/** Sessions and keys, each, that a worker collects between two writes; more are left out. */
#define SEEN_IDS_MAX 1024

/** [worker] Makes the worker's collection. DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t seen_worker_start(uint32_t worker);

/** [worker] Frees it. */
void seen_worker_stop(uint32_t worker);

/** [fiber] Notes that a session or key is in use. */
void seen_note(enum store_seen_kind kind, struct dais_str id);
