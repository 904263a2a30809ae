/* SPDX-License-Identifier: MIT */
#pragma once
/* The metrics of this layer: fibers, mail and jobs that exist now, read when somebody asks. */
#include "dais/error.h"

/** Registers them; once, after metrics_init. DAIS_E_LIMIT, DAIS_E_STATE. */
DAIS_CHECK_RESULT int32_t loop_metrics_register(void);
