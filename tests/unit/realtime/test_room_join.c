/* SPDX-License-Identifier: MIT */
/* Entering rooms, on one worker and on four: what was before the join, who is in, whose key. */
#include "base/limits.h"
#include "loop/worker.h"
#include "room_rig.h"

#define CLIENTS 2u

static struct client clients[CLIENTS];

static int begin(uint32_t workers)
{
    memset(clients, 0, sizeof clients);
    for (uint32_t i = 0; i < CLIENTS; i++)
        clients[i].worker = i % workers;
    return rig_start(workers);
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

static void enter(uint32_t count, const char *id)
{
    for (uint32_t i = 0; i < count; i++) {
        rig_open(&clients[i]);
        assert_int_equal(rig_join(&clients[i], id, NULL, NULL), DAIS_OK);
    }
}

static int32_t run_close_room(void *arg)
{
    (void)arg;
    const struct dais_room room = rig_room("a");
    const struct dais_rendering renderings[] = {{.event = "over", .json = dais_cstr("1")},
                                                {.event = NULL}};
    const struct dais_emit last = {.renderings = renderings, .delivery = DAIS_DURABLE};
    return room_close(&room, &last);
}

/* Numbers of a room that nobody has entered, then an event, then the join. */
static void test_nothing_is_missed_between_history_and_live(void **state)
{
    (void)state;
    struct dais_room_count count;
    struct dais_room_joined joined;
    assert_int_equal(rig_count(0, "a", &count), DAIS_OK);
    assert_int_equal(rig_emit(0, "a", "say", "1"), DAIS_OK);
    rig_settle();
    rig_open(&clients[0]);
    clients[0].epoch = count.epoch;
    clients[0].seq = count.seq;
    assert_int_equal(rig_resume(&clients[0], "a", &joined), DAIS_OK);
    assert_int_equal(joined.resumed, DAIS_ROOM_REPLAYED);
    rig_expect(&clients[0], "say 1@1 ");
    /* a room that begins anew does not go on with numbers of before */
    rig_close(&clients[0]);
    assert_int_equal(worker_call(0, run_close_room, NULL), DAIS_OK);
    assert_int_equal(rig_emit(0, "a", "say", "2"), DAIS_OK);
    rig_settle();
    clients[0].epoch = count.epoch;
    clients[0].seq = count.seq;
    rig_open(&clients[0]);
    assert_int_equal(rig_resume(&clients[0], "a", &joined), DAIS_OK);
    assert_int_equal(joined.resumed, DAIS_ROOM_RESYNC);
}

static int32_t cancelled(const struct dais_room_entry *entry)
{
    (void)entry;
    return DAIS_E_CANCELLED;
}

/* LeakSanitizer looks at the rest. */
static void test_a_join_that_admit_gives_up_is_over(void **state)
{
    (void)state;
    rig_kind.admit = cancelled;
    rig_open(&clients[0]);
    assert_int_equal(rig_join(&clients[0], "a", NULL, NULL), DAIS_E_CANCELLED);
    rig_kind.admit = NULL;
    assert_int_equal(rig_join(&clients[0], "a", NULL, NULL), DAIS_OK);
}

static void test_rooms_do_not_replace_each_other_s_events(void **state)
{
    (void)state;
    enter(1, "a");
    assert_int_equal(rig_join(&clients[0], "b", NULL, NULL), DAIS_OK);
    const struct dais_rendering renderings[] = {{.event = "count", .json = dais_cstr("1")},
                                                {.event = NULL}};
    const struct dais_emit emit = {
        .renderings = renderings, .delivery = DAIS_REPLACEABLE, .key = 1};
    clients[0].stuck = true;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rig_emit_as(0, "a", &emit), DAIS_OK);
        rig_settle();
        assert_int_equal(rig_emit_as(0, "b", &emit), DAIS_OK);
        rig_settle();
    }
    clients[0].stuck = false;
    assert_int_equal(rig_emit(0, "b", "end", "1"), DAIS_OK);
    rig_expect(&clients[0], "count 1 count 1 end 1@1 ");
}

static int32_t run_rooms(void *arg)
{
    (void)arg;
    return (int32_t)rooms_count();
}

/* Nothing was said in them: they need not be kept for those who come back. */
static void test_rooms_in_which_nothing_was_said_do_not_stay(void **state)
{
    (void)state;
    const char *ids[] = {"a", "b", "c", "d", "e"};
    assert_int_equal(limit_set(dais_cstr("room_count_ms"), 10), DAIS_OK);
    rig_open(&clients[0]);
    for (int i = 0; i < 5; i++)
        assert_int_equal(rig_join(&clients[0], ids[i], NULL, NULL), DAIS_OK);
    assert_int_equal(rig_emit(0, "e", "say", "1"), DAIS_OK);
    rig_expect_events(&clients[0], 1);
    for (int i = 0; i < 5; i++)
        assert_int_equal(rig_leave(&clients[0], ids[i]), DAIS_OK);
    int32_t count = 0;
    for (int tries = 0; tries < 5000 && count != 1; tries++) {
        rig_pause(1);
        count = 0;
        for (uint32_t worker = 0; worker < worker_count(); worker++)
            count += worker_call(worker, run_rooms, NULL);
    }
    assert_int_equal(count, 1);
}

static int32_t run_has(void *arg)
{
    const struct client *client = arg;
    const struct dais_room room = rig_room("a");
    return room_has(&room, client->handle);
}

static void test_who_is_a_member(void **state)
{
    (void)state;
    enter(1, "a");
    rig_open(&clients[1]);
    assert_int_equal(worker_call(clients[0].worker, run_has, &clients[0]), DAIS_OK);
    assert_int_equal(worker_call(clients[1].worker, run_has, &clients[1]), DAIS_E_NOT_FOUND);
    assert_int_equal(rig_leave(&clients[0], "a"), DAIS_OK);
    assert_int_equal(worker_call(clients[0].worker, run_has, &clients[0]), DAIS_E_NOT_FOUND);
    rig_close(&clients[0]);
    assert_int_equal(worker_call(clients[0].worker, run_has, &clients[0]), DAIS_E_GONE);
}

#define BOTH(test)                                                                                 \
    cmocka_unit_test_setup_teardown(test, one_worker, end),                                        \
        cmocka_unit_test_setup_teardown(test, four_workers, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_nothing_is_missed_between_history_and_live),
        BOTH(test_a_join_that_admit_gives_up_is_over),
        BOTH(test_rooms_do_not_replace_each_other_s_events),
        BOTH(test_rooms_in_which_nothing_was_said_do_not_stay),
        BOTH(test_who_is_a_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
