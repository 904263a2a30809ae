/* SPDX-License-Identifier: MIT */
/* Tables of routes and folders are replaced while requests of the old one are being answered. */
#include "rig.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "loop/fiber.h"
#include "loop/park.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: test\r\n\r\n"
#define PATIENCE_MS 20000u
/** More than the buffers of both ends of a loopback connection hold. */
#define BIG_BYTES (16u << 20)

static _Atomic uint32_t holding;
static _Atomic uint32_t released;
static struct dais_buf *big;

static int32_t old_hello(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return http_reply(req, 200, "text/plain", dais_cstr("old"));
}

static int32_t new_hello(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return http_reply(req, 200, "text/plain", dais_cstr("new"));
}

static int32_t hold(struct dais_req *req, const struct dais_input *input)
{
    atomic_fetch_add(&holding, 1);
    while (atomic_load(&released) == 0) {
        int32_t code = fiber_sleep(1);
        if (code != DAIS_OK)
            return code;
    }
    atomic_fetch_sub(&holding, 1);
    return old_hello(req, input);
}

static int32_t big_get(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return http_reply_buf(req, "video/mp4", big, 0, big->len);
}

static int32_t broken(struct dais_req *req, const struct dais_input *input)
{
    (void)req;
    (void)input;
    return DAIS_E_INTERNAL;
}

static int32_t away(struct dais_req *req, const struct dais_input *input)
{
    (void)req;
    (void)input;
    return DAIS_E_UNAVAILABLE;
}

#define ROW(path_, handler_)                                                                       \
    {                                                                                              \
        .method = "GET", .path = path_, .access = DAIS_ACCESS_PUBLIC, .status = 200,               \
        .handler = handler_, .summary = "For a test"                                               \
    }

static const struct dais_route old_rows[] = {
    ROW("/hello", old_hello), ROW("/gone", old_hello), ROW("/hold", hold),
    ROW("/big", big_get),     {.method = NULL},
};
static const struct dais_route new_rows[] = {
    ROW("/hello", new_hello),
    ROW("/broken", broken),
    ROW("/away", away),
    {.method = NULL},
};
static const struct dais_route clashing_rows[] = {
    ROW("/hello", new_hello),
    ROW("/hello", old_hello),
    {.method = NULL},
};
static const struct dais_static pages[] = {
    {.prefix = "/pages/", .folder = "pages"},
    {.prefix = NULL},
};

static struct http_owner newer = {.id = "rig", .plugin = 1, .generation = 2};

static char assets[] = "/tmp/dais-table-XXXXXX";

static void use(void *table)
{
    http_table_use(rig_server(), table);
}

static void swap(struct http_table *table)
{
    assert_int_equal(workers_park(use, table, PATIENCE_MS), DAIS_OK);
}

/* The second generation's table, with `rows` and perhaps its folder. */
static struct http_table *new_table(const struct dais_route *rows,
                                    const struct dais_static *statics)
{
    struct http_table *table = NULL;
    assert_int_equal(http_table_new(rig_server(), &table), DAIS_OK);
    assert_int_equal(http_table_routes(table, &newer, rows), DAIS_OK);
    if (statics)
        assert_int_equal(http_table_statics(table, &newer, statics), DAIS_OK);
    return table;
}

static void wait_until_unused(const struct http_owner *owner)
{
    uint64_t end_ms = clock_ms() + PATIENCE_MS;
    while (http_owner_in_use(rig_server(), owner)) {
        assert_true(clock_ms() < end_ms);
        (void)poll(NULL, 0, 1);
    }
}

static void expect(const char *request, int status, const char *part)
{
    int fd = rig_connect();
    struct rig_answer answer = rig_ask(fd, request);
    assert_int_equal(answer.status, status);
    if (part)
        assert_non_null(strstr(answer.text, part));
    rig_answer_free(&answer);
    close(fd);
}

static int start(void **state)
{
    static struct rig rig;
    rig = (struct rig){.routes = old_rows, .statics = pages, .assets_dir = assets};
    rig_start(&rig);
    newer.assets_dir = assets;
    atomic_store(&newer.errors, 0);
    atomic_store(&released, 0);
    *state = NULL;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    atomic_store(&released, 1);
    rig_stop();
    return 0;
}

static void test_swap(void **state)
{
    (void)state;
    int fd = rig_connect();
    struct rig_answer answer = rig_ask(fd, GET("/hello"));
    assert_memory_equal(answer.body, "old", 3);
    rig_answer_free(&answer);
    assert_true(http_owner_in_use(rig_server(), &rig_owner));
    assert_false(http_owner_in_use(rig_server(), &newer));

    swap(new_table(new_rows, NULL));
    assert_true(http_owner_in_use(rig_server(), &newer));
    answer = rig_ask(fd, GET("/hello")); /* the connection stays */
    assert_memory_equal(answer.body, "new", 3);
    rig_answer_free(&answer);
    answer = rig_ask(fd, GET("/gone"));
    assert_int_equal(answer.status, 404);
    rig_answer_free(&answer);
    close(fd);
    wait_until_unused(&rig_owner);
}

static void count_row(const struct http_route_info *info, void *context)
{
    uint32_t *count = context;
    assert_ptr_equal(info->owner, &newer);
    (*count)++;
}

