/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Hashes. hash_bytes is keyed with a secret of this process (SipHash-2-4), so that a peer cannot
 * choose colliding keys; its values mean nothing outside this process.
 */
#include "dais/types.h"

/** Keyed hash of bytes. Any thread. */
uint64_t hash_bytes(struct dais_str bytes);

/** Keyed hash of a number. Any thread. */
uint64_t hash_u64(uint64_t value);

/** A fixed, unkeyed hash (FNV-1a): the same in each process, for ids that must agree. */
uint64_t hash_stable(struct dais_str bytes);
