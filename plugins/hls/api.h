/* SPDX-License-Identifier: MIT */
#pragma once
/* The one route: every file of a stream is found in its snapshot and sent without copying. */
#include "dais/http.h"

/** The path parameters. */
extern const struct dais_shape api_file_shape;

/** GET /hls/:playbackId/:file */
int32_t api_file(struct dais_req *req, const struct dais_input *input);
