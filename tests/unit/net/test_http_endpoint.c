/* SPDX-License-Identifier: MIT */
/* Paths that core serves by itself, beside routes and through changes of the table. */
#include "rig.h"

#include "base/check.h"
#include "base/str.h"
#include "loop/park.h"
#include "net/http_detach.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HOST " HTTP/1.1\r\nHost: test.example:81\r\n"
#define GET(path) "GET " path HOST "\r\n"
#define BODY_MAX 8
#define PATIENCE_MS 20000u

static _Atomic uint32_t asked_rates;

/* Says what it was asked, and how often it was told of itself. */
static void serve(struct dais_req *req, void *context)
{
    struct dais_str body = http_body(req);
    struct dais_str text = arena_printf(
        http_arena(req), "%s %s %.*s %.*s %d", (const char *)context, http_method_name(req),
        STR_ARG(http_query_string(req)), STR_ARG(body), http_wants_upgrade(req));
    CHECK(http_reply(req, 200, "text/plain", text) == DAIS_OK);
}

static void serve_headers(struct dais_req *req, void *context)
{
    struct dais_str only = http_header_only(req, "x-once");
    struct dais_str origin = http_header(req, "origin");
    (void)context;
    struct dais_str text = arena_printf(
        http_arena(req), "%.*s %d %d %x", STR_ARG(only), http_header_lists(req, "x-list", "two"),
        origin.ptr && http_origin_allowed(req, origin), http_version(req));
    CHECK(http_reply(req, 200, "text/plain", text) == DAIS_OK);
}

static void serve_nothing(struct dais_req *req, void *context)
{
    (void)req;
    (void)context;
}

static int32_t route(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return http_reply(req, 200, "text/plain", dais_cstr("route"));
}

static const struct dais_route routes[] = {
    {.method = "GET", .path = "/:any", .access = DAIS_ACCESS_PUBLIC, .handler = route},
    {.method = "GET", .path = "/taken", .access = DAIS_ACCESS_PUBLIC, .handler = route},
    {.method = NULL},
};

static char name_slashed[] = "slashed", name_bare[] = "bare", name_newer[] = "newer";
static const struct http_endpoint slashed = {"/end/", serve, name_slashed, BODY_MAX};
static const struct http_endpoint bare = {"/bare", serve, name_bare, 0};
static const struct http_endpoint newer = {"/end", serve, name_newer, BODY_MAX};
static const struct http_endpoint headers = {"/headers", serve_headers, NULL, 0};
static const struct http_endpoint nothing = {"/nothing", serve_nothing, NULL, 0};
static const struct http_endpoint *const endpoints[] = {&slashed, &bare, &headers, &nothing, NULL};
static const struct dais_str origins[] = {DAIS_STR_INIT("https://page.example")};

static int32_t admit(uint32_t number, const struct http_client *client, uint32_t *ret_wait_s)
{
    (void)number;
    (void)client;
    (void)ret_wait_s;
    atomic_fetch_add(&asked_rates, 1);
    return DAIS_OK;
}

static struct rig rig = {.routes = routes,
                         .endpoints = endpoints,
                         .hooks = {.admit = admit},
                         .config = {.cors_origins = origins, .cors_origin_count = 1}};

static int start(void **state)
{
    (void)state;
    rig_start(&rig);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    rig_stop();
    return 0;
}

static void expect(const char *request, int status, const char *body)
{
    int fd = rig_connect();
    struct rig_answer answer = rig_ask(fd, request);
    if (answer.status != status)
        fail_msg("%d for %s", answer.status, request);
    if (body)
        assert_string_equal(answer.body, body);
    rig_answer_free(&answer);
    close(fd);
}

static void test_path_with_and_without_its_slash(void **state)
{
    (void)state;
    expect(GET("/end"), 200, "slashed GET   0");
    expect(GET("/end/"), 200, "slashed GET   0");
    expect(GET("/%65nd/?a=1"), 200, "slashed GET a=1  0");
    expect(GET("/bare/"), 200, "bare GET   0");
    expect(GET("/end/below"), 404, NULL);
    expect(GET("/end//"), 404, NULL);
    expect(GET("/ending"), 200, "route");
}

static void test_any_method_without_rates(void **state)
{
    (void)state;
    atomic_store(&asked_rates, 0);
    expect("POST /end" HOST "Content-Length: 8\r\n\r\n12345678", 200, "slashed POST  12345678 0");
    expect("DELETE /end" HOST "\r\n", 200, "slashed DELETE   0");
    expect("BREW /end" HOST "\r\n", 200, "slashed    0");
    expect("HEAD /end" HOST "\r\n", 200, "");
    assert_int_equal(atomic_load(&asked_rates), 0);
}

static void test_options_and_cors_are_done(void **state)
{
    static const char asks[] = "OPTIONS /end/" HOST "Origin: https://page.example\r\n"
                               "Access-Control-Request-Method: POST\r\n\r\n";
    int fd = rig_connect();
    (void)state;
    struct rig_answer answer = rig_ask(fd, asks);
    char *origin = rig_header(&answer, "access-control-allow-origin");
    assert_int_equal(answer.status, 204);
    assert_non_null(origin);
    assert_string_equal(origin, "https://page.example");
    free(origin);
    rig_answer_free(&answer);
    close(fd);
}

static void test_body_limit(void **state)
{
    (void)state;
    expect("POST /end" HOST "Content-Length: 9\r\n\r\n123456789", 413, NULL);
    expect("POST /bare" HOST "Content-Length: 1\r\n\r\n1", 413, NULL);
    expect("POST /end" HOST "Transfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n0\r\n\r\n", 413,
           NULL);
}

