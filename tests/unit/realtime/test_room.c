/* SPDX-License-Identifier: MIT */
/* Rooms on one worker and on four: order, dialects, coming back, leaving, being removed. */
#include "base/buf.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "loop/fiber.h"
#include "loop/worker.h"
#include "room_rig.h"

#include <stdio.h>

#define CLIENTS 6u

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

static void test_all_members_get_events_in_order(void **state)
{
    (void)state;
    enter(CLIENTS, "a");
    for (int i = 1; i <= 3; i++) {
        char json[16];
        (void)snprintf(json, sizeof json, "%d", i);
        assert_int_equal(rig_emit((uint32_t)i % worker_count(), "a", "say", json), DAIS_OK);
        rig_settle();
    }
    for (uint32_t i = 0; i < CLIENTS; i++)
        rig_expect(&clients[i], "say 1@1 say 2@2 say 3@3 ");
}

static void test_rooms_do_not_hear_each_other(void **state)
{
    (void)state;
    rig_open(&clients[0]);
    rig_open(&clients[1]);
    assert_int_equal(rig_join(&clients[0], "a", NULL, NULL), DAIS_OK);
    assert_int_equal(rig_join(&clients[1], "b", NULL, NULL), DAIS_OK);
    assert_int_equal(rig_emit(0, "a", "to", "\"a\""), DAIS_OK);
    assert_int_equal(rig_emit(0, "b", "to", "\"b\""), DAIS_OK);
    rig_expect(&clients[0], "to \"a\"@1 ");
    rig_expect(&clients[1], "to \"b\"@1 ");
    assert_int_equal(rig_leave(&clients[0], "b"), DAIS_E_NOT_FOUND);
    assert_int_equal(rig_leave(&clients[0], "a"), DAIS_OK);
    assert_int_equal(rig_emit(0, "a", "to", "\"a\""), DAIS_OK);
    assert_int_equal(rig_emit(0, "b", "to", "\"b\""), DAIS_OK);
    rig_expect(&clients[1], "to \"b\"@1 to \"b\"@2 ");
    rig_expect(&clients[0], "to \"a\"@1 ");
    rig_expect_count("a", 0, 0);
    rig_expect_count("b", 1, 1);
}

static void test_one_rendering_per_dialect(void **state)
{
    (void)state;
    const char *dialects[] = {NULL, "001", "004", "silent", "001", NULL};
    for (uint32_t i = 0; i < CLIENTS; i++) {
        rig_open(&clients[i]);
        assert_int_equal(rig_join(&clients[i], "a", dialects[i], NULL), DAIS_OK);
    }
    const struct dais_rendering renderings[] = {
        {.dialect = "001", .event = "chat:message", .json = dais_cstr("1")},
        {.dialect = "silent", .event = NULL},
        {.dialect = "004", .event = "live:message", .json = dais_cstr("4")},
        {.event = "message", .json = dais_cstr("0")},
        {.event = NULL},
    };
    const struct dais_emit emit = {.renderings = renderings, .delivery = DAIS_DURABLE};
    assert_int_equal(rig_emit_as(0, "a", &emit), DAIS_OK);
    const char *logs[] = {"message 0@1 ",      "chat:message 1@1 ", "live:message 4@1 ", "",
                          "chat:message 1@1 ", "message 0@1 "};
    for (uint32_t i = 0; i < CLIENTS; i++)
        rig_expect(&clients[i], logs[i]);
    /* joining again changes the dialect alone */
    struct dais_room_joined joined;
    assert_int_equal(rig_join(&clients[0], "a", "004", &joined), DAIS_OK);
    assert_int_equal(joined.count.members, CLIENTS);
    assert_int_equal(rig_emit_as(0, "a", &emit), DAIS_OK);
    rig_expect(&clients[0], "message 0@1 live:message 4@2 ");
}

static void test_a_socket_is_left_out(void **state)
{
    (void)state;
    enter(CLIENTS, "a");
    const struct dais_rendering renderings[] = {{.event = "say", .json = dais_cstr("1")},
                                                {.event = NULL}};
    const struct dais_emit emit = {
        .renderings = renderings, .delivery = DAIS_DURABLE, .except = clients[2].handle};
    assert_int_equal(rig_emit(0, "a", "say", "0"), DAIS_OK);
    assert_int_equal(rig_emit_as(0, "a", &emit), DAIS_OK);
    assert_int_equal(rig_emit(0, "a", "say", "2"), DAIS_OK);
    for (uint32_t i = 0; i < CLIENTS; i++)
        rig_expect(&clients[i], i == 2 ? "say 0@1 say 2@3 " : "say 0@1 say 1@2 say 2@3 ");
}

