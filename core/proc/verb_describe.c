/* SPDX-License-Identifier: MIT */
/*
 * `dais describe`: every table of the configuration: of the running server, or of the one that
 * would start, whose plugins are loaded for it and nothing else.
 */
#include "base/error.h"
#include "host/config.h"
#include "host/describe.h"
#include "host/host.h"
#include "host/report.h"
#include "proc/cli.h"
#include "proc/remote.h"

#include <stdio.h>
#include <string.h>

#define DESCRIBE_BYTES (32u << 20)

/* The row of describe_fields in main.c. */
enum { DESCRIBE_FORMAT };

static int32_t describe_offline(const struct cli *cli, bool json, struct strbuf *out)
{
    struct config *config = NULL;
    struct host *host = NULL;
    struct report *report = report_new();
    int32_t error = config_load(cli->config, report, &config);
    if (error == DAIS_OK) {
        const struct host_options options = {
            .config = config,
            .data_dir = config->data_dir.ptr,
            .offline = 1,
        };
        error = host_new(&options, report, &host);
    }
    cli_print(report);
    if (error == DAIS_OK) {
        if (json)
            describe_json(out);
        else
            describe_text(out);
        error = strbuf_error(out);
    }
    host_free(host);
    config_free(config);
    report_free(report);
    return error;
}

static int32_t describe_remote(const char *data_dir, const struct args *args, struct strbuf *out)
{
    static const struct args_field fields[] = {{.name = "format"}};
    static const struct args_verb verb = {"describe", "", fields, 1};
    struct remote_answer answer = {0};
    struct dais_arena arena;
    arena_init(&arena, DESCRIBE_BYTES);
    int32_t error = remote_call(data_dir, &verb, args, &arena, &answer);
    if (error == DAIS_OK && answer.ok)
        strbuf_add(out, answer.text);
    arena_reset(&arena);
    return error == DAIS_OK && !answer.ok ? DAIS_E_INTERNAL : error;
}

int verb_describe(const struct cli *cli, const struct args *args)
{
    const char *format = args->values[DESCRIBE_FORMAT];
    char data_dir[REACH_PATH_BYTES];
    bool json = format != NULL && strcmp(format, "json") == 0;
    if (format != NULL && !json && strcmp(format, "text") != 0) {
        fputs("dais describe: --format is text or json\n", stderr);
        return CLI_USAGE;
    }
    STRBUF_AUTO struct strbuf out;
    strbuf_init(&out, DESCRIBE_BYTES);
    if (cli_data_dir(cli, data_dir) != DAIS_OK)
        return CLI_FAILED;
    int32_t error = describe_remote(data_dir, args, &out);
    if (error == DAIS_E_UNAVAILABLE || error == DAIS_E_DENIED)
        error = describe_offline(cli, json, &out);
    if (error != DAIS_OK) {
        fprintf(stderr, "dais describe: %s\n", error_title(error));
        return CLI_FAILED;
    }
    fputs(strbuf_cstr(&out), stdout);
    return 0;
}
