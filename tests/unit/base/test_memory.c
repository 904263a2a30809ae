/* SPDX-License-Identifier: MIT */
/* mem.h, arena.h, buf.h */
#include "unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>

static void test_mem(void **state)
{
    (void)state;
    char *zeros = mem_zalloc(10, 10);
    for (int i = 0; i < 100; i++)
        assert_int_equal(zeros[i], 0);
    zeros = mem_resize(zeros, 200);
    assert_non_null(zeros);
    mem_free(zeros);
    char *aligned = mem_zalloc_aligned(64, 100);
    assert_int_equal((uintptr_t)aligned % 64, 0);
    mem_free(aligned);
    assert_null(mem_zalloc_aligned(64, SIZE_MAX));
    char *text MEM_AUTO = mem_strdup("text");
    assert_string_equal(text, "text");
    mem_free(NULL);
}

static void test_mem_fails_on_demand(void **state)
{
    (void)state;
    mem_fail_after(1);
    void *first = mem_alloc(1);
    void *second = mem_alloc(1);
    void *third = mem_zalloc(1, 1);
    char *fourth = mem_strdup("");
    mem_fail_after(-1);
    assert_non_null(first);
    assert_null(second);
    assert_null(third);
    assert_null(fourth);
    mem_free(first);
}

/* --- arena --- */

static void test_arena_allocates(void **state)
{
    (void)state;
    struct dais_arena arena;
    arena_init(&arena, 1 << 20);
    assert_int_equal(arena_used(&arena), 0);
    uint8_t *before = NULL;
    for (size_t bytes = 1; bytes < 3000; bytes += 7) {
        uint8_t *memory = arena_alloc(&arena, bytes);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
        assert_true(memory != before);
        for (size_t i = 0; i < bytes; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xff, bytes);
        before = memory;
    }
    assert_true(arena_used(&arena) > 500000 && arena_used(&arena) <= 1 << 20);
    arena_reset(&arena);
    assert_int_equal(arena_used(&arena), 0);
    assert_non_null(arena_alloc(&arena, 100000)); /* larger than any pooled chunk */
    assert_non_null(arena_alloc(&arena, 10));
    arena_reset(&arena);
}

static void test_arena_has_a_maximum(void **state)
{
    (void)state;
    struct dais_arena arena;
    arena_init(&arena, 100000);
    assert_null(arena_alloc(&arena, 100001));
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_bytes(&arena, SIZE_MAX - 8));
    size_t total = 0;
    while (arena_alloc(&arena, 1000))
        total += 1000;
    assert_in_range(total, 80000, 100000);
    assert_true(arena_used(&arena) <= 100000);
    arena_reset(&arena);
    assert_non_null(arena_alloc(&arena, 1000));
    arena_reset(&arena);
}

static void test_arena_without_memory(void **state)
{
    (void)state;
    struct dais_arena arena;
    arena_pool_drain();
    arena_init(&arena, 100000);
    mem_fail_after(0);
    void *memory = arena_alloc(&arena, 10);
    int32_t code = arena_defer(&arena, mem_free, NULL);
    struct dais_str copy = arena_dup(&arena, dais_cstr("x"));
    mem_fail_after(-1);
    assert_null(memory);
    assert_int_equal(code, DAIS_E_MEMORY);
    assert_null(copy.ptr);
    assert_non_null(arena_alloc(&arena, 10));
    arena_reset(&arena);
}

static void test_arena_text(void **state)
{
    (void)state;
    struct dais_arena arena;
    char longer[600];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    arena_init(&arena, 1 << 20);
    struct dais_str copy = arena_dup(&arena, dais_str("abcdef", 3));
    assert_string_equal(copy.ptr, "abc");
    assert_int_equal(copy.len, 3);
    assert_null(arena_dup(&arena, dais_str(NULL, 0)).ptr);
    assert_non_null(arena_dup(&arena, dais_str("", 0)).ptr);
    assert_string_equal(arena_cstr(&arena, dais_str("ab", 1)), "a");
    assert_string_equal(arena_printf(&arena, "%d-%s", 7, "z").ptr, "7-z");
    struct dais_str formatted = arena_printf(&arena, "<%s>", longer);
    assert_int_equal(formatted.len, sizeof longer + 1);
    assert_int_equal(formatted.ptr[formatted.len], 0);
    assert_int_equal(formatted.ptr[formatted.len - 1], '>');
    arena_reset(&arena);
    arena_init(&arena, 300);
    assert_null(arena_printf(&arena, "<%s>", longer).ptr);
    arena_reset(&arena);
}

struct order {
    struct dais_arena *arena;
    int calls[4];
    int count;
};

static struct order order;

static void called(void *arg)
{
    int number = (int)(intptr_t)arg;
    order.calls[order.count++] = number;
    if (number == 2) /* a deferred function may use the arena and defer again */
        assert_int_equal(arena_defer(order.arena, called, (void *)(intptr_t)9), DAIS_OK);
}

