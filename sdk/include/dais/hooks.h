/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.hooks/1: operations that other plugins may watch, amend and refuse.
 *
 * A plugin declares what it does to its data as named operations ("stream.create"): a const table
 * of names and of the plain struct that travels. Other plugins attach hooks by name. A `before`
 * hook may amend the struct or veto; an `after` hook observes inside the same transaction; an
 * `after_commit` hook hears of it at least once, from an outbox in the database, in order per key.
 *
 *   owner                                         hook
 *     dais_operation_begin  ──► before hooks  ──►   amends its copy · veto(…) · DAIS_OK
 *     …its statements in run.tx…
 *     dais_operation_end    ──► after hooks   ──►   writes its own tables in event->tx
 *                               outbox, commit ──►  later: after_commit hooks
 *
 * Owner and hook share no header and no layout. Each describes its own struct by a shape, and the
 * host carries the rows that both have, by name: an owner may add rows, a hook names only those it
 * wants. The host owns order, time limits and failures: a hook that fails counts by its policy, one
 * that breaks the operation's rules is refused and charged for it, and a plugin that is out does
 * not take a fail-closed decision away. An operation that nobody is attached to costs one look-up.
 */
#include "dais/db.h"
#include "dais/field.h"
#include "dais/mem.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Longest name of an operation ("chat.message.create") or of a hook, in bytes. */
#define DAIS_OPERATION_NAME_BYTES_MAX 64u
/** Operations inside hooks of operations; deeper ones fail with DAIS_E_LIMIT. */
#define DAIS_OPERATION_DEPTH_MAX 4u
/** Longest time limit of a hook, and the one that `timeout_ms` 0 stands for, in milliseconds. */
#define DAIS_HOOK_TIMEOUT_MS_MAX 30000u
#define DAIS_HOOK_TIMEOUT_MS 2000u

/**
 * One operation, in the table of its owner.
 *
 * The shape is flat: texts, numbers, booleans, JSON and lists of texts; no SECRET rows. It is what
 * hooks of other authors rely on: rows may be added at any time, but an existing one keeps its
 * meaning and kind for ever. Hooks may change every row that is not marked DAIS_FIELD_FIXED; what
 * they give is held to the row's bounds. The struct begins with `present`, as every struct that is
 * read; a text whose `ptr` is NULL is absent.
 */
struct dais_operation {
    const char *name;               /**< "noun.verb", lower case; one owner per name */
    const struct dais_shape *value; /**< of the struct that travels */
    const char *key;     /**< the text row that orders after_commit deliveries; NULL: no order */
    const char *summary; /**< one line: what happens, and when in the life of the thing */
};

enum dais_hook_when {
    DAIS_HOOK_BEFORE = 1,      /**< before the owner's statements; may amend and veto */
    DAIS_HOOK_AFTER = 2,       /**< after them, before the commit; sees the outcome */
    DAIS_HOOK_AFTER_COMMIT = 3 /**< some milliseconds after the commit, at least once */
};

enum dais_hook_policy {
    /** The operation fails with DAIS_E_UNAVAILABLE when the hook fails or its plugin is out. */
    DAIS_FAIL_CLOSED = 1,
    /** The operation goes on as if the hook was not there; what the hook wrote is undone. */
    DAIS_FAIL_OPEN = 2
};

/** The plugin cannot work when nobody declares the operation; otherwise the hook just waits. */
#define DAIS_HOOK_REQUIRED 1u
/**
 * The hook uses no transaction (`event->tx` is NULL). An operation with only such `before` hooks
 * keeps its fast lane: mark every hook so that only looks at the value.
 */
#define DAIS_HOOK_WITHOUT_TX 2u

/** What a hook is told beside the value. Made by the host, valid during the call. */
struct dais_hook_event {
    struct dais_str operation;
    struct dais_str key; /**< the value's key row; absent without one */
    /**
     * The operation's transaction, for statements of any plugin; not to be ended here. For
     * after_commit: the transaction that takes the delivery off the outbox, so that what the hook
     * writes with it happens exactly once.
     */
    struct dais_tx *tx;
    struct dais_arena *arena; /**< of the running fiber; for amended texts */
    uint64_t delivery; /**< after_commit: its number, the same at each attempt; otherwise 0 */
    uint32_t attempt;  /**< after_commit: from 1; otherwise 0 */
    uint32_t when;     /**< enum dais_hook_when */
};

/**
 * A hook's function. `value` is the hook's own struct, filled by the rows of its shape; NULL
 * without a shape. Only what a `before` hook leaves in it counts, and only when it returns DAIS_OK.
 * A text is set by its view, in event->arena or constant. To refuse, return what `veto` returned;
 * any other code is a failure, which counts by the hook's policy.
 */
typedef int32_t (*dais_hook_fn)(const struct dais_hook_event *event, void *value);

/** One hook, in the table of the plugin that attaches it. */
struct dais_hook {
    const char *name;      /**< unique in the plugin; after_commit deliveries wait under it */
    const char *operation; /**< "stream.create" */
    uint32_t when;         /**< enum dais_hook_when */
    uint32_t policy;       /**< enum dais_hook_policy; after_commit: 0, failures are retried */
    int32_t priority;      /**< lower runs first; equal ones by plugin id, then by row */
    uint32_t timeout_ms;   /**< 0: DAIS_HOOK_TIMEOUT_MS; suspending calls fail from then on */
    uint32_t flags;        /**< DAIS_HOOK_… */
    uint32_t reserved;     /**< 0 */
    /**
     * The rows the hook wants, in a struct of its own; NULL: none. A row that the operation does
     * not have stays absent, or keeps the hook from attaching when it is REQUIRED. A row of kind
     * STRING takes every kind of text; other kinds must be equal. Bounds are the operation's.
     */
    const struct dais_shape *value;
    dais_hook_fn run; /**< [fiber] [suspends] */
    const char *summary;
};

