/* SPDX-License-Identifier: MIT */
/* Paths to rows, request targets, byte ranges: the pure parts of the HTTP server. */
#include "base/str.h"
#include "net/http_range.h"
#include "net/http_router.h"
#include "net/http_uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static int32_t handler(struct dais_req *req, const struct dais_input *input)
{
    (void)req;
    (void)input;
    return DAIS_OK;
}

#define ROW(m, p)                                                                                  \
    {                                                                                              \
        .method = m, .path = p, .access = DAIS_ACCESS_PUBLIC, .handler = handler                   \
    }

static const struct dais_route rows[] = {
    ROW("GET", "/"),
    ROW("GET", "/api/streams"),
    ROW("POST", "/api/streams"),
    ROW("GET", "/api/streams/:id"),
    ROW("DELETE", "/api/streams/:id"),
    ROW("GET", "/api/streams/mine"),
    ROW("POST", "/api/streams/:id/regenerate-key"),
    ROW("GET", "/api/streams/mine/stats"),
    ROW("GET", "/hls/:stream/:file*"),
    ROW("GET", "/hls/:stream/master.m3u8"),
};

static struct dais_arena arena;
static struct http_router router;

static int setup(void **state)
{
    (void)state;
    const char *detail = NULL;
    arena_init(&arena, 1u << 20);
    router.arena = &arena;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(http_router_add(&router, &rows[i], NULL, &detail), DAIS_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_reset(&arena);
    return 0;
}

/* `path` must lead to the row of `wanted`, with this parameter first (or NULL). */
static void leads(enum http_method method, const char *path, const char *wanted, const char *param)
{
    struct http_match match;
    int32_t code = http_router_find(&router, method, dais_cstr(path), &match);
    if (code != DAIS_OK || strcmp(match.route->row->path, wanted) != 0)
        fail_msg("%s leads to %s", path, code == DAIS_OK ? match.route->row->path : "nothing");
    if (param)
        assert_true(str_eqz(match.params[0], param));
}

static int32_t fails(enum http_method method, const char *path, const char *allow)
{
    struct http_match match;
    int32_t code = http_router_find(&router, method, dais_cstr(path), &match);
    if (allow)
        assert_string_equal(match.allow, allow);
    return code;
}

static void test_find(void **state)
{
    (void)state;
    leads(HTTP_GET, "/", "/", NULL);
    leads(HTTP_HEAD, "/api/streams", "/api/streams", NULL);
    leads(HTTP_POST, "/api/streams", "/api/streams", NULL);
    leads(HTTP_GET, "/api/streams/42", "/api/streams/:id", "42");
    leads(HTTP_GET, "/api/streams/mine", "/api/streams/mine", NULL);
    leads(HTTP_DELETE, "/api/streams/mine", "/api/streams/:id", "mine");
    leads(HTTP_POST, "/api/streams/mine/regenerate-key", "/api/streams/:id/regenerate-key", "mine");
    leads(HTTP_GET, "/hls/abc/master.m3u8", "/hls/:stream/master.m3u8", "abc");
    leads(HTTP_GET, "/hls/abc/v/1.m4s", "/hls/:stream/:file*", "abc");
    struct http_match match;
    assert_int_equal(http_router_find(&router, HTTP_GET, dais_cstr("/hls/a/b/c/d"), &match),
                     DAIS_OK);
    assert_true(str_eqz(match.params[1], "b/c/d"));
}

static void test_misses(void **state)
{
    (void)state;
    assert_int_equal(fails(HTTP_GET, "/nowhere", NULL), DAIS_E_NOT_FOUND);
    assert_int_equal(fails(HTTP_GET, "/api/streams/", NULL), DAIS_E_NOT_FOUND);
    assert_int_equal(fails(HTTP_GET, "//", NULL), DAIS_E_NOT_FOUND);
    assert_int_equal(fails(HTTP_GET, "", NULL), DAIS_E_NOT_FOUND);
    assert_int_equal(fails(HTTP_GET, "/hls/abc/", NULL), DAIS_E_NOT_FOUND);
    assert_int_equal(fails(HTTP_GET, "/api", NULL), DAIS_E_NOT_FOUND);
    assert_int_equal(fails(HTTP_PUT, "/api/streams", "GET, HEAD, POST, OPTIONS"), DAIS_E_METHOD);
    assert_int_equal(fails(HTTP_PUT, "/api/streams/1", "GET, HEAD, DELETE, OPTIONS"),
                     DAIS_E_METHOD);
    assert_int_equal(fails(HTTP_METHOD_OTHER, "/", "GET, HEAD, OPTIONS"), DAIS_E_METHOD);
}

static void refused(const struct dais_route *row, int32_t code)
{
    const char *detail = NULL;
    assert_int_equal(http_router_add(&router, row, NULL, &detail), code);
    assert_non_null(detail);
}

static void test_bad_rows(void **state)
{
    (void)state;
    static const struct dais_route bad[] = {
        ROW("HEAD", "/x"),
        ROW("GET", "x"),
        ROW("GET", "/:"),
        ROW("GET", "/:all*/x"),
        ROW("GET", "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"),
        {.method = "GET", .path = "/x", .handler = handler},
        {.method = "GET", .path = "/x", .access = DAIS_ACCESS_PUBLIC},
        {.method = "GET", .path = "/x", .access = DAIS_ACCESS_ROLE, .handler = handler},
        {.method = "GET", .path = "/x", .access = DAIS_ACCESS_OWNER, .handler = handler},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused(&bad[i], DAIS_E_INVALID);
    static const struct dais_route again = ROW("GET", "/api/streams/:other");
    refused(&again, DAIS_E_CONFLICT);
}

static void split(const char *target, const char *path, const char *query)
{
    struct http_uri uri;
    const char *detail = NULL;
    if (http_uri_split(dais_cstr(target), &uri, &detail) != DAIS_OK)
        fail_msg("%s: %s", target, detail);
    assert_true(str_eqz(uri.path, path));
    assert_true(query ? str_eqz(uri.query, query) : !uri.query.ptr);
}

static void test_targets(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "x",
                                      "example.org:80",
                                      "/a%00b",
                                      "/a%2fb",
                                      "/a%2Fb",
                                      "/a%",
                                      "/a%4",
                                      "/a%zz",
                                      "/./a",
                                      "/a/..",
                                      "/../etc/passwd",
                                      "/a/%2e%2e/b",
                                      "/%2E/a",
                                      "/.%2e",
                                      "http://h/..",
                                      "/a/.%2E/b?x"};
    split("/", "/", NULL);
    split("/a/b?c=d?e", "/a/b", "c=d?e");
    split("/a?", "/a", "");
    split("*", "*", NULL);
    split("http://host:80/a?b", "/a", "b");
    split("http://host", "/", NULL);
    split("/.well-known/x", "/.well-known/x", NULL);
    split("/...", "/...", NULL);
    split("/a%252fb", "/a%252fb", NULL);
    split("/?../%00", "/", "../%00");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct http_uri uri;
        const char *detail = NULL;
        if (http_uri_split(dais_cstr(bad[i]), &uri, &detail) != DAIS_E_INVALID)
            fail_msg("%s passes", bad[i]);
        assert_non_null(detail);
    }
}

