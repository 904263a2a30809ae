/* SPDX-License-Identifier: MIT */
/* list.h, map.h, ring.h, handle.h, hash.h */
#include "unit.h"

#include "base/handle.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/ring.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

/* --- list --- */

struct item {
    int number;
    struct list_node node;
};

static void assert_list(const struct list *list, const char *digits)
{
    LIST_EACH (node, list)
        assert_int_equal(LIST_ITEM(node, struct item, node)->number, *digits++ - '0');
    assert_int_equal(*digits, '\0');
}

static void test_list(void **state)
{
    (void)state;
    struct list list, other;
    struct item items[6] = {{0}};
    list_init(&list);
    list_init(&other);
    assert_true(list_is_empty(&list));
    assert_null(list_pop(&list));
    for (int i = 0; i < 6; i++)
        items[i].number = i;
    for (int i = 1; i < 4; i++)
        list_push(&list, &items[i].node);
    list_push_front(&list, &items[0].node);
    assert_list(&list, "0123");
    list_remove(&items[2].node);
    assert_false(list_is_linked(&items[2].node));
    list_remove(&items[2].node); /* harmless */
    list_push(&other, &items[4].node);
    list_push(&other, &items[5].node);
    list_append(&list, &other);
    assert_true(list_is_empty(&other));
    list_append(&list, &other);
    assert_list(&list, "01345");
    LIST_EACH (node, &list)
        list_remove(node);
    assert_true(list_is_empty(&list));
}

static void push_twice(void *arg)
{
    struct item item = {0};
    list_push(arg, &item.node);
    list_push(arg, &item.node);
}

static void test_list_misuse_aborts(void **state)
{
    (void)state;
    struct list list;
    list_init(&list);
    assert_aborts(push_twice, &list);
}

/* --- maps: against a plain array as the model --- */

#define KEYS 500u

static void check_map(const struct map *map, void *const *model)
{
    uint32_t count = 0, visited = 0, cursor = 0;
    for (uint32_t k = 0; k < KEYS; k++) {
        char key[16];
        struct dais_str name = dais_str(key, (uint64_t)snprintf(key, sizeof key, "key-%u", k));
        assert_ptr_equal(map_get(map, name), model[k]);
        count += model[k] != NULL;
    }
    struct dais_str key;
    void *value;
    while (map_next(map, &cursor, &key, &value)) {
        assert_memory_equal(key.ptr, "key-", 4);
        assert_int_equal(strlen(key.ptr), key.len);
        visited++;
    }
    assert_int_equal(map->count, count);
    assert_int_equal(visited, count);
}

static void test_map_against_a_model(void **state)
{
    (void)state;
    static void *model[KEYS];
    static char values[KEYS];
    struct map map;
    uint32_t random = 12345;
    map_init(&map, KEYS);
    assert_null(map_get(&map, dais_cstr("none")));
    for (int step = 0; step < 20000; step++) {
        random = random * 1103515245 + 12345;
        uint32_t k = (random >> 8) % KEYS;
        char key[16];
        struct dais_str name = dais_str(key, (uint64_t)snprintf(key, sizeof key, "key-%u", k));
        if ((random >> 4) % 2) {
            assert_ptr_equal(map_remove(&map, name), model[k]);
            model[k] = NULL;
        } else {
            model[k] = &values[(random >> 12) % KEYS];
            assert_int_equal(map_put(&map, name, model[k]), DAIS_OK);
        }
        if (step % 1000 == 0)
            check_map(&map, model);
    }
    check_map(&map, model);
    map_fini(&map);
    assert_null(map_remove(&map, dais_cstr("key-1")));
}

static void test_idmap_against_a_model(void **state)
{
    (void)state;
    static void *model[KEYS];
    struct idmap map;
    uint32_t random = 99;
    idmap_init(&map, KEYS);
    for (int step = 0; step < 20000; step++) {
        random = random * 1103515245 + 12345;
        uint32_t k = (random >> 8) % KEYS; /* 0 is a key too */
        if ((random >> 4) % 2) {
            assert_ptr_equal(idmap_remove(&map, k), model[k]);
            model[k] = NULL;
        } else {
            model[k] = &model[(random >> 12) % KEYS];
            assert_int_equal(idmap_put(&map, k, model[k]), DAIS_OK);
        }
        assert_ptr_equal(idmap_get(&map, k), model[k]);
    }
    uint32_t cursor = 0, visited = 0, count = 0;
    uint64_t key;
    void *value;
    while (idmap_next(&map, &cursor, &key, &value)) {
        assert_ptr_equal(value, model[key]);
        visited++;
    }
    for (uint32_t k = 0; k < KEYS; k++)
        count += model[k] != NULL;
    assert_int_equal(visited, count);
    idmap_fini(&map);
    assert_null(idmap_get(&map, 1));
    assert_null(idmap_remove(&map, 1));
}

static void test_maps_have_a_maximum(void **state)
{
    (void)state;
    struct map map;
    struct idmap idmap;
    map_init(&map, 2);
    idmap_init(&idmap, 1);
    assert_int_equal(map_put(&map, dais_cstr(""), &map), DAIS_OK); /* the empty key is a key */
    assert_int_equal(map_put(&map, dais_cstr("b"), &map), DAIS_OK);
    assert_int_equal(map_put(&map, dais_cstr("c"), &map), DAIS_E_LIMIT);
    assert_int_equal(map_put(&map, dais_cstr("b"), &idmap), DAIS_OK); /* replaces */
    assert_ptr_equal(map_get(&map, dais_cstr("b")), &idmap);
    assert_ptr_equal(map_get(&map, dais_cstr("")), &map);
    assert_int_equal(idmap_put(&idmap, 7, &map), DAIS_OK);
    assert_int_equal(idmap_put(&idmap, 8, &map), DAIS_E_LIMIT);
    map_fini(&map);
    idmap_fini(&idmap);
}

