/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The server's own routes, registered like a plugin's: GET /healthz (the process answers), /readyz
 * (the database answers and every plugin runs; otherwise 503 and what is missing), /metrics,
 * /docs and /docs/openapi.json, /api/version.
 */
#include "dais/error.h"

struct host;

/** Registers the routes. What http_table_routes answered. [main thread, before the plugins] */
DAIS_CHECK_RESULT int32_t admin_register(struct host *host);
