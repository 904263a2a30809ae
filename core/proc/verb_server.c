/* SPDX-License-Identifier: MIT */
/*
 * `dais server`: the server process. The supervisor starts it with a channel, a page of slots and
 * the database's address in its environment; started by hand it opens its sockets itself and uses
 * database.url.
 */
#include "base/log.h"
#include "base/mem.h"
#include "host/config.h"
#include "host/host.h"
#include "host/report.h"
#include "proc/channel.h"
#include "proc/cli.h"
#include "proc/fault.h"
#include "proc/launch.h"
#include "proc/notes.h"
#include "proc/slots.h"
#include "proc/trial.h"
#include "proc/uplink.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* The rows of serve_fields in main.c. */
enum { SERVER_SAFE, SERVER_CORE_DUMPS, SERVER_DEV };

/* For the signal handler: the one host of this process. */
static struct host *running_host;

static void stop(int number)
{
    (void)number;
    host_stop(running_host);
}

static void hang_up(int number)
{
    (void)number;
    host_hangup(running_host);
}

static bool take_signals(void)
{
    struct sigaction action = {.sa_handler = stop, .sa_flags = SA_RESTART};
    struct sigaction hangup = {.sa_handler = hang_up, .sa_flags = SA_RESTART};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    return sigaction(SIGTERM, &action, NULL) == 0 && sigaction(SIGINT, &action, NULL) == 0 &&
           sigaction(SIGHUP, &hangup, NULL) == 0 && sigaction(SIGPIPE, &ignore, NULL) == 0;
}

/* As many descriptors as the system allows; a core file would delay the restart after a crash. */
static void set_limits(bool core_dumps)
{
    struct rlimit files, core;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &files) != 0)
            LOG_WARN("the limit of file descriptors cannot be raised");
    }
    if (getrlimit(RLIMIT_CORE, &core) == 0) {
        core.rlim_cur = core_dumps ? core.rlim_max : 0;
        if (setrlimit(RLIMIT_CORE, &core) != 0)
            LOG_WARN("the limit of core files cannot be set");
    }
}

static int32_t attach_slots(struct slots **ret_slots)
{
    const char *text = getenv(CHANNEL_ENV_SLOTS_FD);
    int64_t fd = -1;
    if (text == NULL)
        return DAIS_OK;
    int32_t error = str_parse_int(dais_cstr(text), 0, INT32_MAX, &fd);
    unsetenv(CHANNEL_ENV_SLOTS_FD);
    return error == DAIS_OK ? slots_attach((int)fd, ret_slots) : error;
}

/* Without a supervisor nobody made the folder yet. */
static int32_t make_data_dir(const char *path)
{
    struct stat entry;
    (void)mkdir(path, 0750);
    return stat(path, &entry) == 0 && S_ISDIR(entry.st_mode) ? DAIS_OK : DAIS_E_DENIED;
}

static int32_t run_host(const struct host_options *options, struct report *report)
{
    struct host *host = NULL;
    int32_t error = host_new(options, report, &host);
    if (error != DAIS_OK)
        return error;
    running_host = host;
    if (take_signals())
        error = host_run(host);
    else
        error = DAIS_E_INTERNAL;
    signal(SIGTERM, SIG_IGN); /* it stops already */
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    host_free(host);
    return error;
}

static int32_t serve(const struct config *config, const struct args *args, struct report *report)
{
    struct slots *slots = NULL;
    const char *embedded = getenv(LAUNCH_ENV_DATABASE);
    int32_t error = uplink_open();
    if (error == DAIS_OK)
        error = attach_slots(&slots);
    if (error == DAIS_OK && slots != NULL)
        error = fault_open(slots);
    if (error == DAIS_OK)
        error = make_data_dir(config->data_dir.ptr);
    if (error != DAIS_OK) {
        report_add(report, "the server process can't use what its supervisor gave it");
        return error;
    }
    struct host_options options = {
        .config = config,
        .data_dir = config->data_dir.ptr,
        .database = embedded != NULL ? embedded : config->database_url.ptr,
        .embedded = embedded != NULL,
        .dev = args->values[SERVER_DEV] != NULL,
        .trial = trial_run,
        .safe = args->values[SERVER_SAFE] != NULL,
        .pages = slots != NULL ? slots->pages : NULL,
        .slots = slots != NULL ? slots->slots : NULL,
        .slot_count = slots != NULL ? SLOTS_MAX : 0,
        .thread_start = fault_thread_start,
        .open_sockets = uplink_listen,
        .close_sockets = uplink_unlisten,
        .ready = uplink_ready,
    };
    if (slots != NULL)
        notes_apply(slots, &options);
    error = run_host(&options, report);
    uplink_close();
    slots_free(slots);
    return error;
}

int verb_server(const struct cli *cli, const struct args *args)
{
    struct config *config = NULL;
    struct report *report = report_new();
    mem_tune();
    int32_t error = config_load(cli->config, report, &config);
    if (error == DAIS_OK) {
        log_setup((enum log_level)config->log_level,
                  config->log_json ? LOG_FORMAT_JSON : LOG_FORMAT_LOGFMT);
        set_limits(args->values[SERVER_CORE_DUMPS] != NULL);
        trial_config(cli->config);
        error = serve(config, args, report);
    }
    const char *line;
    for (uint32_t i = 0; (line = report_line(report, i)) != NULL; i++)
        LOG_ERROR("the server cannot run", log_text("reason", line));
    config_free(config);
    report_free(report);
    return error == DAIS_OK ? 0 : CLI_FAILED;
}
