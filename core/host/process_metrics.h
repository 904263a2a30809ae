/* SPDX-License-Identifier: MIT */
#pragma once
/* What every process tells about itself, under the names that Prometheus' clients gave it. */
#include "dais/error.h"

/** Registers them. [main thread] */
DAIS_CHECK_RESULT int32_t process_metrics_register(void);
