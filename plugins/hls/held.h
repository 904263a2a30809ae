/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * How much media is held: one number that all workers share, so that one bound holds for all
 * streams. It counts the windows of streams that are packaged and what is still served of those
 * that have ended. Each generation of this code counts its own streams; the metric shows all.
 */
#include <stdint.h>

/** [any] Counts so many bytes more, or fewer. */
void held_add(int64_t bytes);

/** [any] Media held by all streams of this generation, in bytes. */
int64_t held_bytes(void);
