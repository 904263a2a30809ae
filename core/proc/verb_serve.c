/* SPDX-License-Identifier: MIT */
/* `dais serve`: the supervisor. */
#include "base/log.h"
#include "host/config.h"
#include "host/report.h"
#include "proc/cli.h"
#include "proc/supervisor.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* The rows of serve_fields in main.c. */
enum { SERVE_SAFE, SERVE_CORE_DUMPS, SERVE_DEV };

int verb_serve(const struct cli *cli, const struct args *args)
{
    struct config *config = NULL;
    struct report *report = report_new();
    int32_t error = config_load(cli->config, report, &config);
    cli_print(report);
    report_free(report);
    if (error != DAIS_OK)
        return CLI_FAILED;
    log_setup((enum log_level)config->log_level,
              config->log_json ? LOG_FORMAT_JSON : LOG_FORMAT_LOGFMT);

    /* The server process may start in another folder. */
    char path[PATH_MAX];
    const char *named = cli->config != NULL ? cli->config : "dais.yaml";
    const struct supervisor_options options = {
        .config = config,
        .config_path = realpath(named, path),
        .safe = args->values[SERVE_SAFE] != NULL,
        .core_dumps = args->values[SERVE_CORE_DUMPS] != NULL,
        .dev = args->values[SERVE_DEV] != NULL,
    };
    int status = supervisor_run(&options);
    config_free(config);
    return status;
}