static void test_maps_without_memory(void **state)
{
    (void)state;
    struct map map;
    struct idmap idmap;
    map_init(&map, 100);
    idmap_init(&idmap, 100);
    for (int64_t n = 0; n < 2; n++) {
        mem_fail_after(n);
        int32_t code = map_put(&map, dais_cstr("x"), &map);
        mem_fail_after(-1);
        assert_int_equal(code, DAIS_E_MEMORY);
        assert_null(map_get(&map, dais_cstr("x")));
    }
    mem_fail_after(0);
    int32_t code = idmap_put(&idmap, 1, &map);
    mem_fail_after(-1);
    assert_int_equal(code, DAIS_E_MEMORY);
    map_fini(&map);
    idmap_fini(&idmap);
}

static void test_hashes(void **state)
{
    (void)state;
    assert_true(hash_bytes(dais_cstr("a")) == hash_bytes(dais_cstr("a")));
    assert_true(hash_bytes(dais_cstr("a")) != hash_bytes(dais_cstr("b")));
    assert_true(hash_u64(1) != hash_u64(2));
    /* published vector of FNV-1a */
    assert_true(hash_stable(dais_cstr("foobar")) == 0x85944171f73967e8ull);
}

/* --- ring --- */

static void test_ring(void **state)
{
    (void)state;
    struct ring ring;
    int items[5];
    assert_int_equal(ring_init(&ring, 0), DAIS_E_INVALID);
    assert_int_equal(ring_init(&ring, 3), DAIS_E_INVALID);
    assert_int_equal(ring_init(&ring, 1u << 21), DAIS_E_INVALID);
    mem_fail_after(0);
    int32_t code = ring_init(&ring, 4);
    mem_fail_after(-1);
    assert_int_equal(code, DAIS_E_MEMORY);
    assert_int_equal(ring_init(&ring, 4), DAIS_OK);
    assert_null(ring_take(&ring));
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 4; i++)
            assert_int_equal(ring_push(&ring, &items[i]), DAIS_OK);
        assert_int_equal(ring_push(&ring, &items[4]), DAIS_E_LIMIT);
        assert_int_equal(ring_count(&ring), 4);
        for (int i = 0; i < 4; i++)
            assert_ptr_equal(ring_take(&ring), &items[i]);
        assert_int_equal(ring_count(&ring), 0);
    }
    ring_fini(&ring);
}

#define PASSED 100000

static void *produce(void *arg)
{
    static int numbers[PASSED];
    for (int i = 0; i < PASSED; i++) {
        numbers[i] = i;
        while (ring_push(arg, &numbers[i]))
            sched_yield();
    }
    return NULL;
}

static void test_ring_between_threads(void **state)
{
    (void)state;
    struct ring ring;
    pthread_t producer;
    assert_int_equal(ring_init(&ring, 64), DAIS_OK);
    assert_int_equal(pthread_create(&producer, NULL, produce, &ring), 0);
    for (int i = 0; i < PASSED;) {
        const int *number = ring_take(&ring);
        if (!number) {
            sched_yield();
            continue;
        }
        assert_int_equal(*number, i++);
    }
    pthread_join(producer, NULL);
    ring_fini(&ring);
}

/* --- handles --- */

static void test_handles(void **state)
{
    (void)state;
    struct handle_table table;
    dais_handle handles[100];
    char things[100];
    void *thing = NULL;
    handle_table_init(&table, 3, 100);
    assert_null(handle_get(&table, 0));
    for (int i = 0; i < 100; i++) {
        assert_int_equal(handle_add(&table, &things[i], &handles[i]), DAIS_OK);
        assert_int_equal(handle_tag(handles[i]), 3);
        assert_true(handles[i] != 0);
    }
    assert_int_equal(handle_add(&table, things, &handles[0]), DAIS_E_LIMIT);
    for (int i = 0; i < 100; i++)
        assert_ptr_equal(handle_get(&table, handles[i]), &things[i]);
    assert_null(handle_get(&table, handles[5] ^ (1u << HANDLE_INDEX_BITS))); /* another's tag */
    assert_ptr_equal(handle_remove(&table, handles[5]), &things[5]);
    assert_null(handle_remove(&table, handles[5]));
    assert_int_equal(handle_find(&table, handles[5], &thing), DAIS_E_GONE);
    dais_handle again;
    assert_int_equal(handle_add(&table, &things[6], &again), DAIS_OK);
    assert_int_equal((uint32_t)again, (uint32_t)handles[5]); /* the same place … */
    assert_true(again != handles[5]);                        /* … under another number */
    assert_null(handle_get(&table, handles[5]));
    assert_int_equal(handle_find(&table, again, &thing), DAIS_OK);
    assert_ptr_equal(thing, &things[6]);
    handle_table_fini(&table);
    assert_null(handle_get(&table, again));
}

static void test_handles_without_memory(void **state)
{
    (void)state;
    struct handle_table table;
    dais_handle handle = 1;
    handle_table_init(&table, 0, 10);
    mem_fail_after(0);
    int32_t code = handle_add(&table, &table, &handle);
    mem_fail_after(-1);
    assert_int_equal(code, DAIS_E_MEMORY);
    assert_int_equal(handle, 1);
    handle_table_fini(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_list_misuse_aborts),
        cmocka_unit_test(test_map_against_a_model),
        cmocka_unit_test(test_idmap_against_a_model),
        cmocka_unit_test(test_maps_have_a_maximum),
        cmocka_unit_test(test_maps_without_memory),
        cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_ring),
        cmocka_unit_test(test_ring_between_threads),
        cmocka_unit_test(test_handles),
        cmocka_unit_test(test_handles_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
