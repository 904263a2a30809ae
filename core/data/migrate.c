/* SPDX-License-Identifier: MIT */
#include "data/migrate.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/error.h"
#include "base/log.h"
#include "data/database.h"
#include "data/db.h"
#include "data/migrate_step.h"
#include "data/statement.h"
#include "loop/fiber.h"
#include "loop/job.h"

#include <stdatomic.h>
#include <string.h>

#define RETRY_FIRST_MS 5u
#define RETRY_MAX_MS 200u
/* Another server migrates: look again. */
#define LOCK_RETRY_MS 50u
/* That long for a plugin that comes while the server runs. */
#define LOCK_WAIT_MAX_MS 10000u

static _Atomic uint32_t state;
/* Written once, before the state says refused. */
static char message[MIGRATE_MESSAGE_BYTES_MAX];

enum migrate_state migrate_state(void)
{
    return (enum migrate_state)atomic_load(&state);
}

const char *migrate_message(void)
{
    return migrate_state() == MIGRATE_REFUSED ? message : "";
}

void migrate_forget(void)
{
    atomic_store(&state, MIGRATE_WAITING);
}

static int32_t step_job(void *arg)
{
    return migrate_step(arg);
}

static int32_t refuse(const struct migration *migration)
{
    memcpy(message, migration->message, sizeof message);
    atomic_store(&state, MIGRATE_REFUSED);
    LOG_ERROR("migration refused", log_text("reason", message));
    return DAIS_E_STATE;
}

/* Until everything is there: the steps block, so each is a job; in between the fiber waits. */
static int32_t run(struct migration *migration, uint32_t job_class)
{
    uint32_t delay_ms = RETRY_FIRST_MS;
    for (;;) {
        int32_t code = job_run(job_class, step_job, migration);
        if (code == DAIS_OK)
            return DAIS_OK;
        if (code == DAIS_E_STATE)
            return refuse(migration);
        if (code != DAIS_E_UNAVAILABLE && code != DAIS_E_CONFLICT && code != DAIS_E_LIMIT)
            return code;
        bool away = code == DAIS_E_UNAVAILABLE;
        atomic_store(&state, away ? MIGRATE_WAITING : MIGRATE_RUNNING);
        code = fiber_sleep(away ? delay_ms : LOCK_RETRY_MS);
        if (code != DAIS_OK)
            return code;
        delay_ms = delay_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : delay_ms * 2;
    }
}

int32_t migrate_run(void)
{
    uint32_t job_class = 0;
    struct migration migration = {.conninfo = database_conninfo()};
    if (!migration.conninfo)
        return DAIS_E_UNAVAILABLE;
    int32_t code = job_class_find(dais_cstr("disk"), &job_class);
    if (code != DAIS_OK)
        return code;
    atomic_store(&state, MIGRATE_RUNNING);
    code = run(&migration, job_class);
    migrate_end(&migration);
    if (code != DAIS_OK)
        return code;
    atomic_store(&state, MIGRATE_DONE);
    db_admit(1);
    /* Who runs next begins with a query. */
    return database_await();
}

/* While another server migrates. */
static int32_t run_owner(struct migration *migration, uint32_t job_class)
{
    int32_t code = job_run(job_class, step_job, migration);
    for (uint32_t waited_ms = 0; code == DAIS_E_CONFLICT && waited_ms < LOCK_WAIT_MAX_MS;
         waited_ms += LOCK_RETRY_MS) {
        code = fiber_sleep(LOCK_RETRY_MS);
        if (code == DAIS_OK)
            code = job_run(job_class, step_job, migration);
    }
    return code == DAIS_E_CONFLICT || code == DAIS_E_LIMIT ? DAIS_E_UNAVAILABLE : code;
}

static const char *detail_of(int32_t code, const struct migration *migration)
{
    const char *text = code == DAIS_E_STATE         ? migration->message
                       : code == DAIS_E_INVALID     ? "its migrations do not go 1, 2, 3 …"
                       : code == DAIS_E_UNAVAILABLE ? "the database is away or being migrated"
                                                    : error_title(code);
    const char *copy = arena_dup(fiber_arena(), dais_cstr(text)).ptr;
    return copy ? copy : "";
}

int32_t migrate_owner(const char *owner, const struct dais_migration *table,
                      const char **ret_detail)
{
    uint32_t job_class = 0;
    struct statement_schema schema;
    struct migration migration = {.conninfo = database_conninfo(), .only = &schema};
    int32_t code = statement_schema_read(owner, table, &schema);
    if (code == DAIS_OK && !migration.conninfo)
        code = DAIS_E_UNAVAILABLE;
    if (code == DAIS_OK)
        code = job_class_find(dais_cstr("disk"), &job_class);
    if (code == DAIS_OK)
        code = run_owner(&migration, job_class);
    migrate_end(&migration);
    if (code != DAIS_OK)
        *ret_detail = detail_of(code, &migration);
    return code;
}
