/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The OpenAPI 3.1 document of all registered routes, written from their tables: paths, who may
 * call, parameters, bodies, answers and the problem documents that each route can give.
 */
#include "base/arena.h"
#include "base/str.h"
#include "dais/field.h"

/** The problem document (RFC 9457) that failed requests and events are answered with. */
extern const struct dais_shape openapi_problem;

/** Appends the document; working memory comes from `arena`. DAIS_E_MEMORY. [any, after setup] */
DAIS_CHECK_RESULT int32_t openapi_write(struct dais_arena *arena, struct strbuf *out);
