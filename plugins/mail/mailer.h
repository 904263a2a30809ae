/* SPDX-License-Identifier: MIT */
#pragma once
/* The service dais.mailer/1: messages go into the outbox, in the caller's transaction. */
#include "store.h"

extern const struct dais_mailer_v1 mailer_service;

/** [setup] Remembers how much may be queued, and which metric counts it. */
void mailer_init(const struct store_bounds *bounds, uint32_t metric_queued);
