/* SPDX-License-Identifier: MIT */
/* Connections that break: a backend terminated in the middle, the whole server killed and back. */
#include "site.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "loop/fiber.h"
#include "loop/worker.h"

/** What a connection is seen to do in pg_stat_activity. */
#define SLEEPING "wait_event = 'PgSleep'"
#define IN_TRANSACTION "state = 'idle in transaction'"

static _Atomic uint32_t terminated;

static const char *ask_of_ours(const char *what, const char *which)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "SELECT %s FROM pg_stat_activity WHERE application_name LIKE 'dais/%%' AND %s", what,
             which);
    return pg_ask(&site_pg, sql);
}

/* Ends the workers' connections once one of them is seen to do this. */
static void terminate_when(const char *seen)
{
    atomic_store(&terminated, 0);
    for (int tries = 0; strcmp(ask_of_ours("count(*) > 0", seen), "t") != 0; tries++) {
        assert_true(tries < 2000);
        (void)poll(NULL, 0, 5);
    }
    ask_of_ours("count(pg_terminate_backend(pid, 10000))", "true");
    atomic_store(&terminated, 1);
}

struct task {
    int32_t (*fn)(void *arg);
    _Atomic int32_t code;
    _Atomic uint32_t ended;
};

static void be_task(void *arg)
{
    struct task *task = arg;
    atomic_store(&task->code, task->fn(task));
    atomic_store(&task->ended, 1);
}

static int32_t spawn(void *arg)
{
    struct fiber_spec spec = {.name = "task", .fn = be_task, .arg = arg};
    return fiber_spawn(&spec, NULL);
}

static int32_t await_task(void *arg)
{
    struct task *task = arg;
    while (!atomic_load(&task->ended))
        EXPECT(fiber_sleep(5) == 0);
    return atomic_load(&task->code);
}

/* Ends connections while `fn` runs on worker 0, which is then waited for. */
static void meanwhile(int32_t (*fn)(void *arg), const char *seen)
{
    struct task task = {.fn = fn};
    site_run(0, spawn, &task);
    terminate_when(seen);
    site_run(0, await_task, &task);
}

static int32_t long_read(void *arg)
{
    uint64_t begun = clock_ms();
    /* Sent again on the next connection. */
    EXPECT(site_do(NAP_READ, VALUES(TEXT("1"))) == 0);
    EXPECT(clock_ms() - begun >= 1000);
    return 0;
}

static void a_lost_read_is_read_again(void **state)
{
    meanwhile(long_read, SLEEPING);
}

static int32_t slow_write(void *arg)
{
    EXPECT(site_do(PUT_SLOWLY, VALUES(dais_int(1), TEXT("slow"))) == DAIS_E_UNAVAILABLE);
    EXPECT(site_await() == 0);
    EXPECT(site_number(COUNT_LIKE, VALUES(TEXT("slow"))) == 0);
    return 0;
}

static void a_lost_write_is_not_repeated(void **state)
{
    meanwhile(slow_write, SLEEPING);
}

static int32_t write_behind_a_slow_one(uint32_t number)
{
    /* Number 0 keeps the commit of all waiting; the others may be repeated. */
    if (number == 0)
        EXPECT(site_do(PUT_SLOWLY, VALUES(dais_int(1000), TEXT("slow"))) == DAIS_E_UNAVAILABLE);
    else
        EXPECT(site_do(PUT, VALUES(dais_int(number), TEXT("idempotent"))) == 0);
    return 0;
}

static int32_t writes(void *arg)
{
    int32_t code = site_crowd(20, write_behind_a_slow_one);
    EXPECT(code == 0 && site_await() == 0);
    EXPECT(site_number(COUNT_LIKE, VALUES(TEXT("idempotent"))) == 19);
    return 0;
}

static void lost_idempotent_writes_are_repeated(void **state)
{
    meanwhile(writes, SLEEPING);
}

static int32_t transaction(void *arg)
{
    struct dais_tx *tx = NULL;
    const struct dais_statement *put = &site_statements[PUT], *nap = &site_statements[NAP];
    EXPECT(db_begin(&tx) == 0);
    EXPECT(db_tx_query(tx, put, VALUES(dais_int(1), TEXT("tx")), 2, NULL) == 0);
    EXPECT(db_tx_query(tx, nap, VALUES(TEXT("10")), 1, NULL) == DAIS_E_UNAVAILABLE);
    EXPECT(site_await() == 0);
    /* The connection is another one by now: nothing of this may run on it. */
    EXPECT(db_tx_query(tx, put, VALUES(dais_int(2), TEXT("tx")), 2, NULL) == DAIS_E_STATE);
    EXPECT(db_commit(tx) == DAIS_E_STATE);
    EXPECT(site_number(COUNT_LIKE, VALUES(TEXT("tx"))) == 0);
    return 0;
}

