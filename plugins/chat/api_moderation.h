/* SPDX-License-Identifier: MIT */
#pragma once
/* HTTP, of those who keep order: the routes beside their handlers, as plugin.c registers them. */
#include "dais/http.h"

extern const struct dais_route api_moderation_routes[];
