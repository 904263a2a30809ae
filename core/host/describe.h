/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * All tables of the running configuration, for people and for generators of documents: plugins,
 * routes, configuration keys, limits, metrics, statements, timers, topics, operations, hooks,
 * events, rooms, verbs. Works without workers too (`dais describe` without a server).
 */
#include "base/str.h"

/** Appends one line for each plugin: id, version, state, generation, routes, reason. */
void describe_plugins(struct strbuf *out);

/** Appends everything as text under headings. */
void describe_text(struct strbuf *out);

/** Appends everything as one JSON object. */
void describe_json(struct strbuf *out);
