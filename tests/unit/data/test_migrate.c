/* SPDX-License-Identifier: MIT */
/* Migrations: what is run, what is refused, and two servers at once. */
#include "site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "data/migrate.h"
#include "data/migrate_step.h"
#include "loop/fiber.h"
#include "loop/job.h"
#include "loop/worker.h"

static const struct dais_migration first[] = {
    {1, 0, "create", "CREATE TABLE m.a (x int); INSERT INTO m.a VALUES (1)"}, {0}};
static const struct dais_migration second[] = {
    {1, 0, "create", "CREATE TABLE m.a (x int); INSERT INTO m.a VALUES (1)"},
    {2, 0, "more", "INSERT INTO m.a VALUES (2)"},
    {3, 1, "less", "DELETE FROM m.a WHERE x = 1"},
    {0}};
static const struct dais_migration changed[] = {{1, 0, "create", "CREATE TABLE m.a (y int)"}, {0}};
static const struct dais_migration broken[] = {
    {1, 0, "create", "CREATE TABLE m.b (x int); SELECT 1 / 0"}, {0}};
static const struct dais_migration committing[] = {
    {1, 0, "create", "CREATE TABLE m.c (x int); COMMIT"}, {0}};

/* A connection that was closed keeps the lock until its backend has noticed. */
static int32_t step(struct migration *migration)
{
    int32_t code;
    while ((code = migrate_step(migration)) == DAIS_E_CONFLICT)
        pg_ask(&site_pg, "SELECT pg_sleep(0.005)");
    return code;
}

/* Migrates `owner` as a server that starts would, on the calling thread. */
static int32_t migrate(const char *owner, const struct dais_migration *table, char *message)
{
    struct migration migration = {.conninfo = embedded_conninfo(site_pg.embedded)};
    const struct db_options options = {.conninfo = migration.conninfo};
    assert_int_equal(db_open(&options), 0);
    assert_int_equal(db_migrations(owner, table), 0);
    int32_t code = step(&migration);
    migrate_end(&migration);
    memcpy(message, migration.message, sizeof migration.message);
    db_close();
    return code;
}

static int forget(void **state)
{
    pg_ask(&site_pg, "DROP SCHEMA IF EXISTS m CASCADE; DROP SCHEMA IF EXISTS dais CASCADE; "
                     "DROP SCHEMA IF EXISTS t CASCADE");
    return 0;
}

static void steps_are_run_once(void **state)
{
    char message[MIGRATE_MESSAGE_BYTES_MAX];
    assert_int_equal(migrate("m", first, message), 0);
    assert_int_equal(migrate("m", first, message), 0);
    assert_string_equal(pg_ask(&site_pg, "SELECT count(*) FROM m.a"), "1");
    assert_int_equal(migrate("m", second, message), 0);
    assert_int_equal(migrate("m", second, message), 0);
    assert_string_equal(pg_ask(&site_pg, "SELECT string_agg(x::text, ',') FROM m.a"), "2");
    assert_string_equal(pg_ask(&site_pg,
                               "SELECT string_agg(version || name || kind, ' ' ORDER BY version) "
                               "FROM dais.migrations WHERE plugin = 'm'"),
                        "1createexpand 2moreexpand 3lesscontract");
}

static void a_changed_step_is_refused(void **state)
{
    char message[MIGRATE_MESSAGE_BYTES_MAX];
    assert_int_equal(migrate("m", first, message), 0);
    assert_int_equal(migrate("m", changed, message), DAIS_E_STATE);
    assert_non_null(strstr(message, "m: migration 1 (create) was changed"));
}

static void a_newer_database_is_refused(void **state)
{
    char message[MIGRATE_MESSAGE_BYTES_MAX];
    assert_int_equal(migrate("m", second, message), 0);
    assert_int_equal(migrate("m", first, message), DAIS_E_STATE);
    assert_non_null(strstr(message, "has migration 2, this server knows up to 1"));
}

static void a_hole_is_refused(void **state)
{
    char message[MIGRATE_MESSAGE_BYTES_MAX];
    assert_int_equal(migrate("m", second, message), 0);
    pg_ask(&site_pg, "DELETE FROM dais.migrations WHERE version = 2");
    assert_int_equal(migrate("m", second, message), DAIS_E_STATE);
    assert_non_null(strstr(message, "migration 2 is missing"));
}

static void a_failed_step_leaves_nothing(void **state)
{
    char message[MIGRATE_MESSAGE_BYTES_MAX];
    assert_int_equal(migrate("m", broken, message), DAIS_E_STATE);
    assert_non_null(strstr(message, "m: migration 1 (create): division by zero (22012)"));
    assert_string_equal(pg_ask(&site_pg, "SELECT count(*) FROM pg_class WHERE relname = 'b'"), "0");
    assert_string_equal(pg_ask(&site_pg, "SELECT count(*) FROM dais.migrations"), "0");
    assert_int_equal(migrate("m", first, message), 0);
}

