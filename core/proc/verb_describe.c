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

/* The rows of describe_fields in main.c; the server knows the first one only. */
enum { DESCRIBE_FORMAT, DESCRIBE_TOPIC };

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

/* A topic is a line that isn't indented, with all up to the next one. */
static bool next_topic(struct dais_str *rest, struct dais_str *ret_topic)
{
    struct dais_str line, all = *rest;
    uint64_t taken = 0;
    while (str_split(rest, '\n', &line)) {
        if (taken > 0 && line.len > 0 && line.ptr[0] != ' ') {
            *rest = str_sub(all, taken, all.len);
            break;
        }
        taken += line.len + 1;
    }
    *ret_topic = str_sub(all, 0, taken);
    return taken > 0 && all.len > 0;
}

static struct dais_str title_of(struct dais_str topic)
{
    struct dais_str title = {NULL, 0};
    (void)str_split(&topic, '\n', &title);
    return title;
}

static int print_topic(struct dais_str text, const char *wanted)
{
    struct dais_str rest = text, topic;
    while (next_topic(&rest, &topic)) {
        if (!str_eqz(title_of(topic), wanted))
            continue;
        fwrite(topic.ptr, 1, topic.len, stdout);
        return 0;
    }
    fputs("dais describe: the topics are", stderr);
    for (rest = text; next_topic(&rest, &topic);)
        fprintf(stderr, " %.*s", STR_ARG(title_of(topic)));
    fputc('\n', stderr);
    return CLI_USAGE;
}

int verb_describe(const struct cli *cli, const struct args *args)
{
    const char *format = args->values[DESCRIBE_FORMAT], *topic = args->values[DESCRIBE_TOPIC];
    char data_dir[REACH_PATH_BYTES];
    bool json = format != NULL && strcmp(format, "json") == 0;
    if (json && topic != NULL) {
        fputs("dais describe: a topic is for text; JSON has all of them\n", stderr);
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
    if (topic != NULL)
        return print_topic(strbuf_view(&out), topic);
    fwrite(out.ptr, 1, out.len, stdout);
    return 0;
}
