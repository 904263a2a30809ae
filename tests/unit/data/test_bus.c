/* SPDX-License-Identifier: MIT */
/* The bus: every subscription on every worker, in the order of the sender. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>

#include "base/limits.h"
#include "data/bus.h"
#include "loop/fiber.h"
#include "loop/mail.h"
#include "loop/park.h"
#include "loop/worker.h"

#define WORKERS 3u
#define EVENTS 2000u

/* What one worker heard. Only its own worker writes it. */
static struct {
    _Atomic uint32_t count;
    uint32_t next[WORKERS]; /* of each sender */
    uint32_t disorder;
    uint32_t second;
    uint32_t newer;
} heard[WORKERS];

static _Atomic uint32_t called_for, bridged, halfway;

static void hear(const struct dais_bus_event *event)
{
    uint32_t sender = 0, number = 0, self = worker_index();
    char text[32] = {0};
    memcpy(text, event->payload.ptr, event->payload.len);
    if (sscanf(text, "%u %u", &sender, &number) != 2 || heard[self].next[sender] != number ||
        !dais_str_eq(event->topic, dais_cstr("test.topic")))
        heard[self].disorder++;
    heard[self].next[sender] = number + 1;
    atomic_fetch_add(&heard[self].count, 1);
}

static void hear_too(const struct dais_bus_event *event)
{
    heard[worker_index()].second++;
}

static const struct dais_subscription table[] = {
    {"test.topic", hear}, {"test.topic", hear_too}, {"test.other", hear_too}, {0}};

static int open_bus(void **state)
{
    memset(heard, 0, sizeof heard);
    atomic_store(&called_for, 0);
    atomic_store(&bridged, 0);
    assert_int_equal(bus_subscribe(3, table), 0);
    return 0;
}

static int close_bus(void **state)
{
    bus_close();
    limits_reset();
    return 0;
}

static int32_t send_all(void *arg)
{
    for (uint32_t i = 0; i < EVENTS; i++) {
        char text[32];
        snprintf(text, sizeof text, "%u %u", worker_index(), i);
        int32_t code = bus_publish("test.topic", dais_cstr("key"), dais_cstr(text));
        if (code == DAIS_OK && i % 64 == 0)
            code = fiber_yield();
        if (code != DAIS_OK)
            return code;
    }
    return 0;
}

static int32_t await_all(void *arg)
{
    while (atomic_load(&heard[worker_index()].count) < WORKERS * EVENTS) {
        int32_t code = fiber_sleep(2);
        if (code != DAIS_OK)
            return code;
    }
    return 0;
}

static void everybody_hears_in_order(void **state)
{
    assert_int_equal(workers_start(WORKERS, NULL), 0);
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_int_equal(worker_call(i, send_all, NULL), 0);
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_int_equal(worker_call(i, await_all, NULL), 0);
    assert_int_equal(workers_stop(2000), 0);
    for (uint32_t i = 0; i < WORKERS; i++) {
        assert_int_equal(heard[i].count, WORKERS * EVENTS);
        assert_int_equal(heard[i].disorder, 0);
        assert_int_equal(heard[i].second, WORKERS * EVENTS);
    }
}

static int32_t send_odd_ones(void *arg)
{
    static char large[DAIS_BUS_PAYLOAD_BYTES_MAX + 1];
    struct dais_str none = {NULL, 0}, full = dais_str(large, sizeof large);
    struct dais_bus_event own = {.topic = dais_cstr("test.other")};
    if (bus_publish("nobody.listens", none, none) != DAIS_OK ||
        bus_publish(NULL, none, none) != DAIS_E_INVALID ||
        bus_publish("", none, none) != DAIS_E_INVALID ||
        bus_publish("test.other", full, none) != DAIS_E_TOO_LARGE ||
        bus_publish("test.other", none, full) != DAIS_E_TOO_LARGE ||
        bus_publish("test.other", none, dais_str(large, sizeof large - 1)) != DAIS_OK ||
        bus_deliver(&own) != DAIS_OK)
        return DAIS_E_INTERNAL;
    return fiber_sleep(1);
}

static void mark(uint32_t owner, const struct dais_subscription *row,
                 const struct dais_bus_event *event)
{
    atomic_store(&called_for, owner);
    row->handle(event);
}

static void pass_on(const struct dais_bus_event *event, void *context)
{
    atomic_fetch_add((_Atomic uint32_t *)context, 1);
}

static void odd_events_are_told(void **state)
{
    struct dais_str none = {NULL, 0};
    bus_caller(mark);
    bus_bridge(pass_on, &bridged);
    assert_int_equal(bus_publish("test.other", none, none), DAIS_E_STATE);
    assert_int_equal(workers_start(1, NULL), 0);
    assert_int_equal(worker_call(0, send_odd_ones, NULL), 0);
    assert_int_equal(workers_stop(2000), 0);
    assert_int_equal(heard[0].second, 2);
    assert_int_equal(called_for, 3);
    /* The ones that were accepted; not what came from the other side. */
    assert_int_equal(bridged, 2);
}

