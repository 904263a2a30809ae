/* SPDX-License-Identifier: MIT */
#pragma once
/* Events, of those who keep order, as plugin.c registers them. */
#include "dais/events.h"

/** What clients may send. */
extern const struct dais_event live_moderation_events[];
/** What they may hear of it, where told.h has no function of its own. */
extern const struct dais_event_out live_moderation_documents[];
