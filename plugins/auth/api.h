/* SPDX-License-Identifier: MIT */
#pragma once
/* What plugin.c puts into its tables: shapes, handlers, verbs. */
#include "dais/cli.h"
#include "dais/http.h"

extern const struct dais_shape api_register_shape;
extern const struct dais_shape api_login_shape;
extern const struct dais_shape api_login_answer_shape;
extern const struct dais_shape api_user_shape;
extern const struct dais_shape api_done_shape;

int32_t api_register(struct dais_req *req, const struct dais_input *input);
int32_t api_login(struct dais_req *req, const struct dais_input *input);
int32_t api_logout(struct dais_req *req, const struct dais_input *input);
int32_t api_me(struct dais_req *req, const struct dais_input *input);

extern const struct dais_shape verbs_user_add_shape;
int32_t verbs_user_add(struct dais_cli *cli, const void *input);