static void test_arena_defers_in_reverse(void **state)
{
    (void)state;
    struct dais_arena arena;
    order = (struct order){.arena = &arena};
    arena_init(&arena, 1 << 20);
    for (intptr_t i = 1; i <= 3; i++)
        assert_int_equal(arena_defer(&arena, called, (void *)i), DAIS_OK);
    arena_reset(&arena);
    const int expected[] = {3, 2, 9, 1};
    assert_int_equal(order.count, 4);
    assert_memory_equal(order.calls, expected, sizeof expected);
    arena_reset(&arena);
    assert_int_equal(order.count, 4);
}

static void test_arena_chunks_are_pooled(void **state)
{
    (void)state;
    struct dais_arena arena;
    arena_init(&arena, 1 << 20);
    assert_non_null(arena_alloc(&arena, 10));
    arena_reset(&arena);
    mem_fail_after(0); /* no heap needed from here on */
    void *memory = arena_alloc(&arena, 10);
    mem_fail_after(-1);
    assert_non_null(memory);
    arena_reset(&arena);
    assert_int_equal(limit_set(dais_cstr("arena_pool_bytes"), 0), DAIS_OK);
    assert_non_null(arena_alloc(&arena, 10));
    arena_pool_drain();
    arena_reset(&arena); /* not pooled */
    mem_fail_after(0);
    memory = arena_alloc(&arena, 10);
    mem_fail_after(-1);
    assert_null(memory);
    limits_reset();
}

/* --- buf --- */

static int gone_count;

static void gone(struct dais_buf *buf, void *context)
{
    assert_string_equal((const char *)buf->data, context);
    gone_count++;
}

static void test_buf_is_counted_and_padded(void **state)
{
    (void)state;
    char text[] = "hello";
    gone_count = 0;
    struct dais_buf *buf = buf_new_with(6, gone, text);
    memcpy(buf->data, "hello", 6);
    for (uint32_t i = 0; i < BUF_PADDING; i++)
        assert_int_equal(buf->data[6 + i], 0);
    assert_true(buf_is_unique(buf));
    assert_ptr_equal(buf_ref(buf), buf);
    assert_false(buf_is_unique(buf));
    assert_int_equal(buf_view(buf).len, 6);
    buf_unref(buf);
    assert_int_equal(gone_count, 0);
    buf_unref(buf);
    assert_int_equal(gone_count, 1);
    buf_unref(NULL);
}

static void test_buf_kinds(void **state)
{
    (void)state;
    static char outside[] = "outside";
    struct dais_buf *copy = buf_copy(dais_str("abc", 3));
    assert_memory_equal(copy->data, "abc\0\0", 5);
    buf_truncate(copy, 1);
    assert_memory_equal(copy->data, "a\0\0\0", 4);
    assert_int_equal(copy->len, 1);
    buf_unref(copy);
    buf_unref(buf_new(0));
    gone_count = 0;
    struct dais_buf *around = buf_from(outside, 7, gone, outside);
    assert_ptr_equal(around->data, outside);
    buf_truncate(around, 3); /* touches nothing outside */
    assert_string_equal(outside, "outside");
    buf_unref(around);
    assert_int_equal(gone_count, 1);
}

static void test_buf_without_memory(void **state)
{
    (void)state;
    mem_fail_after(0);
    struct dais_buf *a = buf_new(1), *b = buf_copy(dais_cstr("x")),
                    *c = buf_from(NULL, 0, gone, NULL);
    mem_fail_after(-1);
    assert_null(a);
    assert_null(b);
    assert_null(c);
    assert_null(buf_new(UINT64_MAX - 10));
}

static _Atomic int gone_elsewhere;

static void gone_anywhere(struct dais_buf *buf, void *context)
{
    (void)buf;
    (void)context;
    atomic_fetch_add(&gone_elsewhere, 1);
}

static void *share(void *arg)
{
    for (int i = 0; i < 10000; i++)
        buf_unref(buf_ref(arg));
    buf_unref(arg);
    return NULL;
}

static void test_buf_is_shared_by_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    struct dais_buf *buf = buf_new_with(1, gone_anywhere, NULL);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, share, buf_ref(buf)), 0);
    buf_unref(buf);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&gone_elsewhere), 1);
}

static void overdraw(void *arg)
{
    (void)arg;
    struct dais_buf *buf = buf_new(1);
    buf_ref(buf);
    buf_truncate(buf, 0); /* somebody else sees it */
}

static void test_buf_misuse_aborts(void **state)
{
    (void)state;
    assert_aborts(overdraw, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mem),
        cmocka_unit_test(test_mem_fails_on_demand),
        cmocka_unit_test(test_arena_allocates),
        cmocka_unit_test(test_arena_has_a_maximum),
        cmocka_unit_test(test_arena_without_memory),
        cmocka_unit_test(test_arena_text),
        cmocka_unit_test(test_arena_defers_in_reverse),
        cmocka_unit_test(test_arena_chunks_are_pooled),
        cmocka_unit_test(test_buf_is_counted_and_padded),
        cmocka_unit_test(test_buf_kinds),
        cmocka_unit_test(test_buf_without_memory),
        cmocka_unit_test(test_buf_is_shared_by_threads),
        cmocka_unit_test(test_buf_misuse_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