static void a_step_must_not_commit(void **state)
{
    char message[MIGRATE_MESSAGE_BYTES_MAX];
    assert_int_equal(migrate("m", committing, message), DAIS_E_STATE);
    assert_non_null(strstr(message, "must not end its transaction"));
}

static void another_server_is_waited_for(void **state)
{
    struct migration one = {.conninfo = embedded_conninfo(site_pg.embedded)}, two = one;
    const struct db_options options = {.conninfo = one.conninfo};
    assert_int_equal(db_open(&options), 0);
    assert_int_equal(db_migrations("m", first), 0);
    assert_int_equal(step(&one), 0);
    assert_int_equal(migrate_step(&two), DAIS_E_CONFLICT);
    assert_int_equal(migrate_step(&two), DAIS_E_CONFLICT);
    migrate_end(&one);
    assert_int_equal(step(&two), 0);
    migrate_end(&two);
    db_close();
    assert_string_equal(pg_ask(&site_pg, "SELECT count(*) FROM m.a"), "1");
}

static int32_t run(void *arg)
{
    *(int32_t *)arg = migrate_run();
    /* Who comes next may ask at once. */
    EXPECT(*(int32_t *)arg != DAIS_OK || db_available());
    return 0;
}

static int32_t start_worker(void *context, uint32_t worker)
{
    return db_worker_start();
}

static void stop_worker(void *context, uint32_t worker)
{
    db_worker_stop();
}

/* A whole server's part in it, on a fiber; the result is migrate_run's. */
static int32_t serve(const struct dais_migration *table, void (*check)(void))
{
    const struct worker_events events = {.start = start_worker, .stop = stop_worker};
    const struct db_options options = {.conninfo = embedded_conninfo(site_pg.embedded)};
    int32_t code = 1;
    assert_int_equal(db_open(&options), 0);
    assert_int_equal(db_migrations("m", table), 0);
    assert_int_equal(jobs_start(1, job_classes_default, job_classes_default_count, NULL), 0);
    assert_int_equal(workers_start(1, &events), 0);
    site_run(0, run, &code);
    check();
    assert_int_equal(workers_stop(2000), 0);
    jobs_stop();
    db_close();
    return code;
}

static void is_done(void)
{
    assert_int_equal(migrate_state(), MIGRATE_DONE);
    assert_string_equal(migrate_message(), "");
}

static void is_refused(void)
{
    assert_int_equal(migrate_state(), MIGRATE_REFUSED);
    assert_non_null(strstr(migrate_message(), "was changed"));
    assert_false(db_available());
}

static void a_fiber_migrates(void **state)
{
    assert_int_equal(serve(first, is_done), 0);
    assert_int_equal(serve(changed, is_refused), DAIS_E_STATE);
}

/* Starts before its database does. */
static _Atomic int32_t late_code;

static void migrate_late(void *arg)
{
    atomic_store(&late_code, migrate_run());
}

static int32_t spawn_late(void *arg)
{
    const struct fiber_spec spec = {.name = "migrate", .fn = migrate_late};
    EXPECT(fiber_spawn(&spec, NULL) == 0);
    EXPECT(fiber_sleep(200) == 0);
    EXPECT(migrate_state() == MIGRATE_WAITING && !db_available());
    return 0;
}

static int32_t await_late(void *arg)
{
    while (atomic_load(&late_code) > 0)
        EXPECT(fiber_sleep(5) == 0);
    return atomic_load(&late_code);
}

static void a_database_may_come_up_later(void **state)
{
    const struct worker_events events = {.start = start_worker, .stop = stop_worker};
    const struct db_options options = {.conninfo = embedded_conninfo(site_pg.embedded)};
    pg_crash(&site_pg);
    atomic_store(&late_code, 1);
    assert_int_equal(db_open(&options), 0);
    assert_int_equal(db_migrations("m", first), 0);
    assert_int_equal(jobs_start(1, job_classes_default, job_classes_default_count, NULL), 0);
    assert_int_equal(workers_start(1, &events), 0);
    site_run(0, spawn_late, NULL);
    pg_restart(&site_pg);
    site_run(0, await_late, NULL);
    is_done();
    assert_int_equal(workers_stop(2000), 0);
    jobs_stop();
    db_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(steps_are_run_once, forget),
        cmocka_unit_test_setup(a_changed_step_is_refused, forget),
        cmocka_unit_test_setup(a_newer_database_is_refused, forget),
        cmocka_unit_test_setup(a_hole_is_refused, forget),
        cmocka_unit_test_setup(a_failed_step_leaves_nothing, forget),
        cmocka_unit_test_setup(a_step_must_not_commit, forget),
        cmocka_unit_test_setup(another_server_is_waited_for, forget),
        cmocka_unit_test_setup(a_fiber_migrates, forget),
        cmocka_unit_test_setup(a_database_may_come_up_later, forget),
    };
    return cmocka_run_group_tests(tests, site_make, site_remove);
}
