/* SPDX-License-Identifier: MIT */
#include "base/check.h"
#include "base/metrics.h"
#include "realtime/events.h"
#include "realtime/events_table.h"
#include "realtime/sockets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct http_owner first = {.id = "first", .plugin = 1};
static struct http_owner second = {.id = "second", .plugin = 2};

static const struct socket_form root = {.index = 0, .space = "/"};
static const struct socket_form admin = {.index = 2, .space = "/admin"};

static int32_t handle(struct dais_call *call, const void *data)
{
    CHECK(call || data);
    return DAIS_OK;
}

static void on_message(struct dais_call *call)
{
    CHECK(call);
}

static int32_t rate_class(const char *name)
{
    if (strcmp(name, "event") == 0 || strcmp(name, "connect") == 0)
        return 1;
    return strcmp(name, "ingest") == 0 ? 2 : DAIS_E_NOT_FOUND;
}

static struct events_table *table;

static int set_up(void **state)
{
    static const struct realtime_hooks hooks = {.rate_class = rate_class};
    (void)state;
    assert_int_equal(metrics_init(1), DAIS_OK);
    assert_int_equal(sockets_init(&hooks), DAIS_OK);
    assert_int_equal(events_table_new(&table), DAIS_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    events_table_free(table);
    sockets_fini();
    metrics_fini();
    return 0;
}

/* The table is the used one from now on. */
static void use(void)
{
    events_use(table);
    table = NULL;
}

static void expect_refused(const struct dais_event *event, int32_t code, const char *why)
{
    const struct dais_event rows[] = {*event, {.name = NULL}};
    assert_int_equal(events_table_events(table, &first, rows), code);
    if (!strstr(events_problem(), why))
        fail_msg("\"%s\" does not say \"%s\"", events_problem(), why);
}

static void rows_that_cannot_be_right_are_refused(void **state)
{
    static const struct dais_field bad_rows[] = {
        {.name = "x", .kind = 99},
        DAIS_FIELD_END,
    };
    static const struct dais_shape bad = {"Bad", bad_rows, 8, 0};
    const struct dais_event good = {.name = "a", .access = DAIS_ACCESS_PUBLIC, .handler = handle};
    struct dais_event row = good;
    (void)state;
    row.name = "connect";
    expect_refused(&row, DAIS_E_INVALID, "Socket.IO keeps");
    row.name = "auth:refresh";
    expect_refused(&row, DAIS_E_INVALID, "handles itself");
    row.name = "";
    expect_refused(&row, DAIS_E_INVALID, "no name");
    row = good;
    row.space = "admin";
    expect_refused(&row, DAIS_E_INVALID, "begin with '/'");
    row = good;
    row.access = DAIS_ACCESS_OWNER;
    expect_refused(&row, DAIS_E_INVALID, "access");
    row.access = DAIS_ACCESS_ROLE;
    expect_refused(&row, DAIS_E_INVALID, "names none");
    row = good;
    row.handler = NULL;
    expect_refused(&row, DAIS_E_INVALID, "no handler");
    row = good;
    row.data_shape = &bad;
    expect_refused(&row, DAIS_E_INVALID, "the row x of its data");
    row.flags = DAIS_EVENT_RAW;
    expect_refused(&row, DAIS_E_INVALID, "raw and has a shape");
    row = good;
    row.rate_class = "other";
    expect_refused(&row, DAIS_E_NOT_FOUND, "no rate class other");
}

static void names_belong_to_one_plugin(void **state)
{
    static const struct dais_event rows[] = {
        {.name = "a", .access = DAIS_ACCESS_PUBLIC, .handler = handle}, {.name = NULL}};
    static const struct dais_event elsewhere[] = {
        {.name = "a", .space = "/admin", .access = DAIS_ACCESS_PUBLIC, .handler = handle},
        {.name = NULL}};
    static const struct dais_endpoint endpoints[] = {
        {.path = "/raw", .protocol = DAIS_ENDPOINT_WEBSOCKET, .message = on_message},
        {.path = NULL}};
    (void)state;
    assert_int_equal(events_table_events(table, &first, rows), DAIS_OK);
    assert_int_equal(events_table_events(table, &second, rows), DAIS_E_CONFLICT);
    assert_non_null(strstr(events_problem(), "belongs to first"));
    assert_int_equal(events_table_events(table, &second, elsewhere), DAIS_OK);
    assert_int_equal(events_table_endpoints(table, &first, endpoints), DAIS_OK);
    assert_int_equal(events_table_endpoints(table, &second, endpoints), DAIS_E_CONFLICT);
    use();
    assert_ptr_equal(events_find(&root, dais_cstr("a"))->owner, &first);
    assert_ptr_equal(events_find(&admin, dais_cstr("a"))->owner, &second);
    assert_null(events_find(&root, dais_cstr("b")));
    assert_int_equal(events_endpoint("/raw")->protocol, DAIS_ENDPOINT_WEBSOCKET);
}

static int32_t connect_first(struct dais_call *call)
{
    CHECK(call);
    return DAIS_OK;
}

static int32_t connect_second(struct dais_call *call)
{
    CHECK(call);
    return DAIS_OK;
}

/* A socket that is half through its handlers goes on with the rows of newer code. */
static void hooks_keep_their_keys_in_a_newer_table(void **state)
{
    static const struct dais_space rows[] = {{.name = "/", .connect = connect_first},
                                             {.name = "/", .connect = connect_second},
                                             {.name = NULL}};
    static const struct dais_space guests[] = {
        {.name = "/", .flags = DAIS_SPACE_GUESTS, .connect = connect_second}, {.name = NULL}};
    (void)state;
    assert_int_equal(events_table_spaces(table, &second, guests), DAIS_OK);
    assert_int_equal(events_table_spaces(table, &first, rows), DAIS_OK);
    use();
    const struct events_hook *hook = events_hook_after(&root, 0);
    assert_ptr_equal(hook->owner, &first);
    assert_ptr_equal(hook->connect, connect_first);
    hook = events_hook_after(&root, hook->key);
    assert_ptr_equal(hook->owner, &first);
    assert_ptr_equal(hook->connect, connect_second);
    uint32_t key = hook->key;
    assert_true(events_guests_only(&root));
    assert_int_equal(events_table_new(&table), DAIS_OK);
    assert_int_equal(events_table_spaces(table, &first, rows), DAIS_OK);
    assert_int_equal(events_table_spaces(table, &second, rows), DAIS_OK);
    use();
    hook = events_hook_after(&root, key);
    assert_ptr_equal(hook->owner, &second);
    assert_ptr_equal(hook->connect, connect_first);
    assert_null(events_hook_after(&root, UINT32_MAX));
    assert_false(events_guests_only(&root));
}

static void spaces_have_numbers_for_ever(void **state)
{
    struct dais_event rows[] = {{.name = "a", .access = DAIS_ACCESS_PUBLIC, .handler = handle},
                                {.name = NULL}};
    (void)state;
    rows[0].space = "/one";
    assert_int_equal(events_table_events(table, &first, rows), DAIS_OK);
    use();
    int32_t number = events_space(dais_cstr("/one"));
    assert_true(number > 0);
    assert_string_equal(events_space_name((uint32_t)number), "/one");
    assert_int_equal(events_space(dais_cstr("/")), 0);
    assert_int_equal(events_table_new(&table), DAIS_OK);
    use();
    assert_int_equal(events_space(dais_cstr("/one")), DAIS_E_NOT_FOUND);
    assert_int_equal(events_table_new(&table), DAIS_OK);
    assert_int_equal(events_table_events(table, &first, rows), DAIS_OK);
    use();
    assert_int_equal(events_space(dais_cstr("/one")), number);
}

static void there_are_so_many_spaces(void **state)
{
    static char names[SOCKET_SPACES_MAX][16];
    struct dais_event rows[] = {{.name = "a", .access = DAIS_ACCESS_PUBLIC, .handler = handle},
                                {.name = NULL}};
    int32_t code = DAIS_OK;
    (void)state;
    for (uint32_t i = 0; i < SOCKET_SPACES_MAX && code == DAIS_OK; i++) {
        (void)snprintf(names[i], sizeof names[i], "/many%u", i);
        rows[0].space = names[i];
        code = events_table_events(table, &first, rows);
    }
    assert_int_equal(code, DAIS_E_LIMIT);
}

static void count_row(const struct events_row_info *info, void *context)
{
    uint32_t *count = context;
    assert_string_equal(info->rate_class, *count == 0 ? "event" : "ingest");
    assert_ptr_equal(info->owner, &first);
    ++*count;
}

static void rows_are_listed_in_their_order(void **state)
{
    static const struct dais_event rows[] = {
        {.name = "a", .access = DAIS_ACCESS_PUBLIC, .handler = handle},
        {.name = "b", .access = DAIS_ACCESS_USER, .rate_class = "ingest", .handler = handle},
        {.name = NULL}};
    uint32_t count = 0;
    (void)state;
    assert_int_equal(events_table_events(table, &first, rows), DAIS_OK);
    use();
    events_each(count_row, &count);
    assert_int_equal(count, 2);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_that_cannot_be_right_are_refused),
        TEST(names_belong_to_one_plugin),
        TEST(hooks_keep_their_keys_in_a_newer_table),
        TEST(spaces_have_numbers_for_ever),
        TEST(there_are_so_many_spaces),
        TEST(rows_are_listed_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
