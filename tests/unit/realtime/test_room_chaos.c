/* SPDX-License-Identifier: MIT */
/* Everything that can be done with rooms, by many at once, in any order, with little mail: nothing
 * is used after its end, and in the end nobody is there. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/random.h"
#include "loop/fiber.h"
#include "loop/worker.h"
#include "room_rig.h"

#include <stdatomic.h>
#include <stdio.h>

#define WORKERS 3u
#define PERSONS 18u
#define ROOMS 4u
#define STEPS 250u

static struct client persons[PERSONS];
static _Atomic dais_handle handles[PERSONS];
static char names[PERSONS][16];
static char ids[ROOMS][8];
static _Atomic uint32_t under_way; /* fibers */
static _Atomic uint32_t joined;
static _Atomic uint32_t crashes; /* a person who could not go on */

static struct dais_room any_room(void)
{
    return rig_room(ids[random_below(ROOMS)]);
}

static struct dais_str any_viewer(char text[32])
{
    int len = snprintf(text, 32, "guest:%s", names[random_below(PERSONS)]);
    return dais_str(text, (uint64_t)len);
}

static const struct dais_rendering SAYS[] = {
    {.dialect = "quiet", .event = NULL}, {.event = "says", .json = {"\"it\"", 4}}, {.event = NULL}};

static void emit_something(const struct client *person)
{
    const struct dais_room room = any_room();
    const struct dais_emit emit = {
        .renderings = SAYS,
        .delivery = DAIS_DURABLE + (uint32_t)random_below(3),
        .key = (uint32_t)random_below(3),
        .except = random_below(3) == 0 ? person->handle : 0,
    };
    (void)room_emit(&room, &emit); /* may be too much */
}

static int32_t admit(const struct dais_room_entry *entry)
{
    int32_t code = random_below(2) ? fiber_sleep(random_below(3)) : DAIS_OK;
    (void)entry;
    if (code == DAIS_OK && random_below(8) == 0)
        code = random_below(2) ? DAIS_E_DENIED : DAIS_E_CANCELLED;
    return code;
}

static void presence(const struct dais_presence *change)
{
    const struct dais_emit emit = {.renderings = SAYS, .delivery = DAIS_REPLACEABLE};
    if (random_below(3) == 0 && fiber_sleep(1) != DAIS_OK)
        return;
    (void)room_emit(&change->room, &emit);
}

static void join_something(const struct client *person)
{
    struct dais_room_joined got;
    dais_handle handle = atomic_load(&handles[person - persons]);
    const struct dais_room_join how = {
        .room = any_room(),
        .dialect = random_below(3) == 0 ? "quiet" : NULL,
        .epoch = random_below(2) ? person->epoch : 0,
        .seq = random_below(40),
    };
    if (room_join(handle, &how, &got) == DAIS_OK)
        atomic_fetch_add(&joined, 1);
}

/* A join that its fiber's end overtakes. */
static void join_in_haste(void *arg)
{
    join_something(arg);
    atomic_fetch_sub(&under_way, 1);
}

static void spawn_join(struct client *person)
{
    const struct fiber_spec spec = {
        .name = "haste", .fn = join_in_haste, .arg = person, .deadline_ms = 1 + random_below(3)};
    atomic_fetch_add(&under_way, 1);
    if (fiber_spawn(&spec, NULL) != DAIS_OK)
        atomic_fetch_sub(&under_way, 1);
}

static int32_t come(struct client *person)
{
    int32_t code = client_open_here(person);
    atomic_store(&handles[person - persons], person->handle);
    person->stuck = false;
    strbuf_clear(&person->log);
    return code;
}

static void end_something(uint32_t what)
{
    char text[32];
    const struct dais_room room = any_room();
    const struct dais_emit emit = {.renderings = SAYS, .delivery = DAIS_DURABLE};
    if (what < 4)
        (void)room_remove(&room, any_viewer(text), what < 2 ? &emit : NULL);
    else if (what < 5)
        (void)room_close(&room, &emit);
    else
        (void)sockets_close(atomic_load(&handles[random_below(PERSONS)]), DAIS_CLOSE_NORMAL);
}

