/* SPDX-License-Identifier: MIT */
#include "held.h"

#include <stdatomic.h>

#include "hls.h"

static _Atomic int64_t total_bytes;

void held_add(int64_t bytes)
{
    atomic_fetch_add_explicit(&total_bytes, bytes, memory_order_relaxed);
    hls_count(HLS_METRIC_WINDOW_BYTES, bytes);
}

int64_t held_bytes(void)
{
    return atomic_load_explicit(&total_bytes, memory_order_relaxed);
}
