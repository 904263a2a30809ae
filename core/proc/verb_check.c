/* SPDX-License-Identifier: MIT */
/* `dais check`: all that a start would complain about, without starting. */
#include "host/config.h"
#include "host/host.h"
#include "host/report.h"
#include "proc/cli.h"

#include <stdio.h>

/* The row of check_fields in main.c. */
enum { CHECK_FILE };

/* Loads the plugins as well: they know their own keys. */
static int32_t check_plugins(const struct config *config, struct report *report)
{
    struct host *host = NULL;
    const struct host_options options = {
        .config = config,
        .data_dir = config->data_dir.ptr,
        .offline = 1,
    };
    int32_t error = host_new(&options, report, &host);
    if (error == DAIS_OK)
        host_free(host);
    return error;
}

int verb_check(const struct cli *cli, const struct args *args)
{
    const char *file = args->values[CHECK_FILE] != NULL ? args->values[CHECK_FILE] : cli->config;
    struct config *config = NULL;
    struct report *report = report_new();
    int32_t error = config_load(file, report, &config);
    if (error == DAIS_OK)
        error = check_plugins(config, report);
    cli_print(report);
    uint32_t problems = report_count(report);
    if (error == DAIS_OK && problems == 0)
        printf("%s is fine\n", config->file.ptr);
    else
        fprintf(stderr, "dais check: %u problem%s\n", problems, problems == 1 ? "" : "s");
    config_free(config);
    report_free(report);
    return error == DAIS_OK && problems == 0 ? 0 : CLI_FAILED;
}
