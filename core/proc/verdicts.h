/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the supervisor holds against each plugin: when it crashed, and what follows from that. A
 * pure rule without a clock or a process of its own.
 *
 *     a crash: verdicts_crash → counted, sent back to its former copy, or left out
 *     before a server process starts: verdicts_write into the page it inherits
 *     `dais plugin release NAME`: verdicts_release
 *
 * It lives as long as the supervisor: a restart of the server process forgets nothing, a restart of
 * the supervisor everything.
 */
#include "base/str.h"
#include "proc/slots.h"

#include <stdbool.h>

/** Crashes of one plugin whose time is remembered; limit crash_count is not larger. */
#define VERDICTS_TIMES_MAX 100u

/** What is known about one plugin. */
struct verdict {
    char id[SLOTS_NAME_BYTES];
    uint32_t crashes; /**< since the start or its release */
    uint32_t time_count;
    uint64_t times_ms[VERDICTS_TIMES_MAX]; /**< oldest first */
    bool quarantined;
    char last[SLOTS_LINE_BYTES];
    char reason[SLOTS_LINE_BYTES];
    char pinned[HOST_PAGE_PATH_BYTES];
    char pinned_reason[SLOTS_LINE_BYTES];
};

/** All plugins that have crashed. Starts zeroed. */
struct verdicts {
    uint32_t count;
    struct verdict rows[HOST_OWNERS_MAX];
};

/** One crash, as far as the rule goes. */
struct verdicts_crash {
    const char *id;
    uint64_t now_ms;
    const char *line;     /**< about it, for people */
    const char *previous; /**< the copy to go back to, when it crashed just after a reload; or NULL
                           */
};

/** What follows. */
enum verdict_outcome {
    VERDICT_COUNTED,
    VERDICT_RETURNED,   /**< its former copy is loaded from now on */
    VERDICT_QUARANTINED /**< it is left out from now on */
};

/**
 * Notes a crash. One just after a reload sends the plugin back to the copy before and does not
 * count towards quarantine; otherwise limit crash_count within limit crash_window_ms leaves it out.
 */
enum verdict_outcome verdicts_crash(struct verdicts *verdicts, const struct verdicts_crash *crash);

/** The row of a plugin; NULL when it never crashed. */
const struct verdict *verdicts_find(const struct verdicts *verdicts, const char *id);

/** Forgets everything about a plugin; false when there is nothing. */
bool verdicts_release(struct verdicts *verdicts, const char *id);

/** Forgets its pinned copy alone: a newer one has proved itself. */
void verdicts_unpin(struct verdicts *verdicts, const char *id);

/** Appends one line for each plugin, for people; nothing when there is none. */
void verdicts_print(const struct verdicts *verdicts, struct strbuf *out);

/** Writes them down for the next server process. */
void verdicts_write(const struct verdicts *verdicts, struct slots_note ret_notes[HOST_OWNERS_MAX]);
