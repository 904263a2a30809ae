/* SPDX-License-Identifier: MIT */
#include "proc/supervise.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "data/db.h"
#include "host/config.h"

/* PostgreSQL ends its sessions and writes a checkpoint. */
#define DATABASE_STOP_MS 10000u
#define DATABASE_TRIM_MS 60000u
/* A killed postmaster's children need some milliseconds to leave. */
#define DATABASE_BACKOFF_FIRST_MS 20u
#define DATABASE_BACKOFF_MAX_MS 2000u

static int32_t prepare_and_start(struct supervise *state)
{
    int32_t error = embedded_prepare(state->embedded);
    if (error == DAIS_OK)
        error = embedded_start(state->embedded, &state->database.pid);
    if (error != DAIS_OK) {
        LOG_ERROR("the database does not start", log_code(error),
                  log_text("reason", embedded_message(state->embedded)));
        return error;
    }
    state->database.started_ms = clock_ms();
    state->database.start_at_ms = SUPERVISE_NEVER;
    LOG_INFO("database started", log_int("pid", state->database.pid));
    return DAIS_OK;
}

int32_t supervise_database_open(struct supervise *state)
{
    const struct config *config = state->options->config;
    char message[EMBEDDED_MESSAGE_BYTES_MAX];
    state->database.start_at_ms = SUPERVISE_NEVER;
    state->trim_at_ms = SUPERVISE_NEVER;
    if (config->database_url.len > 0)
        return DAIS_OK;

    struct embedded_options options = {
        .data_dir = state->datadir.path,
        .user = REACH_ACCOUNT,
        .connections = DB_CONNECTIONS(config->workers, (uint32_t)limit_get(LIMIT_DB_POOL)),
    };
    int32_t error = embedded_open(&options, message, &state->embedded);
    if (error != DAIS_OK) {
        LOG_ERROR("the database cannot be used", log_code(error), log_text("reason", message));
        return error;
    }
    backoff_init(&state->database.backoff, DATABASE_BACKOFF_FIRST_MS, DATABASE_BACKOFF_MAX_MS);
    state->trim_at_ms = clock_ms() + DATABASE_TRIM_MS;
    return prepare_and_start(state);
}

void supervise_database_start(struct supervise *state)
{
    uint64_t now_ms = clock_ms();
    if (prepare_and_start(state) != DAIS_OK)
        state->database.start_at_ms = now_ms + backoff_next(&state->database.backoff, 0);
}

void supervise_database_exited(struct supervise *state, int status)
{
    struct supervise_child *child = &state->database;
    uint64_t now_ms = clock_ms();
    embedded_exited(state->embedded, status);
    child->pid = 0;
    if (state->stopping)
        return;
    uint32_t delay_ms = backoff_next(&child->backoff, now_ms - child->started_ms);
    child->start_at_ms = now_ms + delay_ms;
    LOG_ERROR("the database ended", log_text("reason", embedded_message(state->embedded)),
              log_uint("restart_in_ms", delay_ms));
}

void supervise_database_close(struct supervise *state)
{
    if (state->embedded == NULL)
        return;
    embedded_stop(state->embedded, DATABASE_STOP_MS);
    embedded_close(state->embedded);
    state->embedded = NULL;
    state->database.pid = 0;
}

void supervise_database_trim(struct supervise *state)
{
    embedded_trim_log(state->embedded);
    state->trim_at_ms = clock_ms() + DATABASE_TRIM_MS;
}
