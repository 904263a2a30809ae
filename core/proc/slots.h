/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The page that survives a crash: memory shared between supervisor and server process, in which
 * each thread of the server keeps who runs on it now (base/owner.h) and the host writes the
 * plugins' names.
 *
 *     supervisor: slots_new → { the server lives and dies; slots_suspects; slots_clear } →
 * slots_free server:     slots_attach
 *
 * The page is a sealed memfd that the server process inherits; nothing in it is a pointer. What the
 * supervisor reads comes from a process that crashed: it is evidence, never trusted as an index or
 * text.
 */
#include "base/owner.h"
#include "dais/error.h"
#include "host/host.h"
#include "loop/worker.h"

/** One for each worker, then for other threads that run plugin code. */
#define SLOTS_MAX (WORKERS_MAX + 256u)
/** Bytes of one suspect's name, its NUL included. */
#define SLOTS_NAME_BYTES HOST_OWNER_NAME_BYTES

/** The layout of the page. */
struct slots {
    struct owner_slot slots[SLOTS_MAX];
    char owner_names[HOST_OWNERS_MAX * HOST_OWNER_NAME_BYTES];
};

/** A plugin that was running on some thread. */
struct slots_suspect {
    uint32_t slot;
    struct owner owner;
    char name[SLOTS_NAME_BYTES]; /**< "" when the host had not named it yet */
};

/** Makes an empty page, and its descriptor (close-on-exec). DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t slots_new(struct slots **ret_slots, int *ret_fd);

/** Maps the page of `fd`, which is closed. DAIS_E_INVALID when it is no such page. */
DAIS_CHECK_RESULT int32_t slots_attach(int fd, struct slots **ret_slots);

/** Unmaps the page; NULL is ignored. */
void slots_free(struct slots *slots);

/** Empties the page for the next server process. */
void slots_clear(struct slots *slots);

/** The first `max` plugins found running in the page; returns how many. */
uint32_t slots_suspects(const struct slots *slots, struct slots_suspect *ret_suspects,
                        uint32_t max);