/* What one turn brings, with the socket left out and a message to it alone in between. */
static int32_t run_mixed(void *arg)
{
    struct client *client = arg;
    const struct dais_room room = rig_room("a");
    struct dais_rendering renderings[] = {{.event = "say", .json = dais_cstr("1")},
                                          {.event = NULL}};
    struct dais_emit emit = {.renderings = renderings, .delivery = DAIS_DURABLE};
    for (int i = 0; i < 3; i++) {
        emit.except = i == 1 ? client->handle : 0;
        if (room_emit(&room, &emit) != DAIS_OK)
            return DAIS_E_STATE;
    }
    int32_t code = fiber_yield(); /* mail is read, the turn goes on */
    const struct socket_event direct = {.name = dais_cstr("direct"), .args = dais_cstr("0")};
    if (code == DAIS_OK)
        code = socket_event(client->socket, &direct, MESSAGE_DURABLE);
    if (code == DAIS_OK)
        code = room_emit(&room, &emit);
    return code;
}

static void test_a_direct_message_keeps_its_place(void **state)
{
    (void)state;
    enter(2, "a");
    uint32_t home = worker_home(dais_cstr("live:a"));
    rig_close(&clients[0]);
    clients[0].worker = home; /* elsewhere it takes longer than a turn: the place is free then */
    rig_open(&clients[0]);
    assert_int_equal(rig_join(&clients[0], "a", NULL, NULL), DAIS_OK);
    assert_int_equal(worker_call(home, run_mixed, &clients[0]), DAIS_OK);
    rig_expect(&clients[0], "say 1@1 say 1@3 direct 0 say 1@4 ");
    rig_expect(&clients[1], "say 1@1 say 1@2 say 1@3 say 1@4 ");
}

static void emit_many(const char *id, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(rig_emit(i % worker_count(), id, "n", "0"), DAIS_OK);
}

static void test_who_comes_back_gets_exactly_what_was_missed(void **state)
{
    (void)state;
    struct dais_room_joined joined;
    enter(2, "a");
    assert_int_equal(rig_emit(0, "a", "say", "1"), DAIS_OK);
    rig_expect(&clients[0], "say 1@1 ");
    rig_close(&clients[0]);
    rig_forget(&clients[0]);
    assert_int_equal(rig_emit(0, "a", "say", "2"), DAIS_OK);
    assert_int_equal(rig_emit(0, "a", "say", "3"), DAIS_OK);
    rig_expect_events(&clients[1], 3);
    rig_open(&clients[0]);
    assert_int_equal(rig_resume(&clients[0], "a", &joined), DAIS_OK);
    assert_int_equal(joined.resumed, DAIS_ROOM_REPLAYED);
    assert_int_equal(joined.replayed, 2);
    assert_int_equal(joined.count.seq, 3);
    assert_int_equal(rig_emit(0, "a", "say", "4"), DAIS_OK);
    rig_expect(&clients[0], "say 2@2 say 3@3 say 4@4 ");
    /* nothing missed */
    rig_close(&clients[0]);
    rig_open(&clients[0]);
    assert_int_equal(rig_resume(&clients[0], "a", &joined), DAIS_OK);
    assert_int_equal(joined.resumed, DAIS_ROOM_REPLAYED);
    assert_int_equal(joined.replayed, 0);
    assert_int_equal(clients[0].gaps, 0);
}

static void test_another_epoch_is_a_resync(void **state)
{
    (void)state;
    struct dais_room_joined joined;
    enter(1, "a");
    assert_int_equal(rig_emit(0, "a", "say", "1"), DAIS_OK);
    rig_expect(&clients[0], "say 1@1 ");
    rig_close(&clients[0]);
    rig_forget(&clients[0]);
    clients[0].epoch++;
    rig_open(&clients[0]);
    assert_int_equal(rig_resume(&clients[0], "a", &joined), DAIS_OK);
    assert_int_equal(joined.resumed, DAIS_ROOM_RESYNC);
    assert_int_equal(rig_emit(0, "a", "say", "2"), DAIS_OK);
    char expected[160];
    (void)snprintf(expected, sizeof expected,
                   "room:resync {\"room\":\"live:a\",\"epoch\":%llu,\"seq\":1} say 2@2 ",
                   (unsigned long long)joined.count.epoch);
    rig_expect(&clients[0], expected);
    /* a number from the future */
    rig_close(&clients[0]);
    clients[0].seq = 99;
    rig_open(&clients[0]);
    assert_int_equal(rig_resume(&clients[0], "a", &joined), DAIS_OK);
    assert_int_equal(joined.resumed, DAIS_ROOM_RESYNC);
}

