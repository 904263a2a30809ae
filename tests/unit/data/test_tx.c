/* SPDX-License-Identifier: MIT */
/* Transactions: commit, rollback, what happens to those left open, and the pool behind them. */
#include "site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"
#include "loop/fiber.h"

static int32_t tx_do(struct dais_tx *tx, uint32_t statement, const struct dais_param *params)
{
    const struct dais_statement *row = &site_statements[statement];
    return db_tx_query(tx, row, params, row->params, NULL);
}

static int32_t count_of(const char *pattern)
{
    return (int32_t)site_number(COUNT_LIKE, VALUES(dais_text(dais_cstr(pattern))));
}

static int32_t commits(void *arg)
{
    struct dais_tx *tx = NULL;
    EXPECT(db_begin(&tx) == 0);
    EXPECT(tx_do(tx, PUT, VALUES(dais_int(1), TEXT("a"))) == 0);
    EXPECT(tx_do(tx, ADD, VALUES(dais_int(1), dais_int(5))) == 0);
    EXPECT(count_of("a") == 0);
    EXPECT(db_commit(tx) == 0);
    EXPECT(count_of("a") == 1);
    EXPECT(db_commit(tx) == DAIS_E_STATE);
    EXPECT(tx_do(tx, PUT, VALUES(dais_int(2), TEXT("a"))) == DAIS_E_STATE);
    db_rollback(tx);
    return 0;
}

static void a_commit_counts(void **state)
{
    site_run(0, commits, NULL);
}

static int32_t rolls_back(void *arg)
{
    struct dais_tx *tx = NULL;
    EXPECT(db_begin(&tx) == 0);
    EXPECT(tx_do(tx, PUT, VALUES(dais_int(1), TEXT("a"))) == 0);
    db_rollback(tx);
    EXPECT(count_of("a") == 0);
    EXPECT(db_begin(&tx) == 0);
    EXPECT(db_commit(tx) == 0);
    EXPECT(db_begin(&tx) == 0);
    db_rollback(tx);
    return 0;
}

static void a_rollback_undoes(void **state)
{
    site_run(0, rolls_back, NULL);
}

static int32_t fails_inside(void *arg)
{
    struct dais_tx *tx = NULL;
    EXPECT(site_do(PUT, VALUES(dais_int(1), TEXT("a"))) == 0);
    EXPECT(db_begin(&tx) == 0);
    EXPECT(tx_do(tx, PUT, VALUES(dais_int(2), TEXT("b"))) == 0);
    EXPECT(tx_do(tx, PUT_ONCE, VALUES(dais_int(1), TEXT("b"))) == DAIS_E_CONFLICT);
    EXPECT(tx_do(tx, PUT, VALUES(dais_int(3), TEXT("b"))) == DAIS_E_STATE);
    EXPECT(db_commit(tx) == DAIS_E_STATE);
    EXPECT(count_of("b") == 0);
    return 0;
}

static void after_an_error_only_rollback_is_left(void **state)
{
    site_run(0, fails_inside, NULL);
}

static int32_t leaves_it_open(void *arg)
{
    struct dais_tx *tx = NULL;
    struct dais_rows *rows = NULL;
    EXPECT(db_begin(&tx) == 0);
    EXPECT(tx_do(tx, PUT, VALUES(dais_int(1), TEXT("a"))) == 0);
    EXPECT(db_query(&site_statements[BACKEND], NULL, 0, &rows) == 0);
    return 0;
}

static int32_t nothing_is_left(void *arg)
{
    struct dais_tx *tx = NULL;
    EXPECT(count_of("a") == 0);
    /* The row is not locked by a transaction that nobody ended. */
    EXPECT(db_begin(&tx) == 0);
    EXPECT(tx_do(tx, PUT_ONCE, VALUES(dais_int(1), TEXT("b"))) == 0);
    EXPECT(db_commit(tx) == 0);
    return 0;
}

static void an_open_transaction_ends_with_its_fiber(void **state)
{
    for (uint32_t i = 0; i < 8; i++)
        site_run(0, leaves_it_open, NULL);
    site_run(0, nothing_is_left, NULL);
}

struct keeper {
    struct dais_arena arena;
    struct fiber_wait done;
    struct dais_str cell;
    int32_t code;
};

static void keeps(void *arg)
{
    struct keeper *keeper = arg;
    struct dais_rows *rows = NULL;
    keeper->code = db_query(&site_statements[SETTINGS], NULL, 0, &rows);
    if (keeper->code == DAIS_OK) {
        keeper->cell = db_cell(rows, 0, 1);
        keeper->code = db_rows_keep(rows);
    }
    fiber_resume(&keeper->done, DAIS_OK);
}