static void test_hosts(void **state)
{
    (void)state;
    assert_true(http_uri_host_ok(dais_cstr("Example.org:8080")));
    assert_true(http_uri_host_ok(dais_cstr("[2001:db8::1]:80")));
    assert_false(http_uri_host_ok(dais_cstr("")));
    assert_false(http_uri_host_ok(dais_cstr("a b")));
    assert_false(http_uri_host_ok(dais_cstr("a/b")));
    assert_false(http_uri_host_ok(dais_cstr("a\"b")));
    assert_false(http_uri_host_ok(dais_cstr("user@host")));
    assert_false(http_uri_host_ok(dais_cstr("h\xc3\xa4")));
}

static void range_is(const char *header, uint64_t total, int32_t code, uint64_t first,
                     uint64_t last)
{
    struct http_range range = {0, 0};
    assert_int_equal(http_range_parse(dais_cstr(header), total, &range), code);
    assert_int_equal(range.first, first);
    assert_int_equal(range.last, last);
}

static void test_ranges(void **state)
{
    (void)state;
    range_is("bytes=0-0", 10, 1, 0, 0);
    range_is("bytes=0-", 10, 1, 0, 9);
    range_is("bytes=5-99", 10, 1, 5, 9);
    range_is("bytes=-3", 10, 1, 7, 9);
    range_is("bytes=-99", 10, 1, 0, 9);
    range_is("bytes=9-9", 10, 1, 9, 9);
    range_is("bytes=10-", 10, DAIS_E_RANGE, 0, 0);
    range_is("bytes=-0", 10, DAIS_E_RANGE, 0, 0);
    range_is("bytes=0-", 0, DAIS_E_RANGE, 0, 0);
    range_is("bytes=-1", 0, DAIS_E_RANGE, 0, 0);
    range_is("bytes=", 10, 0, 0, 0);
    range_is("bytes=a-b", 10, 0, 0, 0);
    range_is("bytes=5-4", 10, 0, 0, 0);
    range_is("bytes=1-2,4-5", 10, 0, 0, 0);
    range_is("items=0-1", 10, 0, 0, 0);
    range_is("bytes=99999999999999999999-", 10, 0, 0, 0);
    range_is("bytes=0-18446744073709551615", 10, 0, 0, 0);
    range_is("", 10, 0, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),     cmocka_unit_test(test_misses),
        cmocka_unit_test(test_bad_rows), cmocka_unit_test(test_targets),
        cmocka_unit_test(test_hosts),    cmocka_unit_test(test_ranges),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
