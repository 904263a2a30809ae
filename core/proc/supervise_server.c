/* SPDX-License-Identifier: MIT */
#include "proc/supervise.h"

#include "base/clock.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "base/log.h"
#include "proc/autopsy.h"
#include "proc/channel.h"
#include "proc/launch.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVER_BACKOFF_FIRST_MS 100u
#define SERVER_BACKOFF_MAX_MS 5000u
/* What the signal handler of a stuck process gets before it is killed. */
#define SERVER_ABORT_MS 1000u

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
        .dev = state->options->dev,
        .slots_fd = state->slots_fd,
    };
    if (child->backoff.first_ms == 0)
        backoff_init(&child->backoff, SERVER_BACKOFF_FIRST_MS, SERVER_BACKOFF_MAX_MS);
    keeper_begin(&state->keeper);
    slots_clear(state->slots);
    verdicts_write(&state->verdicts, state->slots->notes);
    watchdog_begin(&state->watchdog);
    child->started_ms = clock_ms();
    if (launch_server(&launch, &child->pid, &state->channel) != DAIS_OK) {
        child->start_at_ms = child->started_ms + backoff_next(&child->backoff, 0);
        LOG_ERROR("no process can be started");
        return;
    }
    child->start_at_ms = SUPERVISE_NEVER;
    state->watch_at_ms = child->started_ms + WATCHDOG_EVERY_MS;
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
    if (group != NULL && state->served)
        publish_ports(state);
    error = channel_send(state->channel, &answer, group != NULL ? group->fds : NULL, answer.count);
    if (error != DAIS_OK)
        LOG_WARN("the server process does not take its sockets", log_code(error));
}

static void on_close(struct supervise *state, const struct channel_message *asked)
{
    const struct channel_message answer = {.kind = CHANNEL_CLOSED};
    keeper_forget(&state->keeper, asked->name, asked->text);
    if (state->served)
        publish_ports(state);
    int32_t error = channel_send(state->channel, &answer, NULL, 0);
    if (error != DAIS_OK)
        LOG_WARN("the server process does not hear its supervisor", log_code(error));
}

static void publish_crashes(struct supervise *state)
{
    STRBUF_AUTO struct strbuf text;
    strbuf_init(&text, 1u << 20);
    verdicts_print(&state->verdicts, &text);
    if (strbuf_error(&text) != DAIS_OK ||
        datadir_publish(&state->datadir, DATADIR_CRASHES, strbuf_cstr(&text)) != DAIS_OK)
        LOG_WARN("the crashes cannot be written down", log_text("folder", state->datadir.path));
}

static void on_release(struct supervise *state, const char *id)
{
    if (!verdicts_release(&state->verdicts, id))
        return;
    LOG_INFO("plugin released", log_text("plugin", id));
    publish_crashes(state);
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
    } else if (error == DAIS_OK && message.kind == CHANNEL_CLOSE) {
        on_close(state, &message);
    } else if (error == DAIS_OK && message.kind == CHANNEL_READY) {
        on_ready(state);
    } else if (error == DAIS_OK && message.kind == CHANNEL_RELEASE) {
        on_release(state, message.text);
    } else if (error != DAIS_E_UNAVAILABLE) {
        if (error != DAIS_E_GONE)
            LOG_ERROR("the server process sends what is no message", log_code(error));
        close_channel(state);
    }
}

void supervise_server_watch(struct supervise *state)
{
    uint64_t now_ms = clock_ms();
    state->watch_at_ms = now_ms + WATCHDOG_EVERY_MS;
    if (!watchdog_look(&state->watchdog, state->slots, state->server.pid, now_ms))
        return;
    const struct watchdog_stall *stall = &state->watchdog.stall;
    char plugin[SLOTS_NAME_BYTES];
    slots_plugin_id(state->slots, stall->owner.plugin, plugin);
    LOG_ERROR("a loop is stuck: the server process is ended", log_int("pid", state->server.pid),
              log_text("plugin", plugin[0] != '\0' ? plugin : "core"),
              log_uint("slot", stall->slot), log_uint("ms", stall->ms));
    watchdog_end_process(&state->watchdog, state->slots, state->server.pid);
    if (!state->stopping)
        state->kill_at_ms = now_ms + SERVER_ABORT_MS;
}

/* What the guilty plugin goes back to: the copy before the last reload, when that was a moment ago;
 * the copy that serves, when newer code crashed before it came to serve. */
