/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The OpenAPI 3.1 document of all registered routes, written from their tables: paths, who may
 * call, parameters, bodies, answers and the problem documents that each route can give.
 */
#include "base/arena.h"
#include "base/str.h"

/** Appends the document; working memory comes from `arena`. DAIS_E_MEMORY. [any, after setup] */
DAIS_CHECK_RESULT int32_t openapi_write(struct dais_arena *arena, struct strbuf *out);
