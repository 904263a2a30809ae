/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The AsyncAPI 3.0 document of everything that real-time clients may send and get, written from the
 * tables of events.
 *
 * There is a channel for `/ws` and one for each namespace of Socket.IO; the events of the namespace
 * "/" stand in both, in each in its own form: as an envelope, and as the one argument of an event.
 * An operation `receive` is something that a client sends and says who may, how often, and what the
 * answer is; `send` is something that it gets. Endpoints of plugins are channels without messages.
 */
#include "base/arena.h"
#include "base/str.h"

/** Appends the document; working memory comes from `arena`. DAIS_E_MEMORY, DAIS_E_LIMIT. [any,
 * after setup] */
DAIS_CHECK_RESULT int32_t asyncapi_write(struct dais_arena *arena, struct strbuf *out);
