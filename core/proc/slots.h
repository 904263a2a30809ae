/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The page that survives a crash: memory shared between supervisor and server process, in which
 * each thread of the server keeps who runs on it now (base/owner.h), the host writes what its
 * plugins are (host/page.h) and the signal handler what happened (fault.h). The other way the
 * supervisor tells the next server process what it has noted about each plugin (verdicts.h).
 *
 *     supervisor: slots_new → { slots_clear, notes; the server lives and dies; slots_… } →
 * slots_free server:     slots_attach
 *
 * The page is a sealed memfd that the server process inherits; addresses in it mean something in
 * that process alone. What the supervisor reads comes from a process that crashed: it is evidence,
 * never trusted as an index or text.
 */
#include "base/owner.h"
#include "dais/error.h"
#include "host/host.h"
#include "loop/worker.h"

/** One for each worker, then for job threads; the last one is the main thread's. */
#define SLOTS_MAX (WORKERS_MAX + 256u)
/** Bytes of one suspect's name, its NUL included. */
#define SLOTS_NAME_BYTES HOST_OWNER_NAME_BYTES
/** Loaded files besides plugins that a backtrace can name. */
#define SLOTS_MODULES_MAX 64u
#define SLOTS_MODULE_BYTES 64u
/** Frames of a backtrace. */
#define SLOTS_FRAMES_MAX 32u
/** Bytes of a callback's, fiber's or thread's name, its NUL included. */
#define SLOTS_LABEL_BYTES 96u
/** Bytes of a line about a crash, its NUL included. */
#define SLOTS_LINE_BYTES 400u

/** A loaded file: the program itself or a library of the system. */
struct slots_module {
    char name[SLOTS_MODULE_BYTES];
    uint64_t base;
    uint64_t low, high; /**< of its code */
};

/** How far the signal handler got. */
enum slots_crash_state { SLOTS_CRASH_NONE = 0, SLOTS_CRASH_BEGUN, SLOTS_CRASH_TOLD };

/** What the signal handler writes, in this order; only the first thread that crashes does. */
struct slots_crash {
    _Atomic uint32_t state; /**< enum slots_crash_state */
    int32_t signal;
    int32_t code; /**< si_code */
    uint32_t slot;
    int32_t thread; /**< kernel id */
    struct owner owner;
    uint64_t address; /**< si_addr */
    uint64_t pc;
    uint64_t stack_pointer;
    uint32_t fiber_overflow; /**< the address lies in the guard of the running fiber */
    char fiber[SLOTS_LABEL_BYTES];
    char thread_name[16];
    char callback[SLOTS_LABEL_BYTES];
    uint32_t frame_count;
    uint64_t frames[SLOTS_FRAMES_MAX];
};

/** What the supervisor has noted about a plugin, for the next server process. */
struct slots_note {
    char id[HOST_OWNER_NAME_BYTES]; /**< "": the end of the notes */
    _Atomic uint32_t crashes;
    uint32_t quarantined;
    char last[SLOTS_LINE_BYTES];       /**< about the last crash */
    char reason[SLOTS_LINE_BYTES];     /**< why it is left out */
    char pinned[HOST_PAGE_PATH_BYTES]; /**< the copy to load; "": the configured file */
    char pinned_reason[SLOTS_LINE_BYTES];
};

/** The layout of the page. */
struct slots {
    struct owner_slot slots[SLOTS_MAX];
    struct host_plugin_page pages[HOST_OWNERS_MAX];
    struct slots_module modules[SLOTS_MODULES_MAX];
    struct slots_crash crash;
    struct slots_note notes[HOST_OWNERS_MAX];
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

/** The id of the plugin `owner`; "" for the core and for what is no plugin. */
void slots_plugin_id(const struct slots *slots, uint32_t owner, char ret_id[SLOTS_NAME_BYTES]);

/** The plugin in whose code the address lies, and the generation; OWNER_CORE when in none. */
uint32_t slots_plugin_at(const struct slots *slots, uint64_t address, uint32_t *ret_generation);