struct filler {
    struct mail mail;
};

static void drop_filler(struct mail *mail) {}

/* Events come on top of a full mail box; what bounds them is their own number. */
static int32_t flood(void *arg)
{
    static struct filler fillers[64];
    int32_t code = DAIS_OK;
    uint32_t sent = 0;
    for (uint32_t i = 0; i < 64 && code == DAIS_OK; i++) {
        fillers[i].mail.deliver = drop_filler;
        code = mail_send(0, &fillers[i].mail);
    }
    for (; code == DAIS_OK && sent < 1000; sent++)
        code = bus_publish("test.other", dais_cstr("k"), dais_cstr("v"));
    if (code != DAIS_E_LIMIT || sent != 17)
        return DAIS_E_INTERNAL;
    code = fiber_sleep(1);
    return code == DAIS_OK ? bus_publish("test.other", dais_cstr("k"), dais_cstr("v")) : code;
}

static void a_full_box_loses_nothing(void **state)
{
    assert_int_equal(limit_set(dais_cstr("mail"), 64), 0);
    assert_int_equal(limit_set(dais_cstr("bus_events"), 16), 0);
    assert_int_equal(workers_start(1, NULL), 0);
    assert_int_equal(worker_call(0, flood, NULL), 0);
    assert_int_equal(workers_stop(2000), 0);
    assert_int_equal(heard[0].second, 17);
}

static void hear_newer(const struct dais_bus_event *event)
{
    heard[worker_index()].newer++;
}

/* Newer code listens to one of the topics only. */
static const struct dais_subscription newer[] = {{"test.topic", hear_newer}, {0}};

static void replace_table(void *arg)
{
    *(int32_t *)arg = bus_subscribe(3, newer);
    bus_unsubscribe(table);
}

/* What is under way when the tables change must find them as they are then. */
static int32_t send_and_go(void *arg)
{
    int32_t code = DAIS_OK;
    for (uint32_t i = 0; i < EVENTS && code == DAIS_OK; i++) {
        char text[32];
        snprintf(text, sizeof text, "%u %u", worker_index(), i);
        code = bus_publish("test.topic", dais_cstr("key"), dais_cstr(text));
        if (code == DAIS_OK)
            code = bus_publish("test.other", dais_cstr("key"), dais_cstr(text));
        if (code == DAIS_OK && i == EVENTS / 2)
            code = fiber_sleep(1);
        if (i == EVENTS / 2)
            atomic_fetch_add(&halfway, 1);
    }
    return code;
}

static int32_t sent_code = DAIS_E_INTERNAL;

static void *send_on_thread(void *arg)
{
    sent_code = worker_call(0, send_and_go, NULL);
    return NULL;
}

static void rows_change_under_events(void **state)
{
    pthread_t thread;
    int32_t code = DAIS_E_INTERNAL;
    assert_int_equal(workers_start(WORKERS, NULL), 0);
    assert_int_equal(pthread_create(&thread, NULL, send_on_thread, NULL), 0);
    while (atomic_load(&halfway) == 0)
        sched_yield();
    assert_int_equal(workers_park(replace_table, &code, 2000), 0);
    assert_int_equal(code, 0);
    pthread_join(thread, NULL);
    assert_int_equal(sent_code, 0);
    assert_int_equal(workers_stop(2000), 0);
    for (uint32_t i = 0; i < WORKERS; i++) {
        assert_int_equal(atomic_load(&heard[i].count) + heard[i].newer, EVENTS);
        assert_int_equal(heard[i].disorder, 0);
        assert_true(heard[i].second >= heard[i].count);
    }
}

static void bad_rows_are_refused(void **state)
{
    const struct dais_subscription nobody[] = {{"x", NULL}, {0}};
    assert_int_equal(bus_subscribe(1, nobody), DAIS_E_INVALID);
    assert_int_equal(bus_subscribe(1, NULL), DAIS_E_INVALID);
    assert_int_equal(limit_set(dais_cstr("bus_subscriptions"), 5), 0);
    assert_int_equal(bus_subscribe_check(table), DAIS_E_LIMIT);
    assert_int_equal(bus_subscribe(1, table), DAIS_E_LIMIT);
    bus_unsubscribe(newer); /* never came */
    bus_unsubscribe(table);
    assert_int_equal(bus_subscribe(1, table), DAIS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everybody_hears_in_order, open_bus, close_bus),
        cmocka_unit_test_setup_teardown(odd_events_are_told, open_bus, close_bus),
        cmocka_unit_test_setup_teardown(a_full_box_loses_nothing, open_bus, close_bus),
        cmocka_unit_test_setup_teardown(rows_change_under_events, open_bus, close_bus),
        cmocka_unit_test_setup_teardown(bad_rows_are_refused, open_bus, close_bus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
