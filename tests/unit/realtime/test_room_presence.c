/* SPDX-License-Identifier: MIT */
/* Who is in a room: distinct viewers, leases, what the kind's plugin is told, kinds that change. */
#include "base/clock.h"
#include "base/limits.h"
#include "loop/park.h"
#include "loop/worker.h"
#include "room_rig.h"

#include <pthread.h>
#include <stdio.h>

#define CLIENTS 6u
#define TOLD_MAX 256u

static struct client clients[CLIENTS];

/** What the plugin was told. */
struct story {
    uint32_t joined;
    uint32_t left;
    uint32_t counts;
    uint64_t told_ms[TOLD_MAX]; /* of counts */
    struct dais_room_count last;
    uint32_t at_a_time;
    bool overlapped;
};

static struct story told;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* What was told so far. */
static struct story story(void)
{
    pthread_mutex_lock(&lock);
    struct story now = told;
    pthread_mutex_unlock(&lock);
    return now;
}

static void on_presence(const struct dais_presence *change)
{
    pthread_mutex_lock(&lock);
    told.overlapped |= told.at_a_time++ > 0;
    told.joined += change->what == DAIS_PRESENCE_JOINED;
    told.left += change->what == DAIS_PRESENCE_LEFT;
    if (change->what == DAIS_PRESENCE_COUNT) {
        if (told.counts < TOLD_MAX)
            told.told_ms[told.counts] = clock_ms();
        told.counts++;
        told.last = change->count;
    }
    told.at_a_time--;
    pthread_mutex_unlock(&lock);
}

static int begin(uint32_t workers)
{
    memset(clients, 0, sizeof clients);
    memset(&told, 0, sizeof told);
    for (uint32_t i = 0; i < CLIENTS; i++)
        clients[i].worker = i % workers;
    int code = rig_start(workers);
    if (limit_set(dais_cstr("room_count_ms"), 50) != DAIS_OK)
        return -1;
    rig_kind.presence = on_presence;
    return code;
}

static int one_worker(void **state)
{
    (void)state;
    return begin(1);
}

static int four_workers(void **state)
{
    (void)state;
    return begin(4);
}

static int end(void **state)
{
    (void)state;
    int code = rig_stop();
    for (uint32_t i = 0; i < CLIENTS; i++)
        client_fini(&clients[i]);
    return code;
}

/* Waits until the plugin was told that so many are there. */
static void expect_told(uint32_t viewers, uint32_t joined, uint32_t left)
{
    uint64_t end_ms = clock_ms() + RIG_PATIENCE_MS;
    struct story now;
    do {
        rig_pause(1);
        now = story();
    } while (clock_ms() < end_ms && (now.counts == 0 || now.last.viewers != viewers ||
                                     now.joined != joined || now.left != left));
    assert_int_equal(now.joined, joined);
    assert_int_equal(now.left, left);
    assert_int_equal(now.last.viewers, viewers);
    assert_false(now.overlapped);
}

static void test_three_tabs_are_one_viewer(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        clients[i].guest = "ann";
    for (uint32_t i = 0; i < 5; i++) {
        rig_open(&clients[i]);
        assert_int_equal(rig_join(&clients[i], "a", NULL, NULL), DAIS_OK);
    }
    rig_expect_count("a", 3, 5);
    expect_told(3, 3, 0);
    rig_close(&clients[0]);
    rig_close(&clients[3]);
    rig_expect_count("a", 2, 3);
    assert_int_equal(rig_leave(&clients[1], "a"), DAIS_OK);
    rig_expect_count("a", 2, 2);
    expect_told(2, 3, 1);
    rig_close(&clients[2]);
    rig_close(&clients[4]);
    rig_expect_count("a", 0, 0);
    expect_told(0, 3, 3);
    struct dais_room_count count;
    assert_int_equal(rig_count(0, "a", &count), DAIS_OK);
    assert_int_equal(count.peak, 3);
}

static int32_t run_turn_round(void *arg)
{
    struct client *client = arg;
    const struct dais_room room = rig_room("a");
    const struct dais_room_join how = {.room = room};
    struct dais_room_joined joined;
    int32_t code = room_leave(client->handle, &room);
    return code == DAIS_OK ? client_join_here(client, &how, &joined) : code;
}