static void test_routes_listed(void **state)
{
    (void)state;
    uint32_t count = 0;
    swap(new_table(new_rows, NULL));
    http_each_route(rig_server(), count_row, &count);
    assert_int_equal(count, 3);
}

static void test_swap_under_a_handler(void **state)
{
    (void)state;
    int fd = rig_connect();
    rig_send(fd, GET("/hold"), sizeof GET("/hold") - 1);
    while (atomic_load(&holding) == 0)
        (void)poll(NULL, 0, 1);
    swap(new_table(new_rows, NULL));
    expect(GET("/hello"), 200, "new");
    assert_true(http_owner_in_use(rig_server(), &rig_owner));
    swap(new_table(new_rows, NULL)); /* the first one has become unused, the held one not */
    assert_true(http_owner_in_use(rig_server(), &rig_owner));
    atomic_store(&released, 1);
    struct rig_answer answer = rig_read_answer(fd, 0);
    assert_int_equal(answer.status, 200);
    assert_memory_equal(answer.body, "old", 3);
    rig_answer_free(&answer);
    close(fd);
    wait_until_unused(&rig_owner);
    assert_true(http_owner_in_use(rig_server(), &newer));
}

static void test_swap_under_a_slow_answer(void **state)
{
    (void)state;
    static char piece[65536];
    int fd = rig_connect();
    rig_send(fd, GET("/big"), sizeof GET("/big") - 1);
    ssize_t got = recv(fd, piece, 1, MSG_WAITALL);
    assert_int_equal(got, 1); /* it is being sent */
    swap(new_table(new_rows, NULL));
    assert_true(http_owner_in_use(rig_server(), &rig_owner));
    uint64_t total = 1;
    while (total < BIG_BYTES && (got = recv(fd, piece, sizeof piece, 0)) > 0)
        total += (uint64_t)got;
    assert_true(total >= BIG_BYTES);
    wait_until_unused(&rig_owner);
    close(fd);
}

static void test_client_leaves_during_a_slow_answer(void **state)
{
    (void)state;
    char byte;
    int fd = rig_connect();
    rig_send(fd, GET("/big"), sizeof GET("/big") - 1);
    assert_int_equal(recv(fd, &byte, 1, MSG_WAITALL), 1);
    swap(new_table(new_rows, NULL));
    close(fd);
    wait_until_unused(&rig_owner);
}

static void test_folders_are_shared(void **state)
{
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "%s/pages/page.txt", assets);
    expect(GET("/pages/page.txt"), 200, "a page");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("another page", file);
    fclose(file);
    swap(rig_table(old_rows, pages)); /* the same owner: not read again */
    expect(GET("/pages/page.txt"), 200, "a page");
    swap(new_table(new_rows, pages)); /* another one */
    wait_until_unused(&rig_owner);
    expect(GET("/pages/page.txt"), 200, "another page");
}

static void test_table_with_a_conflict_is_given_back(void **state)
{
    (void)state;
    struct http_table *table = NULL;
    assert_int_equal(http_table_new(rig_server(), &table), DAIS_OK);
    assert_int_equal(http_routes_check(clashing_rows), DAIS_OK);
    assert_int_equal(http_table_statics(table, &newer, pages), DAIS_OK);
    assert_int_equal(http_table_routes(table, &newer, clashing_rows), DAIS_E_CONFLICT);
    assert_string_equal(http_problem(), "GET /hello is registered already");
    http_table_free(table);
    assert_false(http_owner_in_use(rig_server(), &newer));
    expect(GET("/hello"), 200, "old");
}

static void test_errors_are_counted(void **state)
{
    (void)state;
    swap(new_table(new_rows, NULL));
    expect(GET("/hello"), 200, NULL);
    expect(GET("/nowhere"), 404, NULL);
    expect(GET("/away"), 503, NULL);
    assert_int_equal(atomic_load(&newer.errors), 0);
    expect(GET("/broken"), 500, NULL);
    expect(GET("/broken"), 500, NULL);
    assert_int_equal(atomic_load(&newer.errors), 2);
}

static int make_assets(void **state)
{
    char command[160];
    (void)state;
    assert_non_null(mkdtemp(assets));
    snprintf(command, sizeof command, "mkdir %s/pages && printf 'a page' > %s/pages/page.txt",
             assets, assets);
    big = buf_new(BIG_BYTES);
    return system(command) == 0 && big ? 0 : -1;
}

static int remove_assets(void **state)
{
    char command[80];
    (void)state;
    buf_unref(big);
    snprintf(command, sizeof command, "rm -r %s", assets);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_swap, start, stop),
        cmocka_unit_test_setup_teardown(test_routes_listed, start, stop),
        cmocka_unit_test_setup_teardown(test_swap_under_a_handler, start, stop),
        cmocka_unit_test_setup_teardown(test_swap_under_a_slow_answer, start, stop),
        cmocka_unit_test_setup_teardown(test_client_leaves_during_a_slow_answer, start, stop),
        cmocka_unit_test_setup_teardown(test_folders_are_shared, start, stop),
        cmocka_unit_test_setup_teardown(test_table_with_a_conflict_is_given_back, start, stop),
        cmocka_unit_test_setup_teardown(test_errors_are_counted, start, stop),
    };
    return cmocka_run_group_tests(tests, make_assets, remove_assets);
}