static const char *former_copy(const struct supervise *state, const struct autopsy *autopsy)
{
    const struct host_plugin_page *page = &state->slots->pages[autopsy->owner];
    uint64_t swapped_ms = atomic_load(&page->swapped_ms);
    uint32_t serving = atomic_load(&page->generation);
    bool fresh = swapped_ms != 0 && autopsy->generation == serving &&
                 clock_ms() - swapped_ms < (uint64_t)limit_get(LIMIT_RELOAD_GUARD_MS);
    bool newer = serving != 0 && autopsy->generation > serving;
    const char *copy = newer ? page->path : fresh ? page->previous : NULL;
    return copy != NULL && memchr(copy, '\0', HOST_PAGE_PATH_BYTES) != NULL ? copy : NULL;
}

/* Copies that were loaded after the return to an earlier one, and lived on, have proved themselves.
 */
static void drop_old_pins(struct supervise *state)
{
    for (uint32_t owner = 1; owner < HOST_OWNERS_MAX; owner++) {
        char id[SLOTS_NAME_BYTES];
        slots_plugin_id(state->slots, owner, id);
        if (id[0] != '\0' && atomic_load(&state->slots->pages[owner].swapped_ms) != 0)
            verdicts_unpin(&state->verdicts, id);
    }
}

static void judge(struct supervise *state, const struct autopsy *autopsy)
{
    const struct verdicts_crash crash = {
        .id = autopsy->plugin,
        .now_ms = clock_ms(),
        .line = autopsy->line,
        .previous = former_copy(state, autopsy),
    };
    enum verdict_outcome outcome = verdicts_crash(&state->verdicts, &crash);
    const struct verdict *verdict = verdicts_find(&state->verdicts, crash.id);
    if (outcome == VERDICT_QUARANTINED)
        LOG_ERROR("plugin quarantined", log_text("plugin", verdict->id),
                  log_text("reason", verdict->reason));
    else if (outcome == VERDICT_RETURNED)
        LOG_ERROR("plugin goes back to its former copy", log_text("plugin", verdict->id),
                  log_text("path", verdict->pinned), log_text("reason", verdict->pinned_reason));
    else
        LOG_WARN("plugin crashed", log_text("plugin", verdict->id),
                 log_uint("crashes", verdict->crashes), log_text("line", verdict->last));
    publish_crashes(state);
}

/* A plugin is made responsible by itself, so that the others need not wait for its sake: it is left
 * out before that becomes a loop. The core has its back-off. */
static uint32_t examine(struct supervise *state, int status, uint64_t lived_ms)
{
    struct autopsy autopsy;
    autopsy_read(state->slots, WTERMSIG(status), &state->watchdog.stall, &autopsy);
    bool guilty = autopsy.owner != OWNER_CORE;
    uint32_t delay_ms = guilty ? 0 : backoff_next(&state->server.backoff, lived_ms);
    autopsy_log(state->slots, &autopsy, state->server.pid, delay_ms);
    drop_old_pins(state);
    if (guilty)
        judge(state, &autopsy);
    return delay_ms;
}

/* It ended by itself, and has said why. */
static uint32_t note_end(struct supervise *state, int status, uint64_t lived_ms)
{
    uint32_t delay_ms = backoff_next(&state->server.backoff, lived_ms);
    drop_old_pins(state);
    LOG_ERROR("server process gave up", log_int("pid", state->server.pid),
              log_int("status", WEXITSTATUS(status)), log_uint("restart_in_ms", delay_ms));
    return delay_ms;
}

void supervise_server_exited(struct supervise *state, int status)
{
    struct supervise_child *child = &state->server;
    uint64_t now_ms = clock_ms();
    close_channel(state);
    state->watch_at_ms = SUPERVISE_NEVER;
    if (state->stopping) {
        LOG_INFO("server process stopped", log_int("pid", child->pid),
                 log_text("killed", WIFSIGNALED(status) ? "yes" : "no"));
        child->pid = 0;
        return;
    }
    state->kill_at_ms = SUPERVISE_NEVER;
    /* It said why; nothing that waiting could heal, and nobody has been served yet. */
    if (!state->served && WIFEXITED(status)) {
        child->pid = 0;
        LOG_ERROR("the server cannot start", log_int("status", WEXITSTATUS(status)));
        supervise_stop(state, true);
        return;
    }
    uint64_t lived_ms = now_ms - child->started_ms;
    uint32_t delay_ms = WIFSIGNALED(status) ? examine(state, status, lived_ms)
                                            : note_end(state, status, lived_ms);
    child->pid = 0;
    child->start_at_ms = now_ms + delay_ms;
}