/* As the answer of a request, which is sent when its fiber has ended. */
static int32_t reads_what_was_kept(void *arg)
{
    struct keeper keeper = {0};
    struct fiber_spec spec = {.name = "keeps", .fn = keeps, .arg = &keeper, .arena = &keeper.arena};
    arena_init(&keeper.arena, 65536);
    fiber_wait_init(&keeper.done);
    EXPECT(fiber_spawn(&spec, NULL) == 0);
    EXPECT(fiber_suspend(&keeper.done, FIBER_FOREVER) == 0);
    EXPECT(fiber_yield() == 0 && keeper.code == 0);
    EXPECT(dais_str_eq(keeper.cell, dais_cstr("UTC")));
    arena_reset(&keeper.arena);
    return 0;
}

static void kept_rows_outlive_their_fiber(void **state)
{
    site_run(0, reads_what_was_kept, NULL);
}

struct stranger {
    struct dais_tx *tx;
    struct fiber_wait *done;
    int32_t code;
};

static void meddle(void *arg)
{
    struct stranger *stranger = arg;
    stranger->code = tx_do(stranger->tx, PUT, VALUES(dais_int(9), TEXT("x")));
    if (stranger->code == DAIS_E_STATE)
        stranger->code = db_commit(stranger->tx);
    db_rollback(stranger->tx);
    fiber_resume(stranger->done, DAIS_OK);
}

static int32_t is_meddled_with(void *arg)
{
    struct fiber_wait done;
    struct stranger stranger = {.done = &done};
    struct fiber_spec spec = {.name = "stranger", .fn = meddle, .arg = &stranger};
    EXPECT(db_begin(&stranger.tx) == 0);
    EXPECT(tx_do(stranger.tx, PUT, VALUES(dais_int(1), TEXT("a"))) == 0);
    fiber_wait_init(&done);
    EXPECT(fiber_spawn(&spec, NULL) == 0);
    EXPECT(fiber_suspend(&done, FIBER_FOREVER) == 0);
    EXPECT(stranger.code == DAIS_E_STATE);
    EXPECT(db_commit(stranger.tx) == 0);
    EXPECT(count_of("a") == 1);
    return 0;
}

static void a_transaction_belongs_to_one_fiber(void **state)
{
    site_run(0, is_meddled_with, NULL);
}

static int32_t add_three_times(uint32_t number)
{
    for (uint32_t i = 0; i < 3; i++) {
        struct dais_tx *tx = NULL;
        EXPECT(db_begin(&tx) == 0);
        EXPECT(tx_do(tx, ADD, VALUES(dais_int(1), dais_int(1))) == 0);
        if (i == 1)
            db_rollback(tx);
        else
            EXPECT(db_commit(tx) == 0);
    }
    return 0;
}

static int32_t many_transactions(void *arg)
{
    struct dais_rows *rows = NULL;
    EXPECT(site_do(PUT, VALUES(dais_int(1), TEXT("a"))) == 0);
    int32_t code = site_crowd(50, add_three_times);
    EXPECT(code == 0);
    EXPECT(db_query(&site_statements[GET], VALUES(dais_int(1)), 1, &rows) == 0);
    EXPECT(db_cell_int(rows, 0, 1) == 100);
    return 0;
}

static void many_fibers_share_the_pool(void **state)
{
    site_run(1, many_transactions, NULL);
}

struct worker_in_tx {
    struct fiber_wait *done;
    int32_t code;
};

static void nap_in_tx(void *arg)
{
    struct worker_in_tx *self = arg;
    struct dais_tx *tx = NULL;
    self->code = db_begin(&tx);
    if (self->code == DAIS_OK)
        self->code = tx_do(tx, PUT, VALUES(dais_int(1), TEXT("a")));
    if (self->code == DAIS_OK)
        self->code = tx_do(tx, NAP, VALUES(TEXT("2")));
    fiber_resume(self->done, DAIS_OK);
}

static int32_t cancel_in_tx(void *arg)
{
    dais_handle fiber;
    struct fiber_wait done;
    struct worker_in_tx other = {.done = &done};
    struct fiber_spec spec = {.name = "napper", .fn = nap_in_tx, .arg = &other};
    fiber_wait_init(&done);
    EXPECT(fiber_spawn(&spec, &fiber) == 0);
    EXPECT(fiber_sleep(50) == 0);
    uint64_t begun = clock_ms();
    EXPECT(fiber_cancel(fiber, DAIS_E_CANCELLED) == 0);
    EXPECT(fiber_suspend(&done, FIBER_FOREVER) == 0);
    EXPECT(other.code == DAIS_E_CANCELLED && clock_ms() - begun < 1500);
    /* Waits for the lock of the row until the abandoned transaction is rolled back. */
    EXPECT(site_do(PUT_ONCE, VALUES(dais_int(1), TEXT("b"))) == 0);
    EXPECT(count_of("a") == 0);
    return 0;
}

static void a_cancelled_transaction_is_undone(void **state)
{
    site_run(0, cancel_in_tx, NULL);
}

static void commit_while_cancelled(void *arg)
{
    struct worker_in_tx *self = arg;
    struct dais_tx *tx = NULL;
    self->code = db_begin(&tx);
    if (self->code == DAIS_OK)
        self->code = tx_do(tx, PUT, VALUES(dais_int(7), TEXT("kept")));
    if (self->code == DAIS_OK && fiber_cancel(fiber_handle(), DAIS_E_CANCELLED) == DAIS_OK)
        self->code = db_commit(tx);
    fiber_resume(self->done, DAIS_OK);
}