static void test_who_leaves_and_joins_in_one_turn_is_there(void **state)
{
    (void)state;
    rig_open(&clients[CLIENTS - 1]);
    assert_int_equal(rig_join(&clients[CLIENTS - 1], "a", NULL, NULL), DAIS_OK);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(
            worker_call(clients[CLIENTS - 1].worker, run_turn_round, &clients[CLIENTS - 1]),
            DAIS_OK);
        rig_settle();
        rig_expect_count("a", 1, 1);
    }
}

static void test_numbers_are_told_once_a_second_and_right_at_the_end(void **state)
{
    (void)state;
    assert_int_equal(limit_set(dais_cstr("room_count_ms"), 1000), DAIS_OK);
    rig_open(&clients[0]);
    uint64_t end_ms = clock_ms() + 1300;
    while (clock_ms() < end_ms) {
        assert_int_equal(rig_join(&clients[0], "a", NULL, NULL), DAIS_OK);
        assert_int_equal(rig_leave(&clients[0], "a"), DAIS_OK);
        rig_pause(2);
    }
    assert_int_equal(rig_join(&clients[0], "a", NULL, NULL), DAIS_OK);
    uint64_t quiet_ms = clock_ms() + RIG_PATIENCE_MS;
    while (clock_ms() < quiet_ms && story().last.viewers != 1)
        rig_pause(5);
    struct story now = story();
    assert_int_equal(now.last.viewers, 1);
    assert_in_range(now.counts, 2, 4);
    for (uint32_t i = 1; i < now.counts; i++)
        assert_true(now.told_ms[i] - now.told_ms[i - 1] >= 950);
    assert_true(now.joined > now.counts);
}

static int32_t run_lease(void *arg)
{
    const struct dais_room room = rig_room("a");
    char name[32];
    uint32_t ttl_ms = *(const uint32_t *)arg;
    for (int i = 0; i < 300; i++) {
        (void)snprintf(name, sizeof name, "viewer-%d", i);
        int32_t code = room_lease(&room, dais_cstr(name), ttl_ms);
        if (code != DAIS_OK)
            return code;
    }
    return DAIS_OK;
}

static void test_beyond_200_viewers_nobody_is_named(void **state)
{
    (void)state;
    uint32_t ttl_ms = 60000, none = 0;
    assert_int_equal(worker_call(worker_count() - 1, run_lease, &ttl_ms), DAIS_OK);
    expect_told(300, 200, 0);
    assert_int_equal(worker_call(0, run_lease, &ttl_ms), DAIS_OK); /* again: the same viewers */
    rig_expect_count("a", 300, 0);
    assert_int_equal(worker_call(0, run_lease, &none), DAIS_OK);
    expect_told(0, 200, 200);
}

static void test_leases_end_by_themselves(void **state)
{
    (void)state;
    uint32_t ttl_ms = 500;
    rig_open(&clients[0]);
    assert_int_equal(rig_join(&clients[0], "a", NULL, NULL), DAIS_OK);
    assert_int_equal(worker_call(0, run_lease, &ttl_ms), DAIS_OK);
    rig_expect_count("a", 301, 1);
    rig_expect_count("a", 1, 1);
}

/** What a sample gave. */
struct sample {
    uint32_t max;
    uint32_t count;
    char first[64];
};

static int32_t run_sample(void *arg)
{
    struct sample *sample = arg;
    const struct dais_room room = rig_room("a");
    struct dais_str viewers[DAIS_ROOM_SAMPLE_MAX];
    int32_t code = room_sample(&room, sample->max, viewers, &sample->count);
    if (code == DAIS_OK && sample->count > 0)
        (void)snprintf(sample->first, sizeof sample->first, "%.*s", STR_ARG(viewers[0]));
    return code;
}

static void test_a_sample_has_at_most_50(void **state)
{
    (void)state;
    struct sample sample = {.max = 10};
    uint32_t ttl_ms = 60000;
    assert_int_equal(worker_call(0, run_sample, &sample), DAIS_OK);
    assert_int_equal(sample.count, 0);
    assert_int_equal(worker_call(0, run_lease, &ttl_ms), DAIS_OK);
    rig_expect_count("a", 300, 0);
    assert_int_equal(worker_call(0, run_sample, &sample), DAIS_OK);
    assert_int_equal(sample.count, 10);
    assert_true(str_has_prefix(dais_cstr(sample.first), "viewer-"));
    sample.max = 1000;
    assert_int_equal(worker_call(worker_count() - 1, run_sample, &sample), DAIS_OK);
    assert_int_equal(sample.count, DAIS_ROOM_SAMPLE_MAX);
}

