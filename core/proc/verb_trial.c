/* SPDX-License-Identifier: MIT */
/* `dais trial`: the process in which the server tries a plugin's new file; see trial.h. */
#include "base/str.h"
#include "host/config.h"
#include "host/host.h"
#include "host/report.h"
#include "proc/cli.h"
#include "proc/trial.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

/* The row of trial_fields in main.c. */
enum { TRIAL_FILES };

/* "auth=/path\nhls=/path\n"; the texts are NUL-terminated in place. */
static uint32_t split(char *text, struct host_pinned ret_files[HOST_OWNERS_MAX])
{
    uint32_t count = 0;
    for (char *line = text; *line != '\0' && count < HOST_OWNERS_MAX;) {
        char *equals = strchr(line, '='), *end = strchr(line, '\n');
        if (equals == NULL || end == NULL || equals > end)
            break;
        *equals = *end = '\0';
        ret_files[count++] = (struct host_pinned){.id = line, .path = equals + 1, .reason = ""};
        line = end + 1;
    }
    return count;
}

static bool is_among(const struct host_pinned *files, uint32_t count, struct dais_str id)
{
    for (uint32_t i = 0; i < count; i++) {
        if (str_eqz(id, files[i].id))
            return true;
    }
    return false;
}

/* What does not take part in the server does not take part here. */
static uint32_t leave_out(const struct config *config, const struct host_pinned *files,
                          uint32_t count, struct host_quarantine ret_rows[HOST_OWNERS_MAX])
{
    uint32_t left_out = 0;
    for (uint32_t i = 0; i < config->plugin_count && left_out < HOST_OWNERS_MAX; i++) {
        if (!is_among(files, count, config->plugins[i].id))
            ret_rows[left_out++] = (struct host_quarantine){config->plugins[i].id.ptr,
                                                            "it is not tried"};
    }
    return left_out;
}

static int32_t try_files(const struct config *config, char *text, struct report *report)
{
    struct host_pinned files[HOST_OWNERS_MAX];
    struct host_quarantine others[HOST_OWNERS_MAX];
    struct host *host = NULL;
    uint32_t count = split(text, files);
    const struct host_options options = {
        .config = config,
        .data_dir = config->data_dir.ptr,
        .offline = 1,
        .pinned = files,
        .pinned_count = count,
        .quarantine = others,
        .quarantine_count = leave_out(config, files, count, others),
    };
    int32_t error = host_new(&options, report, &host);
    if (error == DAIS_OK)
        host_free(host);
    return error;
}

int verb_trial(const struct cli *cli, const struct args *args)
{
    STRBUF_AUTO struct strbuf text;
    struct config *config = NULL;
    struct report *report = report_new();
    strbuf_init(&text, TRIAL_TEXT_BYTES_MAX);
    strbuf_addz(&text, args->values[TRIAL_FILES]);
    int32_t error = strbuf_error(&text);
    /* An `init` that does not end is killed by the server, or ends with it. */
    if (error == DAIS_OK && prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        error = DAIS_E_INTERNAL;
    if (error == DAIS_OK)
        error = config_load(cli->config, report, &config);
    if (error == DAIS_OK)
        error = try_files(config, text.ptr, report);
    config_free(config);
    report_free(report);
    return error == DAIS_OK ? 0 : CLI_FAILED;
}
