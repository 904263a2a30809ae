/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What stands in the AsyncAPI document: the rows of all plugins, and the core's own, gathered and
 * put in order. [worker without giving way, main thread]
 */
#include "base/arena.h"
#include "dais/events.h"

/** Rows of one document. */
#define ASYNCAPI_ROWS_MAX 8192u
/** "live.created": an event's name as a key of the document. */
#define ASYNCAPI_KEY_BYTES 200u

/** One event in one direction. Everything is as long-lived as the tables. */
struct asyncapi_row {
    const char *name;
    const char *space; /**< never NULL */
    const char *owner; /**< a plugin's id, or "core" */
    const char *summary;
    const struct dais_shape *shape; /**< of its data; NULL: any, or none */
    const struct dais_event *in;    /**< the row that takes it; NULL: clients get it */
    const char *rate_class;         /**< of `in` */
    char key[ASYNCAPI_KEY_BYTES];
};

/** All of them: what clients send comes first, each in the order of the tables. */
struct asyncapi_rows {
    struct asyncapi_row *items;
    uint32_t count;
    uint32_t limit;
    int32_t error;
};

/** Gathers them into `arena`. DAIS_E_MEMORY, DAIS_E_LIMIT. */
DAIS_CHECK_RESULT int32_t asyncapi_gather(struct dais_arena *arena, struct asyncapi_rows *ret_rows);