static int32_t new_admit(const struct dais_room_entry *entry)
{
    return dais_str_eq(entry->room.id, dais_cstr("shut")) ? DAIS_E_DENIED : DAIS_OK;
}

static const struct dais_room_kind NEWER[] = {
    {.name = "live", .admit = new_admit, .presence = on_presence, .summary = "Newer"},
    {.name = NULL},
};

static struct http_owner newer = {.id = "rig", .plugin = 1, .generation = 2};

static void swap(void *table)
{
    room_use(table);
}

static void use(const struct dais_room_kind *rows)
{
    struct room_table *table = NULL;
    assert_int_equal(room_table_new(&table), DAIS_OK);
    if (rows)
        assert_int_equal(room_table_kinds(table, &newer, rows), DAIS_OK);
    assert_int_equal(workers_park(swap, table, RIG_PATIENCE_MS), DAIS_OK);
}

static void test_rooms_outlive_the_code_of_their_kind(void **state)
{
    (void)state;
    rig_open(&clients[0]);
    rig_open(&clients[1]);
    assert_int_equal(rig_join(&clients[0], "a", NULL, NULL), DAIS_OK);
    assert_int_equal(rig_emit(0, "a", "say", "1"), DAIS_OK);
    use(NULL);
    assert_int_equal(rig_join(&clients[1], "a", NULL, NULL), DAIS_E_UNAVAILABLE);
    assert_int_equal(rig_emit(0, "a", "say", "2"), DAIS_OK);
    rig_expect(&clients[0], "say 1@1 say 2@2 ");
    use(NEWER);
    assert_int_equal(rig_join(&clients[1], "shut", NULL, NULL), DAIS_E_DENIED);
    assert_int_equal(rig_join(&clients[1], "a", NULL, NULL), DAIS_OK);
    assert_int_equal(rig_emit(0, "a", "say", "3"), DAIS_OK);
    rig_expect(&clients[0], "say 1@1 say 2@2 say 3@3 ");
    rig_expect(&clients[1], "say 3@3 ");
    uint64_t end_ms = clock_ms() + RIG_PATIENCE_MS;
    while (story().last.viewers != 2 && clock_ms() < end_ms)
        rig_pause(1);
    assert_int_equal(story().last.viewers, 2);
    atomic_store(&newer.closed, 1);
    assert_int_equal(rig_join(&clients[1], "b", NULL, NULL), DAIS_E_UNAVAILABLE);
    atomic_store(&newer.closed, 0);
    assert_int_equal(rig_join(&clients[1], "b", NULL, NULL), DAIS_OK);
}

static void test_tables_of_kinds_are_checked(void **state)
{
    (void)state;
    static const struct dais_room_kind bad[] = {{.name = "Live"}, {.name = NULL}};
    static const struct dais_room_kind flags[] = {{.name = "live", .flags = 1}, {.name = NULL}};
    struct room_table *table = NULL;
    assert_int_equal(room_table_new(&table), DAIS_OK);
    assert_int_equal(room_table_kinds(table, &newer, bad), DAIS_E_INVALID);
    assert_int_equal(room_table_kinds(table, &newer, flags), DAIS_E_INVALID);
    assert_int_equal(room_table_kinds(table, &newer, NEWER), DAIS_OK);
    assert_int_equal(room_table_kinds(table, &newer, NEWER), DAIS_E_CONFLICT);
    assert_non_null(strstr(room_problem(), "live"));
    assert_int_equal(room_kinds_check(NULL), DAIS_E_INVALID);
    room_table_free(table);
}

#define BOTH(test)                                                                                 \
    cmocka_unit_test_setup_teardown(test, one_worker, end),                                        \
        cmocka_unit_test_setup_teardown(test, four_workers, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_three_tabs_are_one_viewer),
        BOTH(test_who_leaves_and_joins_in_one_turn_is_there),
        BOTH(test_numbers_are_told_once_a_second_and_right_at_the_end),
        BOTH(test_beyond_200_viewers_nobody_is_named),
        BOTH(test_leases_end_by_themselves),
        BOTH(test_a_sample_has_at_most_50),
        BOTH(test_rooms_outlive_the_code_of_their_kind),
        cmocka_unit_test(test_tables_of_kinds_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