static void test_what_is_kept_is_bounded_in_number(void **state)
{
    (void)state;
    struct dais_room_joined joined;
    assert_int_equal(limit_set(dais_cstr("room_ring_events"), 10), DAIS_OK);
    enter(2, "a");
    rig_close(&clients[0]);
    emit_many("a", 10);
    rig_expect_events(&clients[1], 10);
    rig_open(&clients[0]);
    assert_int_equal(rig_resume(&clients[0], "a", &joined), DAIS_OK);
    assert_int_equal(joined.resumed, DAIS_ROOM_REPLAYED);
    assert_int_equal(joined.replayed, 10);
    rig_expect_events(&clients[0], 10);
    rig_close(&clients[0]);
    emit_many("a", 11);
    rig_expect_events(&clients[1], 21);
    rig_open(&clients[0]);
    assert_int_equal(rig_resume(&clients[0], "a", &joined), DAIS_OK);
    assert_int_equal(joined.resumed, DAIS_ROOM_RESYNC);
    assert_int_equal(joined.replayed, 0);
}

static void test_what_is_kept_is_bounded_in_bytes(void **state)
{
    (void)state;
    struct dais_room_joined joined;
    char json[10001];
    memset(json, '1', sizeof json);
    json[sizeof json - 1] = '\0';
    assert_int_equal(limit_set(dais_cstr("room_ring_bytes"), 65536), DAIS_OK);
    enter(2, "a");
    rig_close(&clients[0]);
    for (uint32_t i = 0; i < 7; i++)
        assert_int_equal(rig_emit(0, "a", "big", json), DAIS_OK);
    rig_expect_events(&clients[1], 7);
    rig_open(&clients[0]);
    assert_int_equal(rig_resume(&clients[0], "a", &joined), DAIS_OK);
    assert_int_equal(joined.resumed, DAIS_ROOM_RESYNC);
    rig_close(&clients[0]);
    clients[0].seq = 2;
    rig_open(&clients[0]);
    assert_int_equal(rig_resume(&clients[0], "a", &joined), DAIS_OK);
    assert_int_equal(joined.resumed, DAIS_ROOM_REPLAYED);
    assert_int_equal(joined.replayed, 5);
}

static void test_what_is_kept_is_bounded_in_age(void **state)
{
    (void)state;
    struct dais_room_joined joined;
    assert_int_equal(limit_set(dais_cstr("room_ring_ms"), 100), DAIS_OK);
    enter(2, "a");
    rig_close(&clients[0]);
    emit_many("a", 3);
    rig_expect_events(&clients[1], 3);
    rig_pause(150); /* the age is what is tested */
    rig_open(&clients[0]);
    assert_int_equal(rig_resume(&clients[0], "a", &joined), DAIS_OK);
    assert_int_equal(joined.resumed, DAIS_ROOM_RESYNC);
    uint64_t epoch = joined.count.epoch;
    /* and the room itself, once nobody was there for so long */
    rig_close(&clients[0]);
    rig_close(&clients[1]);
    struct dais_room_count count = {.epoch = epoch};
    for (int i = 0; i < 2000 && count.epoch == epoch; i++) {
        rig_pause(1);
        assert_int_equal(rig_count(0, "a", &count), DAIS_OK);
    }
    assert_int_not_equal(count.epoch, epoch);
    assert_int_equal(count.seq, 0);
    rig_open(&clients[0]);
    assert_int_equal(rig_join(&clients[0], "a", NULL, &joined), DAIS_OK);
    assert_int_not_equal(joined.count.epoch, epoch);
    assert_true(joined.count.epoch < 1ull << 53);
}

/* More than a link takes at once comes in steps. */
static void test_a_long_replay_comes_whole(void **state)
{
    (void)state;
    struct dais_room_joined joined;
    char json[2001];
    memset(json, '1', sizeof json);
    json[sizeof json - 1] = '\0';
    enter(2, "a");
    rig_close(&clients[0]);
    for (uint32_t i = 1; i <= 800; i++) {
        assert_int_equal(rig_emit(0, "a", "big", json), DAIS_OK);
        if (i % 40 == 0)
            rig_expect_events(&clients[1], i); /* not too much for it in one turn */
    }
    rig_open(&clients[0]);
    assert_int_equal(rig_resume(&clients[0], "a", &joined), DAIS_OK);
    assert_int_equal(joined.replayed, 800);
    rig_expect_events(&clients[0], 800);
    assert_int_equal(clients[0].gaps, 0);
    assert_int_equal(clients[0].close_code, 0);
}

