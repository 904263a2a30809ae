/* SPDX-License-Identifier: MIT */
/* What may be declared and attached, who runs when, and what does not fit together. */
#include "host/operations.h"

#include "base/mem.h"
#include "base/metrics.h"
#include "host/delivery.h"
#include "host/plugin.h"
#include "host/registration.h"
#include "host/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct thing {
    uint64_t present;
    struct dais_str title;
    int64_t count;
};

static const struct dais_field fields[] = {
    DAIS_FIELD(struct thing, title, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 10, "a text"),
    DAIS_FIELD(struct thing, count, DAIS_KIND_INT, 0, 0, 0, "a number"),
    DAIS_FIELD_END,
};
static const struct dais_shape shape = DAIS_SHAPE("Thing", struct thing, fields);

static const struct dais_field other_fields[] = {
    DAIS_FIELD(struct thing, title, DAIS_KIND_INT, 0, 0, 0, "no text"),
    DAIS_FIELD_END,
};
static const struct dais_shape other_shape = DAIS_SHAPE("Other", struct thing, other_fields);

static int32_t run_hook(const struct dais_hook_event *event, void *value)
{
    (void)event;
    (void)value;
    return DAIS_OK;
}

#define OPERATION(name)                                                                            \
    {                                                                                              \
        (name), &shape, "title", "Something"                                                       \
    }
#define NO_OPERATION                                                                               \
    {                                                                                              \
        NULL, NULL, NULL, NULL                                                                     \
    }
#define HOOK(hook_name, name, when, policy, priority)                                              \
    {                                                                                              \
        (hook_name), (name), (when), (policy), (priority), 0, 0, 0, &shape, run_hook, "Something"  \
    }
#define NO_HOOK                                                                                    \
    {                                                                                              \
        NULL, NULL, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL                                             \
    }

static struct host *host;

/** A plugin that has started, with one generation. */
static struct generation *add_plugin(const char *id)
{
    struct plugin *plugin = &host->plugins[host->owner_count];
    plugin->owner = host->owner_count++;
    snprintf(plugin->id, sizeof plugin->id, "%s", id);
    plugin->current = generation_new(plugin);
    assert_non_null(plugin->current);
    atomic_store(&plugin->state, PLUGIN_STARTED);
    return plugin->current;
}

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(metrics_init(1), 0);
    host = mem_zalloc(1, sizeof *host);
    assert_non_null(host);
    host->owner_count = 1;
    host_set(host);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    operations_fini();
    for (uint32_t owner = 1; owner < host->owner_count; owner++)
        generation_free(host->plugins[owner].current);
    host_set(NULL);
    mem_free(host);
    metrics_fini();
    return 0;
}

static int32_t declare(struct generation *generation, const struct dais_operation *table)
{
    registration_open(generation);
    int32_t error = operations_declare(table);
    registration_open(NULL);
    return error;
}

static int32_t attach(struct generation *generation, const struct dais_hook *table)
{
    registration_open(generation);
    int32_t error = operations_attach(table);
    registration_open(NULL);
    return error;
}

static void declared_wrong(struct dais_operation row, const char *problem)
{
    struct generation *generation = add_plugin("wrong");
    const struct dais_operation table[] = {row, NO_OPERATION};
    assert_int_equal(declare(generation, table), DAIS_E_INVALID);
    assert_string_equal(generation->problem, problem);
}

static void operations_are_looked_over(void **state)
{
    (void)state;
    const struct dais_operation good = OPERATION("thing.make");
    const char *const names[] = {"thing", "Thing.make", "thing..make", "thing.",
                                 ".make", "thing.2nd",  "a.b.c.d.e",   ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0] - 1; i++) {
        char problem[128];
        struct dais_operation row = good;
        row.name = names[i];
        snprintf(problem, sizeof problem, "the operation '%s' is not named like 'noun.verb'",
                 names[i]);
        declared_wrong(row, problem);
    }
    struct dais_operation row = good;
    row.key = "count";
    declared_wrong(row, "the operation thing.make: its key count is no text row");
    row = good;
    row.value = NULL;
    declared_wrong(row, "the operation thing.make is not complete");
}

