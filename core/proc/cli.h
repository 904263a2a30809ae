/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The command `dais`: verbs that run in this process, one file for each group, and how a verb tells
 * what it was given. Verbs that are in no table here belong to the running server and its plugins;
 * verb_remote.c reaches those. A verb's result is the exit status.
 */
#include "proc/args.h"
#include "proc/reach.h"

struct report;

/** Exit statuses besides 0. */
#define CLI_FAILED 1
#define CLI_USAGE 2

/** What stands before or behind any verb. */
struct cli {
    const char *config; /**< of --config; NULL: ./dais.yaml, if there is one */
};

/** A verb of this process. */
struct cli_verb {
    struct args_verb verb;
    int (*run)(const struct cli *cli, const struct args *args);
    bool hidden; /**< not for people */
};

/** The table; ends with a row without words. */
extern const struct cli_verb cli_verbs[];

/**
 * The data directory that DAIS_DATA, the configuration or the default names, as `dais serve` would
 * choose it. An error after it was printed what is wrong.
 */
DAIS_CHECK_RESULT int32_t cli_data_dir(const struct cli *cli, char ret_path[REACH_PATH_BYTES]);

/** Prints the lines of a report on standard error. */
void cli_print(const struct report *report);

/** The verb of this process that `words` begin with and how many words it takes, or NULL. */
const struct cli_verb *cli_find(const char *const *words, uint32_t count, uint32_t *ret_taken);

/** The supervisor, until a signal ends it. */
int verb_serve(const struct cli *cli, const struct args *args);
/** The server process. */
int verb_server(const struct cli *cli, const struct args *args);
/** Looks for problems in the configuration. */
int verb_check(const struct cli *cli, const struct args *args);
/** The process in which the server tries a plugin's new file. */
int verb_trial(const struct cli *cli, const struct args *args);
/** Looks for problems in a plugin's file. */
int verb_lint(const struct cli *cli, const struct args *args);
/** Prints all tables, of the running server or without one. */
int verb_describe(const struct cli *cli, const struct args *args);
/** Examines the machine. */
int verb_doctor(const struct cli *cli, const struct args *args);
/** Lists the verbs, or explains the one in the values. */
int verb_help(const struct cli *cli, const struct args *args);
/** Prints the version; `args` is not looked at. */
int verb_version(const struct cli *cli, const struct args *args);

/** Runs a verb of the running server; `words` begin with the verb's. */
int verb_remote(const struct cli *cli, const char *const *words, uint32_t count);
