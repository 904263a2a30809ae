/* SPDX-License-Identifier: MIT */
#include "proc/supervisor.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "host/config.h"
#include "proc/signals.h"
#include "proc/supervise.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a draining server process gets on top of its own time limits. */
#define SUPERVISOR_MARGIN_MS 3000u

void supervise_stop(struct supervise *state, bool failed)
{
    state->failed = state->failed || failed;
    if (state->stopping)
        return;
    state->stopping = true;
    state->server.start_at_ms = SUPERVISE_NEVER;
    state->database.start_at_ms = SUPERVISE_NEVER;
    /* Running requests get the limit once, and once more after they were cancelled. */
    uint64_t drain_ms = 2 * (uint64_t)limit_get(LIMIT_SHUTDOWN_MS) + SUPERVISOR_MARGIN_MS;
    state->kill_at_ms = clock_ms() + drain_ms;
    datadir_withdraw(&state->datadir, DATADIR_PORTS);
    keeper_fini(&state->keeper);
    LOG_INFO("stopping", log_uint("drain_ms_max", drain_ms));
    if (state->server.pid != 0)
        kill(state->server.pid, SIGTERM);
}

static void kill_server(struct supervise *state)
{
    if (state->server.pid == 0)
        return;
    LOG_WARN("server process is killed", log_int("pid", state->server.pid));
    kill(state->server.pid, SIGKILL);
    state->kill_at_ms = SUPERVISE_NEVER;
}

static void reap(struct supervise *state)
{
    int status = 0;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == state->server.pid)
            supervise_server_exited(state, status);
        else if (pid == state->database.pid)
            supervise_database_exited(state, status);
        /* Others are orphans that a supervisor without an init above it inherits. */
    }
}

static void handle_signals(struct supervise *state)
{
    struct signals signals = signals_take();
    if (signals.child)
        reap(state);
    /* With a terminal, the one who started us has gone; without, it means "read again". */
    if (signals.hangup && isatty(STDIN_FILENO))
        supervise_stop(state, false);
    else if (signals.hangup && state->server.pid > 0)
        kill(state->server.pid, SIGHUP);
    if (signals.terminates > 0)
        supervise_stop(state, false);
    if (signals.terminates > 1)
        kill_server(state);
}

static void handle_time(struct supervise *state)
{
    uint64_t now_ms = clock_ms();
    if (now_ms >= state->database.start_at_ms)
        supervise_database_start(state);
    if (now_ms >= state->server.start_at_ms)
        supervise_server_start(state);
    if (now_ms >= state->kill_at_ms)
        kill_server(state);
    if (now_ms >= state->trim_at_ms)
        supervise_database_trim(state);
    if (now_ms >= state->watch_at_ms)
        supervise_server_watch(state);
}

/* Milliseconds until the next deadline, for poll. */
static int next_timeout(const struct supervise *state)
{
    const uint64_t deadlines[] = {state->database.start_at_ms, state->server.start_at_ms,
                                  state->kill_at_ms, state->trim_at_ms, state->watch_at_ms};
    uint64_t next = SUPERVISE_NEVER;
    for (unsigned i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++)
        next = deadlines[i] < next ? deadlines[i] : next;
    uint64_t now_ms = clock_ms();
    if (next == SUPERVISE_NEVER)
        return -1;
    if (next <= now_ms)
        return 0;
    return next - now_ms < INT_MAX ? (int)(next - now_ms) : INT_MAX;
}

static void run(struct supervise *state, int signal_fd)
{
    while (!state->stopping || state->server.pid != 0) {
        struct pollfd polled[] = {{.fd = signal_fd, .events = POLLIN},
                                  {.fd = state->channel, .events = POLLIN}};
        int ready = poll(polled, 2, next_timeout(state));
        if (ready < 0 && errno != EINTR) {
            LOG_ERROR("poll failed", log_int("errno", errno));
            supervise_stop(state, true);
        }
        if (ready > 0 && polled[1].revents != 0)
            supervise_server_message(state);
        if (ready > 0 && polled[0].revents != 0)
            handle_signals(state);
        handle_time(state);
    }
}

/* A copy does not change when the original does. */
static int32_t check_dev(const struct supervise *state, char *message)
{
    if (strncmp(state->staging.program, STAGING_DIR "/", sizeof STAGING_DIR) != 0)
        return DAIS_OK;
    snprintf(message, STAGING_MESSAGE_BYTES,
             "--dev follows the files of the build, but the user " REACH_ACCOUNT
             " can't reach them and runs a copy: build in another folder, or don't start as root");
    return DAIS_E_DENIED;
}

/* Account, folder, copies: all that can fail before anything runs. */
static int32_t open_places(struct supervise *state)
{
    const struct supervisor_options *options = state->options;
    char message[DATADIR_MESSAGE_BYTES] = "";
    char path[REACH_PATH_BYTES];
    _Static_assert(sizeof message >= RUNAS_MESSAGE_BYTES && sizeof message >= STAGING_MESSAGE_BYTES,
                   "one buffer for all");
    int32_t error = runas_find(REACH_ACCOUNT, message, &state->account);
    if (error != DAIS_OK) {
        LOG_ERROR("under root the service runs as a user of its own, which is missing",
                  log_text("user", REACH_ACCOUNT), log_text("make_it_with", REACH_ACCOUNT_HOW));
        return error;
    }
    error = datadir_choose(options->config->data_dir.ptr, &state->account, path);
    if (error != DAIS_OK)
        snprintf(message, sizeof message, "the data directory's path is too long");
    else
        error = datadir_open(path, &state->account, &state->datadir, message);
    if (error == DAIS_OK) {
        error = staging_prepare(&state->account, options->config_path, &state->staging, message);
        if (error == DAIS_OK && options->dev)
            error = check_dev(state, message);
        if (error != DAIS_OK)
            datadir_close(&state->datadir);
    }
    if (error != DAIS_OK)
        LOG_ERROR("cannot start", log_code(error), log_text("reason", message));
    return error;
}

/* From places that are open to the end of all children. */
static void supervise(struct supervise *state, int signal_fd)
{
    LOG_INFO("dais starts", log_text("data", state->datadir.path),
             log_text("config", state->options->config->file.ptr),
             log_uint("workers", state->options->config->workers));
    if (supervise_database_open(state) == DAIS_OK) {
        state->server.start_at_ms = clock_ms(); /* unless a signal came meanwhile */
        run(state, signal_fd);
    } else {
        state->failed = true;
    }
    supervise_database_close(state);
    LOG_INFO("stopped");
}

int supervisor_run(const struct supervisor_options *options)
{
    int signal_fd = -1;
    struct supervise *state = mem_zalloc(1, sizeof *state);
    if (state == NULL)
        return 1;
    state->options = options;
    state->channel = -1;
    state->kill_at_ms = SUPERVISE_NEVER;
    state->watch_at_ms = SUPERVISE_NEVER;
    state->failed = true;
    keeper_init(&state->keeper);
    if (open_places(state) == DAIS_OK) {
        if (signals_open(&signal_fd) == DAIS_OK &&
            slots_new(&state->slots, &state->slots_fd) == DAIS_OK) {
            state->failed = false;
            supervise(state, signal_fd);
            slots_free(state->slots);
        } else {
            LOG_ERROR("the kernel has no descriptors or memory left");
        }
        datadir_close(&state->datadir);
    }
    int status = state->failed ? 1 : 0;
    mem_free(state);
    return status;
}
