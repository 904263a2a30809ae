/* SPDX-License-Identifier: MIT */
#include "proc/supervise.h"

#include "base/clock.h"
#include "base/json_write.h"
#include "base/log.h"
#include "proc/channel.h"
#include "proc/launch.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVER_BACKOFF_FIRST_MS 100u
#define SERVER_BACKOFF_MAX_MS 5000u
#define SERVER_SUSPECTS_MAX 8u

static void close_channel(struct supervise *state)
{
    if (state->channel >= 0)
        close(state->channel);
    state->channel = -1;
}

void supervise_server_start(struct supervise *state)
{
    struct supervise_child *child = &state->server;
    const struct launch launch = {
        .account = &state->account,
        .program = state->staging.program,
        .config = state->staging.config,
        .data_dir = state->datadir.path,
        .database = state->embedded != NULL ? embedded_conninfo(state->embedded) : NULL,
        .safe = state->options->safe,
        .core_dumps = state->options->core_dumps,
        .slots_fd = state->slots_fd,
    };
    if (child->backoff.first_ms == 0)
        backoff_init(&child->backoff, SERVER_BACKOFF_FIRST_MS, SERVER_BACKOFF_MAX_MS);
    keeper_begin(&state->keeper);
    slots_clear(state->slots);
    child->started_ms = clock_ms();
    if (launch_server(&launch, &child->pid, &state->channel) != DAIS_OK) {
        child->start_at_ms = child->started_ms + backoff_next(&child->backoff, 0);
        LOG_ERROR("no process can be started");
        return;
    }
    child->start_at_ms = SUPERVISE_NEVER;
    LOG_INFO("server process started", log_int("pid", child->pid));
}

/* {"http":"[::]:8080","http.2":"127.0.0.1:8081"}: a name that comes again gets its number. */
static void publish_ports(struct supervise *state)
{
    STRBUF_AUTO struct strbuf text;
    struct json_writer json;
    strbuf_init(&text, 1u << 16);
    json_write_init(&json, &text);
    json_open_object(&json);
    for (uint32_t i = 0; i < state->keeper.count; i++) {
        const struct keeper_group *group = &state->keeper.groups[i];
        char name[KEEPER_NAME_MAX + 16];
        uint32_t earlier = 0;
        for (uint32_t k = 0; k < i; k++)
            earlier += strcmp(state->keeper.groups[k].name, group->name) == 0;
        if (earlier == 0)
            snprintf(name, sizeof name, "%s", group->name);
        else
            snprintf(name, sizeof name, "%s.%u", group->name, earlier + 1);
        json_key(&json, name);
        json_add_stringz(&json, group->bound);
    }
    json_close_object(&json);
    strbuf_addc(&text, '\n');
    if (strbuf_error(&text) != DAIS_OK ||
        datadir_publish(&state->datadir, DATADIR_PORTS, strbuf_cstr(&text)) != DAIS_OK)
        LOG_WARN("the ports cannot be written down", log_text("folder", state->datadir.path));
}

static void on_ready(struct supervise *state)
{
    keeper_commit(&state->keeper);
    state->served = true;
    publish_ports(state);
    LOG_INFO("server process ready", log_int("pid", state->server.pid),
             log_uint("start_ms", clock_ms() - state->server.started_ms));
}

static void on_listen(struct supervise *state, const struct channel_message *asked)
{
    const struct keeper_group *group = NULL;
    struct channel_message answer = {.kind = CHANNEL_SOCKETS};
    int32_t error = DAIS_E_UNAVAILABLE; /* what a draining server asks for would never be closed */
    if (!state->stopping)
        error = keeper_listen(&state->keeper, asked->name, asked->text, asked->count, &group);
    if (error != DAIS_OK) {
        answer.kind = CHANNEL_FAILED;
        answer.error = error;
    } else {
        answer.count = group->count;
        snprintf(answer.text, sizeof answer.text, "%s", group->bound);
    }
    error = channel_send(state->channel, &answer, group != NULL ? group->fds : NULL, answer.count);
    if (error != DAIS_OK)
        LOG_WARN("the server process does not take its sockets", log_code(error));
}

void supervise_server_message(struct supervise *state)
{
    struct channel_message message;
    int fds[SOCKETS_GROUP_MAX];
    uint32_t count = 0;
    int32_t error = channel_receive(state->channel, &message, fds, &count);
    for (uint32_t i = 0; error == DAIS_OK && i < count; i++)
        close(fds[i]); /* nobody sends any in this direction */
    if (error == DAIS_OK && message.kind == CHANNEL_LISTEN) {
        on_listen(state, &message);
    } else if (error == DAIS_OK && message.kind == CHANNEL_READY) {
        on_ready(state);
    } else if (error != DAIS_E_UNAVAILABLE) {
        if (error != DAIS_E_GONE)
            LOG_ERROR("the server process sends what is no message", log_code(error));
        close_channel(state);
    }
}

/* Who was running when the process died. With several threads busy, all of them are named. */
static void log_suspects(const struct supervise *state)
{
    struct slots_suspect suspects[SERVER_SUSPECTS_MAX];
    uint32_t count = slots_suspects(state->slots, suspects, SERVER_SUSPECTS_MAX);
    for (uint32_t i = 0; i < count; i++)
        LOG_WARN("plugin was running", log_text("name", suspects[i].name),
                 log_uint("generation", suspects[i].owner.generation),
                 log_uint("callback", suspects[i].owner.callback),
                 log_uint("thread", suspects[i].slot));
}

static void log_end(const struct supervise *state, int status, uint32_t delay_ms)
{
    if (WIFSIGNALED(status)) {
        LOG_ERROR("server process died", log_int("pid", state->server.pid),
                  log_text("signal", sigabbrev_np(WTERMSIG(status))),
                  log_uint("restart_in_ms", delay_ms));
        log_suspects(state);
        return;
    }
    LOG_ERROR("server process gave up", log_int("pid", state->server.pid),
              log_int("status", WEXITSTATUS(status)), log_uint("restart_in_ms", delay_ms));
}

void supervise_server_exited(struct supervise *state, int status)
{
    struct supervise_child *child = &state->server;
    uint64_t now_ms = clock_ms();
    close_channel(state);
    if (state->stopping) {
        LOG_INFO("server process stopped", log_int("pid", child->pid),
                 log_text("killed", WIFSIGNALED(status) ? "yes" : "no"));
        child->pid = 0;
        return;
    }
    /* It said why; nothing that waiting could heal, and nobody has been served yet. */
    if (!state->served && WIFEXITED(status)) {
        child->pid = 0;
        LOG_ERROR("the server cannot start", log_int("status", WEXITSTATUS(status)));
        supervise_stop(state, true);
        return;
    }
    uint32_t delay_ms = backoff_next(&child->backoff, now_ms - child->started_ms);
    log_end(state, status, delay_ms);
    child->pid = 0;
    child->start_at_ms = now_ms + delay_ms;
}
