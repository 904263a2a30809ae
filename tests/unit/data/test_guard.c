/* SPDX-License-Identifier: MIT */
/* Parts of a transaction that another plugin does: time limits, failing alone, who may end it. */
#include "site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/owner.h"
#include "loop/fiber.h"

static int32_t tx_do(struct dais_tx *tx, uint32_t statement, const struct dais_param *params)
{
    const struct dais_statement *row = &site_statements[statement];
    return db_tx_query(tx, row, params, row->params, NULL);
}

static int32_t put(struct dais_tx *tx, int64_t id, const char *name)
{
    return tx_do(tx, PUT_ONCE, VALUES(dais_int(id), dais_text(dais_cstr(name))));
}

static int32_t count_of(const char *pattern)
{
    return (int32_t)site_number(COUNT_LIKE, VALUES(dais_text(dais_cstr(pattern))));
}

static int32_t fails_alone(void *arg)
{
    struct dais_tx *tx = NULL;
    struct db_guard guard;
    EXPECT(db_begin(&tx) == 0);
    EXPECT(put(tx, 1, "mine") == 0);
    EXPECT(db_guard_begin(tx, &guard, 1000, true) == 0);
    EXPECT(put(tx, 2, "theirs") == 0);
    EXPECT(put(tx, 1, "theirs") == DAIS_E_CONFLICT);
    EXPECT(put(tx, 3, "theirs") == DAIS_E_STATE);
    EXPECT(db_guard_end(tx, &guard, false) == 0);
    EXPECT(put(tx, 4, "mine") == 0);
    EXPECT(db_commit(tx) == 0);
    EXPECT(count_of("mine") == 2 && count_of("theirs") == 0);
    return 0;
}

static void an_undoable_part_fails_alone(void **state)
{
    site_run(0, fails_alone, NULL);
}

static int32_t hides_its_failure(void *arg)
{
    struct dais_tx *tx = NULL;
    struct db_guard guard;
    EXPECT(db_begin(&tx) == 0);
    EXPECT(put(tx, 1, "mine") == 0);
    EXPECT(db_guard_begin(tx, &guard, 1000, true) == 0);
    EXPECT(put(tx, 1, "theirs") == DAIS_E_CONFLICT);
    EXPECT(db_guard_end(tx, &guard, true) == DAIS_E_STATE);
    EXPECT(put(tx, 2, "mine") == 0);
    EXPECT(db_guard_begin(tx, &guard, 1000, false) == 0);
    EXPECT(put(tx, 1, "theirs") == DAIS_E_CONFLICT);
    EXPECT(db_guard_end(tx, &guard, true) == DAIS_E_STATE);
    EXPECT(put(tx, 3, "mine") == DAIS_E_STATE);
    db_rollback(tx);
    EXPECT(count_of("mine") == 0);
    return 0;
}

static void a_failed_statement_cannot_be_kept(void **state)
{
    site_run(0, hides_its_failure, NULL);
}

static int32_t nests(void *arg)
{
    struct dais_tx *tx = NULL;
    struct db_guard outer, inner;
    EXPECT(db_begin(&tx) == 0);
    EXPECT(db_guard_begin(tx, &outer, 1000, true) == 0);
    EXPECT(db_guard_begin(tx, &inner, 1000, true) == 0);
    EXPECT(put(tx, 1, "inner") == 0);
    EXPECT(db_guard_end(tx, &inner, false) == 0);
    EXPECT(put(tx, 2, "outer") == 0);
    EXPECT(db_guard_begin(tx, &inner, 1000, true) == 0);
    EXPECT(put(tx, 3, "inner") == 0);
    EXPECT(db_guard_end(tx, &inner, true) == 0);
    EXPECT(db_commit(tx) == DAIS_E_STATE); /* not inside of a guard */
    EXPECT(db_guard_end(tx, &outer, true) == 0);
    EXPECT(db_commit(tx) == 0);
    EXPECT(count_of("inner") == 1 && count_of("outer") == 1);
    return 0;
}

static void guards_nest(void **state)
{
    site_run(0, nests, NULL);
}

