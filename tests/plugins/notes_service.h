/* SPDX-License-Identifier: MIT */
#pragma once
/* example.notes/1: a service of the test plugin `amend` that writes in the transaction it is given.
 */
#include "dais/db.h"
#include "dais/services.h"

struct notes_service_v1 {
    /** [fiber] [suspends] Writes a note in `tx`. */
    int32_t (*write)(struct dais_tx *tx, struct dais_str text);
    /** [fiber] [suspends] Tries to commit the caller's transaction; what it was told. */
    int32_t (*commit)(struct dais_tx *tx);
};

DAIS_SLOT const struct notes_service_v1 *dais_notes;
#define DAIS_NEED_NOTES DAIS_NEED(notes, "example.notes/1", DAIS_NEED_OPTIONAL)

/** [fiber] [suspends] See struct notes_service_v1. */
static inline int32_t notes_write(struct dais_tx *tx, struct dais_str text)
{
    uint64_t entered = dais_services->enter(dais_notes);
    int32_t error = dais_notes->write(tx, text);
    dais_services->leave(entered);
    return error;
}

/** [fiber] [suspends] See struct notes_service_v1. */
static inline int32_t notes_commit(struct dais_tx *tx)
{
    uint64_t entered = dais_services->enter(dais_notes);
    int32_t error = dais_notes->commit(tx);
    dais_services->leave(entered);
    return error;
}
