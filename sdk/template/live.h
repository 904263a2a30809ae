/* SPDX-License-Identifier: MIT */
#pragma once
/* Events of sockets. */
#include "dais/events.h"

extern const struct dais_event live_events[];        /**< what clients may send */
extern const struct dais_event_out live_documents[]; /**< what they may hear */