static void test_no_answer_is_an_error(void **state)
{
    (void)state;
    uint64_t errors = atomic_load(&rig_owner.errors);
    expect(GET("/nothing"), 500, NULL);
    assert_int_equal(atomic_load(&rig_owner.errors), errors + 1);
}

static void test_owner_that_is_closed(void **state)
{
    (void)state;
    atomic_store(&rig_owner.closed, 1);
    expect(GET("/end"), 503, NULL);
    atomic_store(&rig_owner.closed, 0);
    expect(GET("/end"), 200, NULL);
}

static void test_headers(void **state)
{
    (void)state;
    expect("GET /headers" HOST "X-Once: 1\r\nX-List: one\r\nX-List: 3, Two ,4\r\n\r\n", 200,
           "1 1 0 101");
    expect("GET /headers" HOST "X-Once: 1\r\nX-Once: 2\r\nX-List: twofold\r\n\r\n", 200,
           " 0 0 101");
    expect("GET /headers" HOST "Origin: https://page.example\r\n\r\n", 200, " 0 1 101");
    expect("GET /headers" HOST "Origin: http://TEST.example:81\r\n\r\n", 200, " 0 1 101");
    expect("GET /headers" HOST "Origin: http://test.example\r\n\r\n", 200, " 0 0 101");
    expect("GET /headers" HOST "Origin: https://page.example.evil\r\n\r\n", 200, " 0 0 101");
    expect("GET /headers" HOST "Origin: null\r\n\r\n", 200, " 0 0 101");
    expect("GET /headers HTTP/1.0\r\n\r\n", 200, " 0 0 100");
}

static void test_upgrade_is_told(void **state)
{
    (void)state;
    expect("GET /end" HOST "Upgrade: x\r\nConnection: keep-alive, upgrade\r\n\r\n", 200,
           "slashed GET   1");
    expect("GET /end" HOST "Upgrade: x\r\n\r\n", 200, "slashed GET   0");
    expect("GET /end" HOST "Connection: upgrade\r\n\r\n", 200, "slashed GET   0");
}

static void test_rows_that_cannot_be(void **state)
{
    static const char *const bad[] = {"", "/", "end", "/e/:d", "/e/*d", "/e?d", "/e%64"};
    static const struct dais_route clashing[] = {
        {.method = "GET", .path = "/end", .access = DAIS_ACCESS_PUBLIC, .handler = route},
        {.method = NULL},
    };
    struct http_table *table = rig_table(routes, NULL);
    struct http_endpoint row = {.serve = serve};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        row.path = bad[i];
        assert_int_equal(http_table_endpoint(table, &rig_owner, &row), DAIS_E_INVALID);
    }
    row.path = "/taken/";
    assert_int_equal(http_table_endpoint(table, &rig_owner, &row), DAIS_E_CONFLICT);
    assert_int_equal(http_table_endpoint(table, &rig_owner, &slashed), DAIS_OK);
    assert_int_equal(http_table_endpoint(table, &rig_owner, &newer), DAIS_E_CONFLICT);
    assert_int_equal(http_table_routes(table, &rig_owner, clashing), DAIS_E_CONFLICT);
    assert_non_null(strstr(http_problem(), "/end"));
    http_table_free(table);
}

static void test_as_many_as_fit(void **state)
{
    static char paths[HTTP_ENDPOINTS_MAX + 1][8];
    static struct http_endpoint rows[HTTP_ENDPOINTS_MAX + 1];
    struct http_table *table = rig_table(routes, NULL);
    (void)state;
    for (uint32_t i = 0; i <= HTTP_ENDPOINTS_MAX; i++) {
        (void)snprintf(paths[i], sizeof paths[i], "/e%u", i);
        rows[i] = (struct http_endpoint){.path = paths[i], .serve = serve};
        assert_int_equal(http_table_endpoint(table, &rig_owner, &rows[i]),
                         i < HTTP_ENDPOINTS_MAX ? DAIS_OK : DAIS_E_LIMIT);
    }
    http_table_free(table);
}

static void use(void *table)
{
    http_table_use(rig_server(), table);
}

/* The last test: a newer table serves the path, the older one is given back. */
static void test_tables_are_swapped(void **state)
{
    static struct http_owner second = {.id = "rig", .plugin = 1, .generation = 2};
    struct http_table *table = NULL;
    (void)state;
    expect(GET("/end"), 200, "slashed GET   0");
    assert_int_equal(http_table_new(rig_server(), &table), DAIS_OK);
    assert_int_equal(http_table_endpoint(table, &second, &newer), DAIS_OK);
    assert_true(http_owner_in_use(rig_server(), &rig_owner));
    assert_int_equal(workers_park(use, table, PATIENCE_MS), DAIS_OK);
    expect(GET("/end/"), 200, "newer GET   0");
    expect(GET("/bare"), 404, NULL);
    assert_false(http_owner_in_use(rig_server(), &rig_owner));
    assert_true(http_owner_in_use(rig_server(), &second));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path_with_and_without_its_slash),
        cmocka_unit_test(test_any_method_without_rates),
        cmocka_unit_test(test_options_and_cors_are_done),
        cmocka_unit_test(test_body_limit),
        cmocka_unit_test(test_no_answer_is_an_error),
        cmocka_unit_test(test_owner_that_is_closed),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_upgrade_is_told),
        cmocka_unit_test(test_rows_that_cannot_be),
        cmocka_unit_test(test_as_many_as_fit),
        cmocka_unit_test(test_tables_are_swapped),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
