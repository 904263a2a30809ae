/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.cli/1: verbs of the `dais` command. The command reads the row's fields from its arguments
 * (required strings by position, others as --name value, secrets from their variable or asked for
 * without echo) and sends them over the control socket; the verb runs in the server, on a fiber.
 */
#include "dais/field.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One call of a verb. Valid until it returned. */
struct dais_cli;

/** A verb. */
struct dais_verb {
    const char *words;   /**< "user add" */
    const char *summary; /**< one line for `dais help` */
    const struct dais_shape *shape;
    /** [fiber] Returns DAIS_OK or an error, which becomes the command's exit status 1. */
    int32_t (*run)(struct dais_cli *cli, const void *input);
};

struct dais_cli_v1 {
    /** [setup] Registers verbs; the table ends with a row whose words are NULL. */
    int32_t (*verbs)(const struct dais_verb *table);
    /** [fiber] Adds text to what the command prints. */
    int32_t (*print)(struct dais_cli *cli, struct dais_str text);
    /** [fiber] Sets the message printed when the verb fails; returns `error`. */
    int32_t (*fail)(struct dais_cli *cli, int32_t error, const char *message);
};

/** The slot is named for the interface, not for the command. */
DAIS_SLOT const struct dais_cli_v1 *dais_cli_verbs;
#define DAIS_NEED_CLI DAIS_NEED(cli_verbs, "dais.cli/1", 0)

#ifdef __cplusplus
}
#endif