static void a_lost_transaction_is_told(void **state)
{
    meanwhile(transaction, SLEEPING);
}

static int32_t idle_transaction(void *arg)
{
    struct dais_tx *tx = NULL;
    const struct dais_statement *put = &site_statements[PUT];
    EXPECT(db_begin(&tx) == 0);
    EXPECT(db_tx_query(tx, put, VALUES(dais_int(1), TEXT("tx")), 2, NULL) == 0);
    while (!atomic_load(&terminated))
        EXPECT(fiber_sleep(5) == 0);
    EXPECT(fiber_sleep(50) == 0 && site_await() == 0);
    EXPECT(db_commit(tx) == DAIS_E_UNAVAILABLE);
    EXPECT(site_number(COUNT_LIKE, VALUES(TEXT("tx"))) == 0);
    return 0;
}

static void a_transaction_does_not_survive_its_connection(void **state)
{
    meanwhile(idle_transaction, IN_TRANSACTION);
}

/* Writes without a pause and remembers what was acknowledged, until told to stop. */
static struct {
    _Atomic uint32_t stop;
    _Atomic uint32_t acknowledged;
    _Atomic uint32_t unavailable;
    _Atomic uint32_t other;
} load;

static int32_t write_on(uint32_t number)
{
    for (uint32_t i = 0; !atomic_load(&load.stop); i++) {
        const struct dais_param *values = VALUES(dais_int((int64_t)number * 10000000 + i),
                                                 TEXT("acknowledged?"));
        int32_t code = site_do(PUT_ONCE, values);
        if (code == DAIS_OK)
            code = site_do(ADD, VALUES(values[0], dais_int(0)));
        if (code == DAIS_OK)
            atomic_fetch_add(&load.acknowledged, 1);
        else if (code == DAIS_E_UNAVAILABLE)
            atomic_fetch_add(&load.unavailable, 1);
        else
            atomic_fetch_add(&load.other, 1);
        if (code != DAIS_OK)
            EXPECT(fiber_sleep(5) == 0);
    }
    return 0;
}

static int32_t write_all(void *arg)
{
    return site_crowd(20, write_on);
}

/* Until more are acknowledged than `arg` points to. */
static int32_t await_writes(void *arg)
{
    const uint32_t *before = arg;
    uint64_t begun = clock_ms();
    while (atomic_load(&load.acknowledged) <= *before) {
        EXPECT(clock_ms() - begun < 20000);
        EXPECT(fiber_sleep(5) == 0);
    }
    return 0;
}

static int32_t stop_writing(void *arg)
{
    int32_t code = await_writes(arg);
    atomic_store(&load.stop, 1);
    return code;
}

static void the_server_is_killed(void **state)
{
    static struct task task = {.fn = write_all};
    uint32_t before = 0;
    site_run(0, spawn, &task);
    site_run(0, await_writes, &before);
    pg_crash(&site_pg);
    pg_restart(&site_pg);
    before = atomic_load(&load.acknowledged);
    site_run(0, stop_writing, &before);
    site_run(0, await_task, &task);
    assert_true(atomic_load(&load.unavailable) > 0);
    assert_int_equal(atomic_load(&load.other), 0);
    char least[128];
    snprintf(least, sizeof least, "SELECT count(*) >= %u FROM t.items", load.acknowledged);
    assert_string_equal(pg_ask(&site_pg, least), "t");
}

static int32_t ask_while_away(void *arg)
{
    uint64_t begun = clock_ms();
    while (db_available())
        EXPECT(fiber_sleep(1) == 0);
    struct dais_tx *tx = NULL;
    EXPECT(site_do(BACKEND, NULL) == DAIS_E_UNAVAILABLE);
    EXPECT(site_do(NAP, VALUES(TEXT("0"))) == DAIS_E_UNAVAILABLE);
    EXPECT(db_begin(&tx) == DAIS_E_UNAVAILABLE);
    EXPECT(clock_ms() - begun < 1000);
    return 0;
}

static int32_t ask_again(void *arg)
{
    EXPECT(site_await() == 0);
    EXPECT(site_number(BACKEND, NULL) > 0);
    return 0;
}

static void while_away_the_answer_comes_at_once(void **state)
{
    pg_crash(&site_pg);
    site_run(0, ask_while_away, NULL);
    pg_restart(&site_pg);
    site_run(0, ask_again, NULL);
    site_run(1, ask_again, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE_TEST(a_lost_read_is_read_again),
        SITE_TEST(a_lost_write_is_not_repeated),
        SITE_TEST(lost_idempotent_writes_are_repeated),
        SITE_TEST(a_lost_transaction_is_told),
        SITE_TEST(a_transaction_does_not_survive_its_connection),
        SITE_TEST(the_server_is_killed),
        SITE_TEST(while_away_the_answer_comes_at_once),
    };
    return cmocka_run_group_tests(tests, site_make, site_remove);
}
