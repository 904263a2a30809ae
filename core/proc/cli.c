/* SPDX-License-Identifier: MIT */
#include "proc/cli.h"

#include "host/config.h"
#include "host/report.h"
#include "proc/datadir.h"

#include <stdio.h>

void cli_print(const struct report *report)
{
    const char *line;
    for (uint32_t i = 0; (line = report_line(report, i)) != NULL; i++)
        fprintf(stderr, "dais: %s\n", line);
}

int32_t cli_data_dir(const struct cli *cli, char ret_path[REACH_PATH_BYTES])
{
    char message[RUNAS_MESSAGE_BYTES];
    struct runas account = {0};
    struct config *config = NULL;
    struct report *report = report_new();
    int32_t error = config_load(cli->config, report, &config);
    if (error == DAIS_OK) {
        /* Without the account nothing of its can run; then the configured folder is as good as any.
         */
        if (runas_find(REACH_ACCOUNT, message, &account) != DAIS_OK)
            account.other = 0;
        error = datadir_choose(config->data_dir.ptr, &account, ret_path);
        if (error != DAIS_OK)
            fputs("dais: the data directory's path is too long\n", stderr);
        config_free(config);
    } else {
        cli_print(report);
    }
    report_free(report);
    return error;
}
