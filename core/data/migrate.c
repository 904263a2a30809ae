/* SPDX-License-Identifier: MIT */
#include "data/migrate.h"

#include "base/check.h"
#include "base/log.h"
#include "data/database.h"
#include "data/db.h"
#include "data/migrate_step.h"
#include "loop/fiber.h"
#include "loop/job.h"

#include <stdatomic.h>
#include <string.h>

#define RETRY_FIRST_MS 5u
#define RETRY_MAX_MS 200u
/* Another server migrates: look again. */
#define LOCK_RETRY_MS 50u

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
