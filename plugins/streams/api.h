/* SPDX-License-Identifier: MIT */
#pragma once
/* What plugin.c puts into its tables: the configuration, shapes and handlers. */
#include "dais/http.h"
#include "dais/svc/streams.h"

/** The configuration, read once in `init`. */
struct streams_config {
    uint64_t present;
    struct dais_str rtmp_host; /**< empty: the host that the client used */
    int64_t rtmp_port;
    struct dais_str hls_host; /**< empty: the origin that the client used */
};

extern struct streams_config api_config;

extern const struct dais_shape api_id_shape;
extern const struct dais_shape api_list_query_shape;
extern const struct dais_shape api_create_shape;
extern const struct dais_shape api_change_shape;
extern const struct dais_shape api_stream_shape;
extern const struct dais_shape api_list_shape;

int32_t api_list(struct dais_req *req, const struct dais_input *input);
int32_t api_create(struct dais_req *req, const struct dais_input *input);
int32_t api_get(struct dais_req *req, const struct dais_input *input);
int32_t api_change(struct dais_req *req, const struct dais_input *input);
int32_t api_remove(struct dais_req *req, const struct dais_input *input);
int32_t api_regenerate_key(struct dais_req *req, const struct dais_input *input);