/** Why the last operation of the running fiber was refused. Valid as long as the fiber's arena. */
struct dais_refusal {
    int32_t error;          /**< DAIS_E_…; DAIS_OK: it was not refused */
    uint32_t reserved;      /**< 0 */
    struct dais_str plugin; /**< whose hook it was */
    struct dais_str field;  /**< the culprit among the value's rows; absent for the whole */
    struct dais_str detail; /**< one sentence for the client */
};

struct dais_hooks_v1 {
    /** [setup] Declares operations; the table ends with a row whose name is NULL. */
    int32_t (*operations)(const struct dais_operation *table);
    /** [setup] Attaches hooks; the table ends with a row whose name is NULL. */
    int32_t (*attach)(const struct dais_hook *table);
    /**
     * [any] What the operation needs: 0 nobody is attached · DAIS_ATTACHED_… otherwise. Cheap
     * enough for every call; may change between calls (a plugin was reloaded). DAIS_ATTACHED for an
     * operation that was not declared: `before` refuses it, so that nobody's decision is missed.
     */
    uint32_t (*attached)(const struct dais_operation *operation);
    /**
     * [fiber] [suspends] Runs the before hooks on `value`, which then holds what they made of it.
     * `tx` may be NULL only without DAIS_ATTACHED_TX. The code of a veto, DAIS_E_UNAVAILABLE for a
     * fail-closed hook that failed, DAIS_E_INTERNAL for one that broke the rules, DAIS_E_LIMIT too
     * deep: roll back and return it, a handler's answer then tells why. DAIS_E_STATE: not declared.
     */
    int32_t (*before)(const struct dais_operation *operation, struct dais_tx *tx, void *value);
    /**
     * [fiber] [suspends] Runs the after hooks and writes what after_commit hooks will hear. Call it
     * behind the last statement of the operation, then commit. Errors as `before`.
     */
    int32_t (*after)(const struct dais_operation *operation, struct dais_tx *tx, const void *value);
    /**
     * [fiber] For before hooks: refuses the operation. `error` is one of INVALID, DENIED,
     * NOT_FOUND, CONFLICT, TOO_LARGE, MISMATCH, LIMIT, UNAVAILABLE, GONE; `field` names a row of
     * the value or is NULL; `detail` is one sentence, copied. Returns `error`, for the hook to
     * return; DAIS_E_STATE elsewhere.
     */
    int32_t (*veto)(const struct dais_hook_event *event, int32_t error, const char *field,
                    const char *detail);
    /** [fiber] Why the last operation of this fiber was refused, for whoever answers otherwise. */
    void (*refusal)(struct dais_refusal *ret_refusal);
};

#define DAIS_ATTACHED 1u    /**< hooks are to be run */
#define DAIS_ATTACHED_TX 2u /**< and they need the operation to be in a transaction */

DAIS_SLOT const struct dais_hooks_v1 *dais_hooks;
#define DAIS_NEED_HOOKS DAIS_NEED(hooks, "dais.hooks/1", 0)

/** [fiber] Whether the last operation of this fiber failed because of a hook. */
static inline int dais_operation_refused(void)
{
    struct dais_refusal refusal;
    dais_hooks->refusal(&refusal);
    return refusal.error != DAIS_OK;
}

/** An operation that is under way; on the stack of its handler. */
struct dais_operation_run {
    const struct dais_operation *operation;
    const void *value;
    struct dais_tx *tx; /**< for the statements; NULL: nobody needs one, take their own lanes */
    uint32_t attached;  /**< DAIS_ATTACHED_… when it began */
    uint32_t own;       /**< the transaction was begun here */
};

/**
 * [fiber] [suspends] Begins an operation: a transaction if hooks need one, then the before hooks.
 * With `tx`, of a caller that does more than this, the operation is a part of it. `value` lives
 * until dais_operation_end. Always go on to dais_operation_end, with the error if there is one:
 *
 *     int32_t error = dais_operation_begin(&run, &OPERATIONS[CREATE], NULL, &value);
 *     if (!error)
 *         error = store_add(run.tx, &value);   // dais_query_in(run.tx, …)
 *     error = dais_operation_end(&run, error);
 */
static inline int32_t dais_operation_begin(struct dais_operation_run *run,
                                           const struct dais_operation *operation,
                                           struct dais_tx *tx, void *value)
{
    uint32_t attached = dais_hooks->attached(operation);
    run->operation = operation;
    run->value = value;
    run->tx = tx;
    run->attached = attached;
    run->own = 0;
    if (!attached)
        return DAIS_OK;
    if (!tx && (attached & DAIS_ATTACHED_TX) != 0) {
        int32_t error = dais_db->begin(&run->tx);
        if (error)
            return error;
        run->own = 1;
    }
    return dais_hooks->before(operation, run->tx, value);
}

/**
 * [fiber] [suspends] Ends an operation: with `error` DAIS_OK the after hooks and, when it was begun
 * here, the commit; otherwise, and when one of these fails, the roll-back. Gives the first error.
 */
static inline int32_t dais_operation_end(struct dais_operation_run *run, int32_t error)
{
    struct dais_tx *own = run->own ? run->tx : NULL;
    if (!error && run->attached)
        error = dais_hooks->after(run->operation, run->tx, run->value);
    run->own = 0;
    if (own && error)
        dais_db->rollback(own);
    else if (own)
        error = dais_db->commit(own);
    return error;
}

#ifdef __cplusplus
}
#endif
