/* SPDX-License-Identifier: MIT */
/* Rooms under pressure: clients that come and go while all workers emit, a worker that is behind,
 * thousands who come back at once. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/sanitize.h"
#include "loop/fiber.h"
#include "loop/worker.h"
#include "room_rig.h"

#include <pthread.h>
#include <stdio.h>

#define WORKERS 4u
#define PERSONS 24u
#define EVENTS 600u
/* Sanitizers make everything some twenty times slower. */
#define CROWD (SANITIZE_ADDRESS || SANITIZE_THREAD ? 1000u : 10000u)
#define MISSED 100u

static int many_workers(void **state)
{
    (void)state;
    return rig_start(WORKERS);
}

static int one_worker(void **state)
{
    (void)state;
    return rig_start(1);
}

static int end(void **state)
{
    (void)state;
    return rig_stop();
}

/* --- coming and going while events come --- */

static struct client persons[PERSONS];
static _Atomic uint32_t people;   /* fibers that go on */
static _Atomic uint32_t emitters; /* fibers that do */
static _Atomic uint32_t failures;

static int32_t emit_one(uint32_t number)
{
    char json[16];
    (void)snprintf(json, sizeof json, "%u", number);
    const struct dais_room room = rig_room("hammer");
    const struct dais_rendering renderings[] = {{.event = "n", .json = dais_cstr(json)},
                                                {.event = NULL}};
    const struct dais_emit emit = {.renderings = renderings, .delivery = DAIS_DURABLE};
    return room_emit(&room, &emit);
}

static void emit_all(void *arg)
{
    (void)arg;
    for (uint32_t i = 0; i < EVENTS / WORKERS; i++) {
        if (emit_one(i) != DAIS_OK || (i % 8 == 0 && fiber_sleep(1) != DAIS_OK))
            atomic_fetch_add(&failures, 1);
    }
    atomic_fetch_sub(&emitters, 1);
}

static int32_t person_enters(struct client *person)
{
    struct dais_room_joined joined;
    const struct dais_room_join how = {
        .room = rig_room("hammer"), .epoch = person->epoch, .seq = person->seq};
    int32_t code = client_open_here(person);
    if (code == DAIS_OK)
        code = client_join_here(person, &how, &joined);
    if (code == DAIS_OK && how.epoch && joined.resumed != DAIS_ROOM_REPLAYED)
        code = DAIS_E_MISMATCH;
    return code;
}

/* Comes, stays for a while, goes without a word, comes back. In the end it stays. */
static void live(void *arg)
{
    struct client *person = arg;
    int32_t code = person_enters(person);
    while (code == DAIS_OK && atomic_load(&emitters) > 0) {
        code = fiber_sleep(random_below(6));
        client_close_here(person);
        if (code == DAIS_OK && random_below(2))
            code = fiber_sleep(random_below(4));
        if (code == DAIS_OK)
            code = person_enters(person);
    }
    if (code != DAIS_OK)
        atomic_fetch_add(&failures, 1);
    atomic_fetch_sub(&people, 1);
}

static int32_t run_person(void *arg)
{
    const struct fiber_spec spec = {.name = "person", .fn = live, .arg = arg};
    return fiber_spawn(&spec, NULL);
}

static int32_t run_emitter(void *arg)
{
    (void)arg;
    const struct fiber_spec spec = {.name = "emitter", .fn = emit_all};
    return fiber_spawn(&spec, NULL);
}

static void hammer(void)
{
    memset(persons, 0, sizeof persons);
    atomic_store(&failures, 0);
    atomic_store(&people, PERSONS);
    atomic_store(&emitters, WORKERS);
    for (uint32_t i = 0; i < PERSONS; i++) {
        persons[i].worker = i % worker_count();
        assert_int_equal(worker_call(persons[i].worker, run_person, &persons[i]), DAIS_OK);
    }
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_int_equal(worker_call(i % worker_count(), run_emitter, NULL), DAIS_OK);
    uint64_t end_ms = clock_ms() + 6 * RIG_PATIENCE_MS;
    while (atomic_load(&people) > 0 && clock_ms() < end_ms)
        rig_pause(1);
    assert_int_equal(atomic_load(&people), 0);
    assert_int_equal(atomic_load(&failures), 0);
    rig_expect_count("hammer", PERSONS, PERSONS);
    struct dais_room_count count;
    assert_int_equal(rig_count(0, "hammer", &count), DAIS_OK);
    assert_int_equal(count.seq, EVENTS);
    rig_settle();
    for (uint32_t i = 0; i < PERSONS; i++) {
        assert_int_equal(persons[i].gaps, 0);
        assert_int_equal(persons[i].resyncs, 0);
        assert_int_equal(persons[i].seq, EVENTS);
        rig_close(&persons[i]);
        client_fini(&persons[i]);
    }
    rig_expect_count("hammer", 0, 0);
}

