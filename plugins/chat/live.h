/* SPDX-License-Identifier: MIT */
#pragma once
/* Events: each handler hands its data to the function that does it. */
#include "dais/bus.h"
#include "dais/events.h"

/** What clients may send. */
extern const struct dais_event live_events[];
/** What they may hear. */
extern const struct dais_event_out live_documents[];
/** What chat hears from the sources of rooms. */
extern const struct dais_subscription live_subscriptions[];