static void attached_wrong(struct dais_hook row, const char *problem)
{
    struct generation *generation = add_plugin("wrong");
    const struct dais_hook table[] = {row, NO_HOOK};
    assert_int_equal(attach(generation, table), DAIS_E_INVALID);
    assert_string_equal(generation->problem, problem);
}

static void hooks_are_looked_over(void **state)
{
    (void)state;
    const struct dais_hook good = HOOK("look", "thing.make", DAIS_HOOK_BEFORE, DAIS_FAIL_OPEN, 0);
    struct dais_hook row = good;
    row.name = "Look";
    attached_wrong(row, "the hook 'Look': is not named by a-z, 0-9 and _");
    row = good;
    row.run = NULL;
    attached_wrong(row, "the hook 'look': is not complete");
    row = good;
    row.when = 4;
    attached_wrong(row, "the hook 'look': says nothing known in `when`");
    row = good;
    row.policy = 0;
    attached_wrong(row, "the hook 'look': says nothing known in `policy`");
    row = good;
    row.timeout_ms = DAIS_HOOK_TIMEOUT_MS_MAX + 1;
    attached_wrong(row, "the hook 'look': wants more time than there is");
    row = good;
    row.when = DAIS_HOOK_AFTER;
    row.flags = DAIS_HOOK_WITHOUT_TX;
    attached_wrong(row, "the hook 'look': is no before hook, which alone can do without a "
                        "transaction");
    struct generation *twice = add_plugin("twice");
    const struct dais_hook table[] = {good, good, NO_HOOK};
    assert_int_equal(attach(twice, table), DAIS_E_INVALID);
    assert_string_equal(twice->problem, "the hook 'look': stands in the table twice");
}

static void outside_of_init_nothing_is_registered(void **state)
{
    (void)state;
    const struct dais_operation table[] = {OPERATION("thing.make"), NO_OPERATION};
    assert_int_equal(operations_declare(table), DAIS_E_STATE);
}

static void hooks_stand_in_their_order(void **state)
{
    (void)state;
    static const struct dais_operation operations[] = {OPERATION("thing.make"),
                                                       OPERATION("thing.idle"), NO_OPERATION};
    static const struct dais_hook of_a[] = {
        HOOK("told", "thing.make", DAIS_HOOK_AFTER_COMMIT, 0, 0),
        HOOK("last", "thing.make", DAIS_HOOK_BEFORE, DAIS_FAIL_OPEN, 9),
        HOOK("even", "thing.make", DAIS_HOOK_BEFORE, DAIS_FAIL_OPEN, 5), NO_HOOK};
    static const struct dais_hook of_b[] = {
        HOOK("seen", "thing.make", DAIS_HOOK_AFTER, DAIS_FAIL_CLOSED, -5),
        HOOK("odd", "thing.make", DAIS_HOOK_BEFORE, DAIS_FAIL_OPEN, 5),
        HOOK("first", "thing.make", DAIS_HOOK_BEFORE, DAIS_FAIL_OPEN, -1), NO_HOOK};
    static const char *const expected[] = {"first", "even", "odd", "last", "seen", "told"};
    struct generation *b = add_plugin("b"), *owner = add_plugin("owner"), *a = add_plugin("a");
    assert_int_equal(declare(owner, operations), 0);
    assert_int_equal(attach(a, of_a), 0);
    assert_int_equal(attach(b, of_b), 0);
    operations_rebuild(host);
    const struct operation *operation = operations_find(operations_now(), &operations[0]);
    assert_non_null(operation);
    assert_int_equal(operation->before_count, 4);
    assert_int_equal(operation->after_count, 1);
    assert_int_equal(operation->committed_count, 1);
    for (uint32_t i = 0; i < 6; i++)
        assert_string_equal(operation->hooks[i].row->name, expected[i]);
    assert_true(dais_str_eq(operation->subscribers, dais_cstr("{a/told}")));
    assert_int_equal(operations_attached(&operations[0]), DAIS_ATTACHED | DAIS_ATTACHED_TX);
    assert_int_equal(operations_attached(&operations[1]), 0);
    assert_int_equal(operations_attached(&operations[2]), DAIS_ATTACHED); /* never declared */
}