static void test_a_removed_viewer_is_out_everywhere(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 5; i++)
        clients[i].guest = i < 4 ? "eve" : "ann";
    enter(5, "a");
    rig_expect_count("a", 2, 5);
    const struct dais_rendering renderings[] = {{.event = "removed", .json = dais_cstr("1")},
                                                {.event = NULL}};
    const struct dais_emit last = {.renderings = renderings, .delivery = DAIS_DURABLE};
    char scratch[SOCKET_VIEWER_BYTES_MAX + 1] = {0};
    struct dais_str viewer = socket_viewer(clients[0].socket, scratch);
    memmove(scratch, viewer.ptr, viewer.len);
    scratch[viewer.len] = '\0';
    assert_int_equal(rig_remove(0, "a", scratch, &last), DAIS_OK);
    rig_expect_count("a", 1, 1);
    assert_int_equal(rig_emit(0, "a", "say", "1"), DAIS_OK);
    for (uint32_t i = 0; i < 4; i++)
        rig_expect(&clients[i], "removed 1 ");
    rig_expect(&clients[4], "say 1@1 ");
    assert_int_equal(rig_leave(&clients[0], "a"), DAIS_E_NOT_FOUND);
    /* whether it may come back is up to the kind */
    rig_forget(&clients[0]);
    assert_int_equal(rig_join(&clients[0], "a", NULL, NULL), DAIS_OK);
    assert_int_equal(rig_emit(0, "a", "say", "2"), DAIS_OK);
    rig_expect(&clients[0], "say 2@2 ");
}

static int32_t deny(const struct dais_room_entry *entry)
{
    int32_t code = fiber_sleep(1);
    return code == DAIS_OK && dais_str_eq(entry->room.id, dais_cstr("shut")) ? DAIS_E_DENIED : code;
}

static void test_admit_decides(void **state)
{
    (void)state;
    rig_kind.admit = deny;
    rig_open(&clients[0]);
    assert_int_equal(rig_join(&clients[0], "shut", NULL, NULL), DAIS_E_DENIED);
    assert_int_equal(rig_join(&clients[0], "open", NULL, NULL), DAIS_OK);
    assert_int_equal(rig_join(&clients[0], "a\"b", NULL, NULL), DAIS_E_INVALID);
    assert_int_equal(rig_join(&clients[0], "", NULL, NULL), DAIS_E_INVALID);
    assert_int_equal(rig_join(&clients[0], "nothing:a", NULL, NULL), DAIS_E_UNAVAILABLE);
    rig_expect_count("shut", 0, 0);
}