static int32_t cancel_at_commit(void *arg)
{
    struct fiber_wait done;
    struct worker_in_tx other = {.done = &done};
    struct fiber_spec spec = {.name = "committer", .fn = commit_while_cancelled, .arg = &other};
    fiber_wait_init(&done);
    EXPECT(fiber_spawn(&spec, NULL) == 0);
    EXPECT(fiber_suspend(&done, FIBER_FOREVER) == 0);
    EXPECT(other.code == 0);
    EXPECT(count_of("kept") == 1);
    return 0;
}

static void a_commit_is_never_cancelled(void **state)
{
    site_run(0, cancel_at_commit, NULL);
}

static int32_t wait_for_a_connection(void *arg)
{
    struct dais_tx *held[2] = {NULL, NULL}, *tx = NULL;
    EXPECT(db_begin(&held[0]) == 0);
    EXPECT(db_begin(&held[1]) == 0);
    EXPECT(site_do(NAP_SHORT, VALUES(TEXT("0"))) == DAIS_E_TIMEOUT);
    db_rollback(held[0]);
    EXPECT(db_begin(&tx) == 0);
    db_rollback(tx);
    db_rollback(held[1]);
    return 0;
}

static int small_pool(void **state)
{
    assert_int_equal(limit_set(dais_cstr("db_pool"), 2), 0);
    return site_open(state);
}

static int reset_limits(void **state)
{
    int failed = site_close(state);
    limits_reset();
    return failed;
}

static void an_exhausted_pool_makes_wait(void **state)
{
    site_run(0, wait_for_a_connection, NULL);
}

static void nap_long(void *arg)
{
    int32_t *code = arg;
    *code = site_do(NAP, VALUES(TEXT("60")));
}

static void nap_long_in_tx(void *arg)
{
    struct dais_tx *tx = NULL;
    int32_t *code = arg;
    *code = db_begin(&tx);
    if (*code == DAIS_OK)
        *code = tx_do(tx, PUT, VALUES(dais_int(9), TEXT("never")));
    if (*code == DAIS_OK)
        *code = tx_do(tx, NAP, VALUES(TEXT("60")));
}

/* Gives up what the only connection does; who comes next has it at once. */
static int32_t give_up(void (*fn)(void *arg))
{
    dais_handle fiber;
    int32_t code = 1;
    struct fiber_spec spec = {.name = "sleeper", .fn = fn, .arg = &code};
    EXPECT(fiber_spawn(&spec, &fiber) == 0);
    EXPECT(fiber_sleep(50) == 0);
    EXPECT(code > 0 || fn == nap_long_in_tx);
    EXPECT(fiber_cancel(fiber, DAIS_E_CANCELLED) == 0);
    uint64_t begun = clock_ms();
    EXPECT(site_do(NAP, VALUES(TEXT("0"))) == 0);
    EXPECT(clock_ms() - begun < 2000);
    EXPECT(code == DAIS_E_CANCELLED);
    return 0;
}

static int32_t give_up_often(void *arg)
{
    for (uint32_t i = 0; i < 20; i++) {
        int32_t code = give_up(i % 2 ? nap_long : nap_long_in_tx);
        if (code != DAIS_OK)
            return code;
        struct dais_tx *tx = NULL; /* and it is in no transaction of somebody else's */
        EXPECT(db_begin(&tx) == 0);
        EXPECT(tx_do(tx, PUT, VALUES(dais_int(i + 100), TEXT("later"))) == 0);
        EXPECT(db_commit(tx) == 0);
    }
    EXPECT(count_of("never") == 0 && count_of("later") == 20);
    return 0;
}

static int pool_of_one(void **state)
{
    assert_int_equal(limit_set(dais_cstr("db_pool"), 1), 0);
    return site_open(state);
}

static void what_nobody_waits_for_is_cancelled(void **state)
{
    site_run(0, give_up_often, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE_TEST(a_commit_counts),
        SITE_TEST(a_rollback_undoes),
        SITE_TEST(after_an_error_only_rollback_is_left),
        SITE_TEST(an_open_transaction_ends_with_its_fiber),
        SITE_TEST(kept_rows_outlive_their_fiber),
        SITE_TEST(a_transaction_belongs_to_one_fiber),
        SITE_TEST(many_fibers_share_the_pool),
        SITE_TEST(a_cancelled_transaction_is_undone),
        SITE_TEST(a_commit_is_never_cancelled),
        cmocka_unit_test_setup_teardown(what_nobody_waits_for_is_cancelled, pool_of_one,
                                        reset_limits),
        cmocka_unit_test_setup_teardown(an_exhausted_pool_makes_wait, small_pool, reset_limits),
    };
    return cmocka_run_group_tests(tests, site_make, site_remove);
}