static void only_hooks_without_a_transaction_keep_the_fast_lane(void **state)
{
    (void)state;
    static const struct dais_operation operations[] = {OPERATION("thing.make"), NO_OPERATION};
    static struct dais_hook hooks[] = {
        HOOK("look", "thing.make", DAIS_HOOK_BEFORE, DAIS_FAIL_OPEN, 0), NO_HOOK};
    hooks[0].flags = DAIS_HOOK_WITHOUT_TX;
    assert_int_equal(declare(add_plugin("owner"), operations), 0);
    assert_int_equal(attach(add_plugin("looker"), hooks), 0);
    operations_rebuild(host);
    assert_int_equal(operations_attached(&operations[0]), DAIS_ATTACHED);
}

static void what_does_not_fit_is_told(void **state)
{
    (void)state;
    static const struct dais_operation operations[] = {OPERATION("thing.make"), NO_OPERATION};
    static struct dais_hook hooks[] = {
        HOOK("look", "thing.make", DAIS_HOOK_BEFORE, DAIS_FAIL_OPEN, 0), NO_HOOK};
    hooks[0].value = &other_shape;
    struct generation *owner = add_plugin("owner"), *looker = add_plugin("looker");
    struct generation *thief = add_plugin("thief");
    assert_int_equal(declare(owner, operations), 0);
    assert_int_equal(operations_check(host, owner), 0);
    assert_int_equal(attach(looker, hooks), 0);
    assert_int_equal(operations_required(host, looker), DAIS_E_INVALID);
    assert_string_equal(looker->reason,
                        "the hook look of looker on thing.make: title is of another kind in Thing");
    assert_int_equal(operations_check(host, owner), 0); /* at the start the hook is at fault … */
    atomic_store(&host->phase, HOST_SERVING);
    assert_int_equal(operations_check(host, owner), DAIS_E_INVALID); /* … at a reload the owner */
    assert_int_equal(declare(thief, operations), 0);
    assert_int_equal(operations_check(host, thief), DAIS_E_INVALID);
    assert_string_equal(thief->reason, "the operation thing.make is owner's already");
}

static void a_hook_may_need_its_operation(void **state)
{
    (void)state;
    static const struct dais_operation operations[] = {OPERATION("thing.make"), NO_OPERATION};
    static struct dais_hook hooks[] = {
        HOOK("wait", "thing.later", DAIS_HOOK_BEFORE, DAIS_FAIL_OPEN, 0),
        HOOK("need", "thing.make", DAIS_HOOK_BEFORE, DAIS_FAIL_OPEN, 0), NO_HOOK};
    hooks[1].flags = DAIS_HOOK_REQUIRED;
    struct generation *looker = add_plugin("looker");
    assert_int_equal(attach(looker, hooks), 0);
    assert_int_equal(operations_required(host, looker), DAIS_E_INVALID);
    assert_string_equal(looker->reason,
                        "its hook need needs the operation thing.make, which nobody declares");
    *looker->reason = '\0';
    assert_int_equal(declare(add_plugin("owner"), operations), 0);
    assert_int_equal(operations_required(host, looker), 0);
}

static void a_table_in_use_outlives_the_next(void **state)
{
    (void)state;
    static const struct dais_operation operations[] = {OPERATION("thing.make"), NO_OPERATION};
    static const struct dais_hook hooks[] = {
        HOOK("look", "thing.make", DAIS_HOOK_BEFORE, DAIS_FAIL_OPEN, 0), NO_HOOK};
    struct generation *looker = add_plugin("looker");
    assert_int_equal(declare(add_plugin("owner"), operations), 0);
    assert_int_equal(attach(looker, hooks), 0);
    operations_rebuild(host);
    struct operations *table = operations_now();
    const struct operation *operation = operations_find(table, &operations[0]);
    operations_hold(table, operation);
    assert_int_equal(generation_calls(looker), 1);
    operations_rebuild(host);
    operations_rebuild(host);
    assert_ptr_not_equal(operations_now(), table);
    assert_string_equal(operation->hooks[0].row->name, "look");
    operations_release(table, operation);
    assert_int_equal(generation_calls(looker), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(operations_are_looked_over),
        TEST(hooks_are_looked_over),
        TEST(outside_of_init_nothing_is_registered),
        TEST(hooks_stand_in_their_order),
        TEST(only_hooks_without_a_transaction_keep_the_fast_lane),
        TEST(what_does_not_fit_is_told),
        TEST(a_hook_may_need_its_operation),
        TEST(a_table_in_use_outlives_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
