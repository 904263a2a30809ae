/* SPDX-License-Identifier: MIT */
/* Plugins that watch rooms of others: who is told, after whom, under which mark, across reloads. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/owner.h"
#include "loop/fiber.h"
#include "loop/park.h"
#include "room_rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define LOG_BYTES_MAX 4096u

static struct client clients[2];
static struct http_owner one = {.id = "one", .plugin = 1, .generation = 1};
static struct http_owner two = {.id = "two", .plugin = 2, .generation = 1};
static struct http_owner newer = {.id = "two", .plugin = 2, .generation = 2};
static struct http_owner three = {.id = "three", .plugin = 3, .generation = 1};

/* What was told: "<plugin>.<generation><what>" and a blank, for each call. */
static char story[LOG_BYTES_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* The plugin of the kind works on a change until this is set. */
static _Atomic bool may_go_on;
static _Atomic bool works;

static void note(const struct dais_presence *change)
{
    static const char whats[] = " +-#";
    struct owner owner = owner_get();
    pthread_mutex_lock(&lock);
    size_t len = strlen(story);
    snprintf(story + len, sizeof story - len, "%u.%u%c", owner.plugin, owner.generation,
             whats[change->what]);
    len = strlen(story);
    if (change->what == DAIS_PRESENCE_COUNT)
        snprintf(story + len, sizeof story - len, "%u ", change->count.viewers);
    else
        snprintf(story + len, sizeof story - len, "%.*s ", STR_ARG(change->viewer));
    pthread_mutex_unlock(&lock);
}

static void note_slowly(const struct dais_presence *change)
{
    atomic_store(&works, true);
    while (!atomic_load(&may_go_on))
        if (fiber_sleep(1) != DAIS_OK)
            return;
    note(change);
}

static const struct dais_room_kind KINDS[] = {{.name = "live", .presence = note}, {.name = NULL}};
static const struct dais_room_kind SLOW[] = {{.name = "live", .presence = note_slowly},
                                             {.name = NULL}};
static const struct dais_room_kind QUIET[] = {{.name = "live"}, {.name = NULL}};
static const struct dais_room_watch WATCHES[] = {
    {.kind = "session", .presence = note}, {.kind = "live", .presence = note}, {.kind = NULL}};

struct row {
    struct http_owner *owner;
    const struct dais_room_kind *kinds;
    const struct dais_room_watch *watches;
};

static void swap(void *table)
{
    room_use(table);
}

/* Ends with a row without an owner. */
static void use(const struct row *rows)
{
    struct room_table *table = NULL;
    assert_int_equal(room_table_new(&table), DAIS_OK);
    for (; rows->owner; rows++) {
        if (rows->kinds)
            assert_int_equal(room_table_kinds(table, rows->owner, rows->kinds), DAIS_OK);
        if (rows->watches)
            assert_int_equal(room_table_watches(table, rows->owner, rows->watches), DAIS_OK);
    }
    assert_int_equal(workers_park(swap, table, RIG_PATIENCE_MS), DAIS_OK);
}

static int begin(uint32_t workers)
{
    memset(clients, 0, sizeof clients);
    memset(story, 0, sizeof story);
    atomic_store(&may_go_on, false);
    atomic_store(&works, false);
    atomic_store(&two.closed, 0);
    clients[0].guest = "ann";
    clients[1].guest = "ben";
    clients[1].worker = workers - 1;
    int code = rig_start(workers);
    return limit_set(dais_cstr("room_count_ms"), 20) == DAIS_OK ? code : -1;
}

static int one_worker(void **state)
{
    (void)state;
    return begin(1);
}

static int three_workers(void **state)
{
    (void)state;
    return begin(3);
}

static int end(void **state)
{
    (void)state;
    int code = rig_stop();
    for (uint32_t i = 0; i < 2; i++)
        client_fini(&clients[i]);
    return code;
}

static void enter(struct client *client)
{
    rig_open(client);
    assert_int_equal(rig_join(client, "a", NULL, NULL), DAIS_OK);
}

static void expect(const char *text)
{
    char now[LOG_BYTES_MAX];
    uint64_t end_ms = clock_ms() + RIG_PATIENCE_MS;
    do {
        rig_pause(1);
        pthread_mutex_lock(&lock);
        memcpy(now, story, sizeof now);
        pthread_mutex_unlock(&lock);
    } while (strlen(now) < strlen(text) && clock_ms() < end_ms);
    assert_string_equal(now, text);
}

static void test_who_watches_hears_each_change_after_the_kind(void **state)
{
    (void)state;
    use((struct row[]){{&three, NULL, WATCHES}, {&one, KINDS, NULL}, {&two, NULL, WATCHES}, {0}});
    enter(&clients[0]);
    expect("1.1+guest:ann 3.1+guest:ann 2.1+guest:ann 1.1#1 3.1#1 2.1#1 ");
    enter(&clients[1]);
    expect("1.1+guest:ann 3.1+guest:ann 2.1+guest:ann 1.1#1 3.1#1 2.1#1 "
           "1.1+guest:ben 3.1+guest:ben 2.1+guest:ben 1.1#2 3.1#2 2.1#2 ");
    rig_close(&clients[0]);
    expect("1.1+guest:ann 3.1+guest:ann 2.1+guest:ann 1.1#1 3.1#1 2.1#1 "
           "1.1+guest:ben 3.1+guest:ben 2.1+guest:ben 1.1#2 3.1#2 2.1#2 "
           "1.1-guest:ann 3.1-guest:ann 2.1-guest:ann 1.1#1 3.1#1 2.1#1 ");
}

static void test_newer_code_hears_a_change_that_is_being_told(void **state)
{
    (void)state;
    use((struct row[]){{&one, SLOW, NULL}, {&two, NULL, WATCHES}, {&three, NULL, WATCHES}, {0}});
    enter(&clients[0]);
    while (!atomic_load(&works))
        rig_pause(1);
    use((struct row[]){{&three, NULL, WATCHES}, {&newer, NULL, WATCHES}, {&one, KINDS, NULL}, {0}});
    atomic_store(&may_go_on, true);
    expect("1.1+guest:ann 3.1+guest:ann 2.2+guest:ann 1.1#1 3.1#1 2.2#1 ");
}

static void test_a_kind_that_does_not_listen_is_watched(void **state)
{
    (void)state;
    use((struct row[]){{&one, QUIET, NULL}, {&two, NULL, WATCHES}, {0}});
    enter(&clients[0]);
    expect("2.1+guest:ann 2.1#1 ");
    use((struct row[]){{&two, NULL, WATCHES}, {0}}); /* the kind's plugin is gone */
    rig_close(&clients[0]);
    expect("2.1+guest:ann 2.1#1 2.1-guest:ann 2.1#0 ");
}

static void test_who_is_stopped_is_left_out(void **state)
{
    (void)state;
    use((struct row[]){{&one, KINDS, NULL}, {&two, NULL, WATCHES}, {&three, NULL, WATCHES}, {0}});
    atomic_store(&two.closed, 1);
    enter(&clients[0]);
    expect("1.1+guest:ann 3.1+guest:ann 1.1#1 3.1#1 ");
}

static void test_who_watches_no_longer_hears_nothing(void **state)
{
    (void)state;
    use((struct row[]){{&one, KINDS, NULL}, {&two, NULL, WATCHES}, {0}});
    enter(&clients[0]);
    expect("1.1+guest:ann 2.1+guest:ann 1.1#1 2.1#1 ");
    use((struct row[]){{&one, KINDS, NULL}, {0}});
    rig_close(&clients[0]);
    expect("1.1+guest:ann 2.1+guest:ann 1.1#1 2.1#1 1.1-guest:ann 1.1#0 ");
}

static void test_tables_of_watches_are_checked(void **state)
{
    (void)state;
    static const struct dais_room_watch bad[] = {{.kind = "Live", .presence = note}, {0}};
    static const struct dais_room_watch flags[] = {{.kind = "live", .flags = 1, .presence = note},
                                                   {0}};
    static const struct dais_room_watch without[] = {{.kind = "live"}, {0}};
    struct room_table *table = NULL;
    assert_int_equal(room_table_new(&table), DAIS_OK);
    assert_int_equal(room_watches_check(NULL), DAIS_E_INVALID);
    assert_int_equal(room_table_watches(table, &two, bad), DAIS_E_INVALID);
    assert_int_equal(room_table_watches(table, &two, flags), DAIS_E_INVALID);
    assert_int_equal(room_table_watches(table, &two, without), DAIS_E_INVALID);
    assert_non_null(strstr(room_problem(), "live"));
    assert_int_equal(room_table_watches(table, &two, WATCHES), DAIS_OK);
    assert_int_equal(room_table_watches(table, &three, WATCHES), DAIS_OK);
    assert_int_equal(room_table_watches(table, &two, WATCHES), DAIS_E_CONFLICT);
    room_table_free(table);
}

#define BOTH(test)                                                                                 \
    cmocka_unit_test_setup_teardown(test, one_worker, end),                                        \
        cmocka_unit_test_setup_teardown(test, three_workers, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_who_watches_hears_each_change_after_the_kind),
        BOTH(test_newer_code_hears_a_change_that_is_being_told),
        BOTH(test_a_kind_that_does_not_listen_is_watched),
        BOTH(test_who_is_stopped_is_left_out),
        BOTH(test_who_watches_no_longer_hears_nothing),
        cmocka_unit_test(test_tables_of_watches_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
