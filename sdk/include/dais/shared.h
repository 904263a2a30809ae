/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.shared/1: immutable objects that one worker makes and all workers read.
 *
 * A board is a row. `put` replaces the object under a key: it travels to every worker by mail, one
 * message each; every worker looks up its own copy of the index without locks. Puts of one worker
 * arrive in their order; a worker that is behind may skip to the newest. The object is a shared
 * buffer whose contents the plugin defines; where it refers to other buffers it holds references
 * and gives them back in its `gone` function (dais.mem/1).
 */
#include "dais/mem.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A kind of shared object. Rows of one plugin with the same name are the same board, also when they
 * come from two generations of its code: the newer reads what the older put there.
 */
struct dais_board {
    const char *name;
    uint32_t keys_max; /**< more keys give DAIS_E_LIMIT */
    uint32_t key_bytes_max;
    /** What the objects look like: another number whenever their contents change. Code that reads
     * another layout than the board holds cannot be loaded without a restart. */
    uint32_t layout;
    uint32_t reserved; /**< 0 */
};

struct dais_shared_v1 {
    /** [setup] Makes a board, or takes part in the one that an older generation made. */
    int32_t (*board)(const struct dais_board *board);
    /** [worker] [fiber] Puts `object` under `key` on every worker; takes a reference of its own. */
    int32_t (*put)(const struct dais_board *board, struct dais_str key, struct dais_buf *object);
    /** [worker] [fiber] Takes the key off every worker. */
    int32_t (*remove)(const struct dais_board *board, struct dais_str key);
    /**
     * [worker] [fiber] On the worker that put `object`: takes the key off every worker after `ms`,
     * if the object still lies there then. What is left to be done is the host's: it is done when
     * the code that asked for it is gone, too. DAIS_E_LIMIT when too many wait.
     */
    int32_t (*remove_later)(const struct dais_board *board, struct dais_str key,
                            struct dais_buf *object, uint64_t ms);
    /**
     * [worker] [fiber] The object as this worker knows it, or NULL. Borrowed: valid until the
     * caller suspends or returns to the loop; who keeps it takes a reference.
     */
    struct dais_buf *(*get)(const struct dais_board *board, struct dais_str key);
};

DAIS_SLOT const struct dais_shared_v1 *dais_shared;
#define DAIS_NEED_SHARED DAIS_NEED(shared, "dais.shared/1", 0)

#ifdef __cplusplus
}
#endif
