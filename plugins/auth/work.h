/* SPDX-License-Identifier: MIT */
#pragma once
/* What comes again: notes when sessions were last used, removes what is over. */
#include "dais/timers.h"

extern const struct dais_timer work_timers[];
