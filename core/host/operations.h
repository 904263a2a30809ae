/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Operations and the hooks attached to them: what stands behind dais.hooks/1.
 *
 * What plugins declare and attach in `init` is only registered; one table for the whole process is
 * built of it [parked], at the start and at each reload, and read plainly by all workers. It leads
 * from each row of an owner, also of a generation that is being replaced, to the hooks of the
 * current generations in their order. Hooks of a plugin that is out are known from a note on disk
 * (operations_noted.c), so that its fail-closed decisions are not taken away with it.
 *
 *   operations.c        the table
 *   operations_check.c  what may be registered, and whether a generation fits in
 *   operations_run.c    before and after hooks, vetoes, failures
 *   operations_noted.c  hooks of plugins that are out
 *   delivery.c          after_commit hooks hear what data/outbox.c keeps for them
 */
#include "dais/hooks.h"
#include "host/value.h"

#include <stdatomic.h>

struct generation;
struct host;
struct plugin;

/** Operations of all live generations, and hooks of one operation. */
#define OPERATIONS_MAX 1024u
#define OPERATION_HOOKS_MAX 256u

/** A hook as it is run. */
struct operation_hook {
    const struct dais_hook *row;
    struct plugin *plugin;
    struct generation *generation; /* NULL: its plugin is out, nothing can be run */
    struct value_map map;
    uint32_t timeout_ms;
    uint32_t subscriber; /* after_commit: its number at delivery.c */
};

/** One declared row with everything that is attached to it. */
struct operation {
    const struct dais_operation *row;
    const struct plugin *owner;
    const struct generation *generation; /* that declares it; may be gone, only to be compared */
    uint32_t attached;                   /* DAIS_ATTACHED_… */
    uint32_t before_count;
    uint32_t after_count;
    uint32_t committed_count;
    const struct operation_hook *hooks; /* before, then after, then after_commit hooks */
    struct dais_str subscribers;        /* of the outbox, as an SQL array; absent: none */
};

/** The table of one time. */
struct operations {
    struct dais_arena arena;
    _Atomic uint32_t users;  /* runs that hold it */
    struct operations *next; /* among those that were replaced */
    uint32_t count;
    struct operation *rows;
    uint32_t mask;
    const struct operation **places; /* a hash by the address of the declared row */
};

/** The table in use, NULL before the first one. [worker without giving way, main thread] */
struct operations *operations_now(void);

/** The operation of a declared row, or NULL. */
const struct operation *operations_find(const struct operations *table,
                                        const struct dais_operation *row);

/** Keeps the table and all generations attached to `operation` while hooks of it are run. */
void operations_hold(struct operations *table, const struct operation *operation);
void operations_release(struct operations *table, const struct operation *operation);

/** Builds the table anew from the registrations of all generations that live. [parked] */
void operations_rebuild(struct host *host);

/** Frees all tables. After the workers are gone. [main thread] */
void operations_fini(void);

/** dais_hooks_v1.operations and .attach: looks the rows over and registers them. [setup] */
int32_t operations_declare(const struct dais_operation *table);
int32_t operations_attach(const struct dais_hook *table);

/**
 * Whether what `generation` declares fits to all others: names that nobody else has and, at a
 * reload, the rows that their hooks rely on. DAIS_E_INVALID after generation_fail. [main thread]
 */
DAIS_CHECK_RESULT int32_t operations_check(struct host *host, struct generation *generation);

/**
 * Whether the hooks of `generation` find what they need: their rows, and the operation itself when
 * they are REQUIRED. DAIS_E_INVALID after generation_fail. Behind every `init`. [main thread]
 */
DAIS_CHECK_RESULT int32_t operations_required(struct host *host, struct generation *generation);

/** The entries of dais_hooks_v1; see there. */
uint32_t operations_attached(const struct dais_operation *row);
int32_t operations_before(const struct dais_operation *row, struct dais_tx *tx, void *value);
int32_t operations_after(const struct dais_operation *row, struct dais_tx *tx, const void *value);
int32_t operations_veto(const struct dais_hook_event *event, int32_t error, const char *field,
                        const char *detail);
void operations_refusal(struct dais_refusal *ret_refusal);

/** A transaction of the running fiber was committed: after_commit hooks have something to hear. */
void operations_committed(void);

/** Registers the metrics of operations. [main thread] */
DAIS_CHECK_RESULT int32_t operations_init(void);

/** Notes the hooks of every plugin that has started, for a start without it. [main thread] */
void operations_save(const struct host *host);

/** Reads the notes of plugins that are out. Before operations_rebuild. [main thread] */
void operations_restore(struct host *host);

/** The noted hooks of a plugin that is out, ending with a row without a name; or NULL. */
const struct dais_hook *operations_noted(uint32_t owner);