static int32_t takes_too_long(void *arg)
{
    struct dais_tx *tx = NULL;
    struct db_guard guard;
    uint64_t begun = clock_ms();
    EXPECT(db_begin(&tx) == 0);
    EXPECT(put(tx, 1, "mine") == 0);
    EXPECT(db_guard_begin(tx, &guard, 100, true) == 0);
    EXPECT(tx_do(tx, NAP, VALUES(TEXT("3"))) == DAIS_E_TIMEOUT);
    EXPECT(db_guard_end(tx, &guard, false) == 0);
    EXPECT(tx_do(tx, NAP, VALUES(TEXT("0.2"))) == 0); /* its own limit holds again */
    EXPECT(db_commit(tx) == 0);
    EXPECT(clock_ms() - begun < 2000 && count_of("mine") == 1);
    return 0;
}

static void a_statement_ends_with_the_limit(void **state)
{
    site_run(0, takes_too_long, NULL);
}

static int32_t is_cut_off(void *arg)
{
    struct dais_tx *tx = NULL;
    struct db_guard guard;
    struct fiber_limit limit;
    uint64_t begun = clock_ms();
    EXPECT(db_begin(&tx) == 0);
    EXPECT(put(tx, 1, "mine") == 0);
    EXPECT(db_guard_begin(tx, &guard, 300, true) == 0);
    fiber_limit_begin(&limit, 50);
    EXPECT(tx_do(tx, NAP, VALUES(TEXT("3"))) == DAIS_E_CANCELLED);
    EXPECT(fiber_limit_end(&limit));
    EXPECT(db_guard_end(tx, &guard, false) == 0);
    EXPECT(put(tx, 2, "mine") == 0);
    EXPECT(db_commit(tx) == 0);
    EXPECT(clock_ms() - begun < 2000 && count_of("mine") == 2);
    return 0;
}

static void a_statement_given_up_holds_nobody_up(void **state)
{
    site_run(0, is_cut_off, NULL);
}

static int32_t gives_up_again_and_again(void *arg)
{
    struct dais_tx *tx = NULL;
    struct db_guard guard;
    struct fiber_limit limit;
    int32_t code = 0;
    EXPECT(db_begin(&tx) == 0);
    EXPECT(put(tx, 1, "mine") == 0);
    for (int i = 0; i < 16 && code == 0; i++) {
        EXPECT(db_guard_begin(tx, &guard, 1000, true) == 0);
        fiber_limit_begin(&limit, 10);
        EXPECT(tx_do(tx, NAP, VALUES(TEXT("3"))) != 0);
        fiber_limit_end(&limit);
        code = db_guard_end(tx, &guard, false);
    }
    EXPECT(code == DAIS_E_UNAVAILABLE);
    EXPECT(db_commit(tx) == DAIS_E_STATE);
    EXPECT(count_of("mine") == 0);
    return 0;
}

static void a_server_that_answers_nothing_costs_its_connection(void **state)
{
    site_run(0, gives_up_again_and_again, NULL);
}

static int32_t works_for_another(void *arg)
{
    struct dais_tx *tx = NULL;
    const struct owner mine = {.plugin = 1}, other = {.plugin = 2};
    const struct owner before = owner_get();
    owner_set(&mine);
    EXPECT(db_begin(&tx) == 0);
    EXPECT(put(tx, 1, "both") == 0);
    owner_set(&other);
    EXPECT(put(tx, 2, "both") == 0);
    EXPECT(db_commit(tx) == DAIS_E_STATE);
    db_rollback(tx);
    EXPECT(put(tx, 3, "both") == 0);
    owner_set(&mine);
    EXPECT(db_commit(tx) == 0);
    owner_set(&before);
    EXPECT(count_of("both") == 3);
    return 0;
}

static void others_work_in_it_and_do_not_end_it(void **state)
{
    site_run(0, works_for_another, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE_TEST(an_undoable_part_fails_alone),
        SITE_TEST(a_failed_statement_cannot_be_kept),
        SITE_TEST(guards_nest),
        SITE_TEST(a_statement_ends_with_the_limit),
        SITE_TEST(a_statement_given_up_holds_nobody_up),
        SITE_TEST(a_server_that_answers_nothing_costs_its_connection),
        SITE_TEST(others_work_in_it_and_do_not_end_it),
    };
    return cmocka_run_group_tests(tests, site_make, site_remove);
}
