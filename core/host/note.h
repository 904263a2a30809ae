/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Notes: what is known of a plugin while it serves, for when it is out and could not even be
 * loaded. One file of lines each, <data>/run/plugins/<id>.<kind>. Its routes and its hooks are
 * noted.
 */
#include "base/str.h"

struct plugin;

/** A kind of note. */
struct note {
    const char *kind; /**< "routes" */
    uint64_t bytes_max;
};

/** Writes the note, unless it says that already; none is as good as an empty one. A failure is
 * logged. [main thread, blocks] */
void note_save(const struct note *note, const struct plugin *plugin, const struct strbuf *text);

/** The note in a new block (mem_free). As files_read. [main thread, blocks] */
DAIS_CHECK_RESULT int32_t note_read(const struct note *note, const struct plugin *plugin,
                                    struct dais_str *ret_text);