static void test_nothing_is_lost_or_doubled_by_those_who_come_back(void **state)
{
    (void)state;
    hammer();
}

/* --- a worker that does not read its mail --- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool stands;
    bool goes_on;
    struct client *late; /* joins then */
} stand = {.lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};

static int32_t run_stand(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&stand.lock);
    stand.stands = true;
    pthread_cond_broadcast(&stand.cond);
    while (!stand.goes_on)
        pthread_cond_wait(&stand.cond, &stand.lock);
    pthread_mutex_unlock(&stand.lock);
    /* home hears of this before it hears that the mail was read */
    struct dais_room_joined joined;
    const struct dais_room_join how = {.room = rig_room("full")};
    return client_join_here(stand.late, &how, &joined);
}

static void *stand_still(void *arg)
{
    int32_t code = worker_call(*(const uint32_t *)arg, run_stand, NULL);
    return (void *)(intptr_t)code;
}

/* The home's mail is as short as the other's. */
static void emit_in_the_end(uint32_t worker)
{
    int32_t code = rig_emit(worker, "full", "n", "0");
    while (code == DAIS_E_LIMIT) {
        rig_pause(1);
        code = rig_emit(worker, "full", "n", "0");
    }
    assert_int_equal(code, DAIS_OK);
}

static void test_a_worker_with_full_mail_is_told_later(void **state)
{
    (void)state;
    struct client client = {.worker = (worker_home(dais_cstr("live:full")) + 1) % WORKERS};
    struct client late = {.worker = client.worker};
    uint32_t other = (client.worker + 1) % WORKERS;
    assert_int_equal(limit_set(dais_cstr("mail"), 64), DAIS_OK);
    rig_open(&client);
    rig_open(&late);
    assert_int_equal(rig_join(&client, "full", NULL, NULL), DAIS_OK);
    pthread_t thread;
    stand.late = &late;
    stand.stands = stand.goes_on = false;
    assert_int_equal(pthread_create(&thread, NULL, stand_still, &client.worker), 0);
    pthread_mutex_lock(&stand.lock);
    while (!stand.stands)
        pthread_cond_wait(&stand.cond, &stand.lock);
    pthread_mutex_unlock(&stand.lock);
    for (uint32_t i = 0; i < 500; i++)
        emit_in_the_end(other);
    struct dais_room_count count = {0};
    while (count.seq < 500) {
        rig_pause(1);
        assert_int_equal(rig_count(other, "full", &count), DAIS_OK);
    }
    pthread_mutex_lock(&stand.lock);
    stand.goes_on = true;
    pthread_cond_broadcast(&stand.cond);
    pthread_mutex_unlock(&stand.lock);
    void *code = NULL;
    assert_int_equal(pthread_join(thread, &code), 0);
    assert_int_equal((intptr_t)code, DAIS_OK);
    emit_in_the_end(other);
    rig_expect_events(&client, 501);
    assert_int_equal(client.gaps, 0);
    assert_int_equal(client.seq, 501);
    rig_expect(&late, "n 0@501 ");
    STRBUF_AUTO struct strbuf metrics;
    strbuf_init(&metrics, 1 << 20);
    metrics_render(&metrics);
    assert_non_null(strstr(strbuf_cstr(&metrics), "dais_room_behind_total 1\n"));
    rig_close(&client);
    client_fini(&client);
    rig_close(&late);
    client_fini(&late);
}

/* --- thousands who come back at once --- */

/** A part of the crowd, on one worker. */
struct crowd {
    struct client *clients;
    uint32_t count;
    _Atomic uint32_t *left;
    uint64_t epoch;
};

