/* SPDX-License-Identifier: MIT */
#pragma once
/* HTTP: each handler gathers path and body into the input of the function that does it. */
#include "dais/http.h"

int32_t api_chat_page(struct dais_req *req, const struct dais_input *input);
int32_t api_chat_send(struct dais_req *req, const struct dais_input *input);
int32_t api_stream_page(struct dais_req *req, const struct dais_input *input);
int32_t api_stream_send(struct dais_req *req, const struct dais_input *input);
int32_t api_live_page(struct dais_req *req, const struct dais_input *input);
int32_t api_live_send(struct dais_req *req, const struct dais_input *input);
int32_t api_edit(struct dais_req *req, const struct dais_input *input);
int32_t api_react(struct dais_req *req, const struct dais_input *input);
int32_t api_room(struct dais_req *req, const struct dais_input *input);
int32_t api_typing(struct dais_req *req, const struct dais_input *input);
