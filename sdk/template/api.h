/* SPDX-License-Identifier: MIT */
#pragma once
/* HTTP handlers. */
#include "dais/http.h"

/** POST /api/template/rooms/:roomId/cheers */
int32_t api_cheer(struct dais_req *req, const struct dais_input *input);
