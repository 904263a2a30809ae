/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The command's end of the control socket (host/control.h): asks the running server for its verbs,
 * and calls one. One connection a call; everything blocks.
 */
#include "proc/args.h"

struct dais_arena;

#define REMOTE_VERBS_MAX 256u

/** The verbs of a running server, in an arena. */
struct remote_verbs {
    uint32_t count;
    struct args_verb *verbs;
};

/** What a verb answered; views into the arena of the call. */
struct remote_answer {
    bool ok;
    struct dais_str text;    /**< what it printed */
    struct dais_str error;   /**< code of dais/error.h; absent when ok */
    struct dais_str message; /**< one line; absent when ok */
};

/**
 * The verbs of the server on `data_dir`. DAIS_E_UNAVAILABLE when none runs there, DAIS_E_GONE when
 * it went away meanwhile, DAIS_E_INVALID when it answers what can't be read (another version),
 * DAIS_E_MEMORY.
 */
DAIS_CHECK_RESULT int32_t remote_verbs(const char *data_dir, struct dais_arena *arena,
                                       struct remote_verbs *ret_verbs);

/** Calls `verb` with the values that are given; fails as remote_verbs. */
DAIS_CHECK_RESULT int32_t remote_call(const char *data_dir, const struct args_verb *verb,
                                      const struct args *args, struct dais_arena *arena,
                                      struct remote_answer *ret_answer);
