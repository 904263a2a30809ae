/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The state of streams while media flows: observes the media hub, keeps the lease of every live
 * stream, and authorizes keys for the protocol plugins.
 */
#include "dais/media.h"
#include "dais/svc/streams.h"
#include "dais/timers.h"

extern const struct dais_media_observer live_observer;
extern const struct dais_streams_v1 live_service;
extern const struct dais_timer live_timers[];