static void test_a_full_room_takes_no_other_viewer(void **state)
{
    (void)state;
    clients[0].guest = clients[3].guest = "ann";
    for (uint32_t i = 0; i < 4; i++)
        rig_open(&clients[i]);
    assert_int_equal(rig_join(&clients[0], "small:a", NULL, NULL), DAIS_OK);
    assert_int_equal(rig_join(&clients[1], "small:a", NULL, NULL), DAIS_OK);
    assert_int_equal(rig_join(&clients[2], "small:a", NULL, NULL), DAIS_E_LIMIT);
    assert_int_equal(rig_join(&clients[3], "small:a", NULL, NULL), DAIS_OK);
    rig_close(&clients[0]);
    rig_close(&clients[3]);
    rig_settle();
    rig_settle();
    assert_int_equal(rig_join(&clients[2], "small:a", NULL, NULL), DAIS_OK);
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

static void test_a_closed_room_is_empty_and_begins_anew(void **state)
{
    (void)state;
    struct dais_room_joined joined;
    enter(CLIENTS, "a");
    assert_int_equal(rig_emit(0, "a", "say", "1"), DAIS_OK);
    rig_expect_events(&clients[0], 1);
    assert_int_equal(worker_call(0, run_close_room, NULL), DAIS_OK);
    for (uint32_t i = 0; i < CLIENTS; i++)
        rig_expect(&clients[i], "say 1@1 over 1 ");
    rig_expect_count("a", 0, 0);
    assert_int_equal(rig_resume(&clients[0], "a", &joined), DAIS_OK);
    assert_int_equal(joined.resumed, DAIS_ROOM_RESYNC);
    assert_int_equal(joined.count.seq, 0);
}

static void test_a_member_that_does_not_read_is_closed_to_resume(void **state)
{
    (void)state;
    char json[4001];
    memset(json, '1', sizeof json);
    json[sizeof json - 1] = '\0';
    enter(2, "a");
    clients[0].stuck = true;
    struct dais_rendering renderings[] = {{.event = "big", .json = dais_cstr(json)},
                                          {.event = NULL}};
    struct dais_emit emit = {.renderings = renderings, .delivery = DAIS_DROPPABLE};
    for (uint32_t i = 1; i <= 100; i++) {
        assert_int_equal(rig_emit_as(0, "a", &emit), DAIS_OK);
        rig_expect_events(&clients[1], i);
    }
    emit.delivery = DAIS_REPLACEABLE;
    for (uint32_t i = 1; i <= 100; i++) {
        assert_int_equal(rig_emit_as(0, "a", &emit), DAIS_OK);
        rig_expect_events(&clients[1], 100 + i);
    }
    assert_int_equal(clients[0].close_code, 0);
    for (uint32_t i = 1; i <= 70; i++) {
        assert_int_equal(rig_emit(0, "a", "big", json), DAIS_OK);
        rig_expect_events(&clients[1], 200 + i);
    }
    rig_expect_count("a", 1, 1);
    assert_int_equal(clients[0].close_code, 4000);
    struct dais_room_joined joined;
    clients[0].stuck = false;
    rig_open(&clients[0]);
    assert_int_equal(rig_resume(&clients[0], "a", &joined), DAIS_OK);
    assert_int_equal(joined.resumed, DAIS_ROOM_REPLAYED);
    assert_int_equal(joined.replayed, 70);
}

static void test_emitting_without_members_is_kept_or_nothing(void **state)
{
    (void)state;
    struct dais_room_count count;
    const struct dais_rendering renderings[] = {{.event = "x"}, {.event = NULL}};
    const struct dais_emit emit = {.renderings = renderings, .delivery = DAIS_DROPPABLE};
    assert_int_equal(rig_emit_as(0, "a", &emit), DAIS_OK);
    assert_int_equal(rig_count(0, "a", &count), DAIS_OK);
    assert_int_equal(count.seq, 0);
    assert_int_equal(rig_emit(0, "a", "say", "1"), DAIS_OK);
    assert_int_equal(rig_count(0, "a", &count), DAIS_OK);
    assert_int_equal(count.seq, 1);
    clients[0].epoch = count.epoch;
    rig_open(&clients[0]);
    assert_int_equal(rig_resume(&clients[0], "a", NULL), DAIS_OK);
    rig_expect(&clients[0], "say 1@1 ");
}

static void test_a_closed_socket_has_left_all_rooms(void **state)
{
    (void)state;
    enter(3, "a");
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(rig_join(&clients[i], "b", NULL, NULL), DAIS_OK);
    rig_expect_count("a", 3, 3);
    rig_expect_count("b", 3, 3);
    rig_close(&clients[0]);
    rig_close(&clients[1]);
    rig_expect_count("a", 1, 1);
    rig_expect_count("b", 1, 1);
    assert_int_equal(rig_join(&clients[0], "a", NULL, NULL), DAIS_E_GONE);
}

#define BOTH(test)                                                                                 \
    cmocka_unit_test_setup_teardown(test, one_worker, end),                                        \
        cmocka_unit_test_setup_teardown(test, four_workers, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_all_members_get_events_in_order),
        BOTH(test_rooms_do_not_hear_each_other),
        BOTH(test_one_rendering_per_dialect),
        BOTH(test_a_socket_is_left_out),
        BOTH(test_a_direct_message_keeps_its_place),
        BOTH(test_who_comes_back_gets_exactly_what_was_missed),
        BOTH(test_another_epoch_is_a_resync),
        BOTH(test_what_is_kept_is_bounded_in_number),
        BOTH(test_what_is_kept_is_bounded_in_bytes),
        BOTH(test_what_is_kept_is_bounded_in_age),
        BOTH(test_a_long_replay_comes_whole),
        BOTH(test_a_removed_viewer_is_out_everywhere),
        BOTH(test_admit_decides),
        BOTH(test_a_full_room_takes_no_other_viewer),
        BOTH(test_a_closed_room_is_empty_and_begins_anew),
        BOTH(test_a_member_that_does_not_read_is_closed_to_resume),
        BOTH(test_emitting_without_members_is_kept_or_nothing),
        BOTH(test_a_closed_socket_has_left_all_rooms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
