/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who loses the right to publish while a stream is live: an account that is disabled, an approval
 * that is taken back. The topic "identity.revoked" says whom to look at; the same right is asked
 * for with every key and at every renewal of a lease, so an event that is lost costs one of those.
 */
#include "dais/bus.h"

extern const struct dais_subscription live_rights_subscriptions[];
