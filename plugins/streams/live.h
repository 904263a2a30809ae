/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The state of streams while media flows: observes the media hub, keeps the lease of every live
 * stream, and authorizes keys for the protocol plugins.
 */
#include "dais/media.h"
#include "dais/svc/streams.h"
#include "dais/timers.h"
#include "store.h"

extern const struct dais_media_observer live_observer;
extern const struct dais_streams_v1 live_service;
extern const struct dais_timer live_timers[];

/** [fiber] Cuts off who publishes one of these; what cannot be cut now ends with its lease. */
void live_cut(const struct store_names *names);
