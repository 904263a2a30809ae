/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Streams as rooms: whoever adds something to "live:<id>" asks here whether the stream exists and
 * whose it is. A stream may be talked in as long as it exists.
 */
#include "dais/svc/roomsource.h"

extern const struct dais_roomsource_v1 source_live;