static void come_back(void *arg)
{
    struct crowd *crowd = arg;
    for (uint32_t i = 0; i < crowd->count; i++) {
        struct dais_room_joined joined;
        struct client *client = &crowd->clients[i];
        const struct dais_room_join how = {.room = rig_room("crowd"), .epoch = crowd->epoch};
        if (client_open_here(client) != DAIS_OK ||
            client_join_here(client, &how, &joined) != DAIS_OK || joined.replayed != MISSED)
            atomic_fetch_add(&failures, 1);
    }
    atomic_fetch_sub(crowd->left, 1);
}

static int32_t run_come_back(void *arg)
{
    const struct fiber_spec spec = {.name = "crowd", .fn = come_back, .arg = arg};
    return fiber_spawn(&spec, NULL);
}

static int32_t run_leave_all(void *arg)
{
    const struct crowd *crowd = arg;
    for (uint32_t i = 0; i < crowd->count; i++)
        client_close_here(&crowd->clients[i]);
    return DAIS_OK;
}

static void check_crowd(struct client *crowd)
{
    for (uint32_t i = 0; i < CROWD; i++) {
        if (crowd[i].events != MISSED + 1 || crowd[i].gaps)
            atomic_fetch_add(&failures, 1);
        client_fini(&crowd[i]);
    }
    assert_int_equal(atomic_load(&failures), 0);
}

static void test_ten_thousand_come_back_at_once(void **state)
{
    (void)state;
    enum { FIBERS = 100 };
    struct crowd crowds[FIBERS];
    struct dais_room_count count = {0};
    _Atomic uint32_t left = FIBERS;
    struct client *clients = mem_zalloc(CROWD, sizeof *clients);
    assert_non_null(clients);
    atomic_store(&failures, 0);
    assert_int_equal(limit_set(dais_cstr("sockets_per_address"), 100000), DAIS_OK);
    for (uint32_t i = 0; i < MISSED; i++)
        assert_int_equal(rig_emit(0, "crowd", "missed", "{\"text\":\"some words of a chat\"}"),
                         DAIS_OK);
    assert_int_equal(rig_count(0, "crowd", &count), DAIS_OK);
    assert_int_equal(count.seq, MISSED);
    uint64_t begin_ms = clock_ms();
    for (uint32_t i = 0; i < FIBERS; i++) {
        crowds[i] = (struct crowd){.clients = clients + i * (CROWD / FIBERS),
                                   .count = CROWD / FIBERS,
                                   .left = &left,
                                   .epoch = count.epoch};
        for (uint32_t k = 0; k < crowds[i].count; k++) {
            crowds[i].clients[k].worker = i % worker_count();
            crowds[i].clients[k].epoch = count.epoch;
        }
        assert_int_equal(worker_call(i % worker_count(), run_come_back, &crowds[i]), DAIS_OK);
    }
    uint64_t end_ms = clock_ms() + 6 * RIG_PATIENCE_MS;
    while (atomic_load(&left) > 0 && clock_ms() < end_ms)
        rig_pause(1);
    assert_int_equal(atomic_load(&left), 0);
    print_message("%u members with %u missed events each in %u ms\n", CROWD, MISSED,
                  (unsigned)(clock_ms() - begin_ms));
    rig_expect_count("crowd", CROWD, CROWD);
    assert_int_equal(rig_emit(0, "crowd", "new", "1"), DAIS_OK);
    rig_expect_events(&clients[0], MISSED + 1);
    rig_settle();
    for (uint32_t i = 0; i < FIBERS; i++)
        assert_int_equal(worker_call(i % worker_count(), run_leave_all, &crowds[i]), DAIS_OK);
    rig_expect_count("crowd", 0, 0);
    check_crowd(clients);
    mem_free(clients);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_is_lost_or_doubled_by_those_who_come_back,
                                        one_worker, end),
        cmocka_unit_test_setup_teardown(test_nothing_is_lost_or_doubled_by_those_who_come_back,
                                        many_workers, end),
        cmocka_unit_test_setup_teardown(test_a_worker_with_full_mail_is_told_later, many_workers,
                                        end),
        cmocka_unit_test_setup_teardown(test_ten_thousand_come_back_at_once, many_workers, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