static void ask_something(const struct client *person)
{
    char text[32];
    uint32_t count;
    struct dais_str viewers[4];
    struct dais_room_count numbers;
    const struct dais_room room = any_room();
    const struct dais_emit emit = {.renderings = SAYS, .delivery = DAIS_DURABLE};
    (void)room_count(&room, &numbers);
    (void)room_sample(&room, 4, viewers, &count);
    (void)room_has(&room, person->handle);
    (void)room_lease(&room, any_viewer(text), (uint32_t)random_below(20));
    (void)sockets_emit_socket(atomic_load(&handles[random_below(PERSONS)]), &emit);
}

static int32_t step(struct client *person)
{
    const struct dais_room room = any_room();
    switch (random_below(12)) {
    case 0:
    case 1:
        join_something(person);
        return DAIS_OK;
    case 2:
        spawn_join(person);
        return DAIS_OK;
    case 3:
        (void)room_leave(person->handle, &room);
        return random_below(2) ? DAIS_OK : fiber_sleep(0);
    case 4:
        end_something((uint32_t)random_below(6));
        return DAIS_OK;
    case 5:
        ask_something(person);
        return DAIS_OK;
    case 6:
        client_close_here(person);
        return random_below(2) ? fiber_sleep(1) : DAIS_OK;
    case 7:
        person->stuck = random_below(4) == 0;
        return fiber_sleep(random_below(3));
    default:
        emit_something(person);
        return DAIS_OK;
    }
}

static void live(void *arg)
{
    struct client *person = arg;
    int32_t code = DAIS_OK;
    for (uint32_t i = 0; i < STEPS && code == DAIS_OK; i++) {
        if (!person->socket)
            code = come(person);
        if (code == DAIS_OK && person->socket)
            code = step(person);
        if (code == DAIS_E_TIMEOUT)
            code = DAIS_OK; /* closed by another while it came */
    }
    if (code != DAIS_OK)
        atomic_fetch_add(&crashes, 1);
    client_close_here(person);
    atomic_fetch_sub(&under_way, 1);
}

static int32_t run_person(void *arg)
{
    const struct fiber_spec spec = {.name = "person", .fn = live, .arg = arg};
    return fiber_spawn(&spec, NULL);
}

static int begin(void **state)
{
    (void)state;
    int32_t code = limit_set(dais_cstr("mail"), 64);
    code = code ? code : limit_set(dais_cstr("room_ring_events"), 16);
    code = code ? code : limit_set(dais_cstr("room_floods"), 4);
    code = code ? code : limit_set(dais_cstr("room_count_ms"), 10);
    assert_int_equal(code, DAIS_OK);
    return rig_start(WORKERS);
}

static int end(void **state)
{
    (void)state;
    int code = rig_stop();
    for (uint32_t i = 0; i < PERSONS; i++)
        client_fini(&persons[i]);
    return code;
}

static void test_rooms_survive_whatever_is_done_with_them(void **state)
{
    (void)state;
    memset(persons, 0, sizeof persons);
    atomic_store(&under_way, PERSONS);
    rig_kind.admit = admit;
    rig_kind.presence = presence;
    for (uint32_t i = 0; i < ROOMS; i++)
        (void)snprintf(ids[i], sizeof ids[i], "r%u", i);
    for (uint32_t i = 0; i < PERSONS; i++)
        (void)snprintf(names[i], sizeof names[i], "g%u", i / 2); /* each has two tabs */
    for (uint32_t i = 0; i < PERSONS; i++) {
        persons[i].worker = i % WORKERS;
        persons[i].guest = names[i];
        assert_int_equal(worker_call(persons[i].worker, run_person, &persons[i]), DAIS_OK);
    }
    uint64_t end_ms = clock_ms() + 6 * RIG_PATIENCE_MS;
    while (atomic_load(&under_way) > 0 && clock_ms() < end_ms)
        rig_pause(1);
    assert_int_equal(atomic_load(&under_way), 0);
    assert_int_equal(atomic_load(&crashes), 0);
    assert_true(atomic_load(&joined) > PERSONS);
    for (uint32_t i = 0; i < ROOMS; i++)
        rig_expect_count(ids[i], 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rooms_survive_whatever_is_done_with_them, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
