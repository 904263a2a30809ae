/* SPDX-License-Identifier: MIT */
/* The HTTP server by raw sockets: routes, access, validation, answers. */
#include "rig.h"

#include "base/buf.h"
#include "base/str.h"
#include "loop/fiber.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: test\r\n\r\n"
#define WITH(path, header) "GET " path " HTTP/1.1\r\nHost: test\r\n" header "\r\n\r\n"
#define CLIP_BYTES 1000u

static struct dais_buf *clip;
static _Atomic uint32_t cancelled;
static _Atomic uint32_t double_reply;

struct item {
    uint64_t present;
    struct dais_str id;
    struct dais_str title;
    int64_t count;
};

static const struct dais_field path_rows[] = {
    DAIS_FIELD(struct item, id, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 8, "id"),
    DAIS_FIELD_END,
};
static const struct dais_field body_rows[] = {
    DAIS_FIELD(struct item, title, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 10, "title"),
    DAIS_FIELD(struct item, count, DAIS_KIND_INT, 0, 1, 5, "count"),
    DAIS_FIELD_END,
};
static const struct dais_field query_rows[] = {
    DAIS_FIELD(struct item, count, DAIS_KIND_INT, 0, 1, 5, "count"),
    DAIS_FIELD_END,
};
static const struct dais_field answer_rows[] = {
    DAIS_FIELD(struct item, id, DAIS_KIND_STRING, 0, 0, 0, "id"),
    DAIS_FIELD(struct item, title, DAIS_KIND_STRING, 0, 0, 0, "title"),
    DAIS_FIELD(struct item, count, DAIS_KIND_INT, 0, 0, 0, "count"),
    DAIS_FIELD_END,
};
static const struct dais_shape path_shape = DAIS_SHAPE("ItemPath", struct item, path_rows);
static const struct dais_shape body_shape = DAIS_SHAPE("ItemBody", struct item, body_rows);
static const struct dais_shape query_shape = DAIS_SHAPE("ItemQuery", struct item, query_rows);
static const struct dais_shape answer_shape = DAIS_SHAPE("Item", struct item, answer_rows);

static int32_t hello(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return http_reply(req, 200, "application/json", dais_cstr("{\"hello\":true}"));
}

static int32_t item_get(struct dais_req *req, const struct dais_input *input)
{
    const struct item *path = input->path;
    const struct item *query = input->query;
    struct item answer = {.id = path->id, .count = query->count};
    return http_reply_fields(req, 200, &answer_shape, &answer);
}

static int32_t item_post(struct dais_req *req, const struct dais_input *input)
{
    const struct item *path = input->path;
    const struct item *body = input->body;
    struct item answer = {.id = path->id, .title = body->title, .count = body->count};
    int32_t code = http_header_set(req, "Location", dais_cstr("/items/1"));
    return code == DAIS_OK ? http_reply_fields(req, 201, &answer_shape, &answer) : code;
}

/** Its body may be left out. */
static int32_t item_change(struct dais_req *req, const struct dais_input *input)
{
    const struct item *path = input->path;
    const struct item *body = input->body;
    struct item answer = {.id = path->id, .count = body->present ? body->count : -1};
    return http_reply_fields(req, 200, &answer_shape, &answer);
}

/** Says when to come again, whatever the status is. */
static int32_t later(struct dais_req *req, const struct dais_input *input)
{
    const struct item *query = input->query;
    int32_t code = http_header_set(req, "retry-after", dais_cstr("7"));
    return code ? code
                : http_fail(req, query->count == 1 ? DAIS_E_LIMIT : DAIS_E_CONFLICT, NULL, "wait");
}

static int32_t slow(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    int32_t code = fiber_sleep(20000);
    if (code == DAIS_E_CANCELLED)
        atomic_fetch_add(&cancelled, 1);
    return code == DAIS_OK ? http_reply(req, 200, "text/plain", dais_cstr("late")) : code;
}

static int32_t brief(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    int32_t code = fiber_sleep(5);
    return code == DAIS_OK ? http_reply(req, 200, "text/plain", dais_cstr("brief")) : code;
}

static int32_t clip_get(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    int32_t code = http_header_set(req, "etag", dais_cstr("\"v1\""));
    return code == DAIS_OK ? http_reply_buf(req, "video/mp4", clip, 0, clip->len) : code;
}

static int32_t twice(struct dais_req *req, const struct dais_input *input)
{
    int32_t code = hello(req, input);
    if (code == DAIS_OK && hello(req, input) == DAIS_E_STATE &&
        http_fail(req, DAIS_E_CONFLICT, NULL, NULL) == DAIS_E_STATE)
        atomic_fetch_add(&double_reply, 1);
    return code;
}

static int32_t nothing(struct dais_req *req, const struct dais_input *input)
{
    (void)req;
    (void)input;
    return DAIS_OK;
}

static int32_t busy(struct dais_req *req, const struct dais_input *input)
{
    (void)req;
    (void)input;
    return DAIS_E_UNAVAILABLE;
}

static int32_t crowded(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    int32_t code = http_header_set(req, "Retry-After", dais_cstr("7"));
    return code == DAIS_OK ? http_fail(req, DAIS_E_LIMIT, NULL, "later") : code;
}

static int32_t conflict(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return http_fail(req, DAIS_E_CONFLICT, "title", "is taken; choose \"another\"");
}

static int32_t about(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    const struct dais_identity *identity = http_identity(req);
    struct dais_str origin = http_origin(req);
    struct dais_str peer = http_peer(req);
    struct strbuf text;
    strbuf_init_in(&text, http_arena(req), 1024);
    strbuf_addf(&text, "%.*s %.*s %.*s %.*s", STR_ARG(origin), STR_ARG(peer),
                STR_ARG(identity ? identity->user_id : dais_cstr("nobody")),
                STR_ARG(http_header(req, "x-test")));
    return http_reply(req, 200, "text/plain", strbuf_view(&text));
}

static int32_t gone_quietly(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return http_reply(req, 204, NULL, dais_cstr(""));
}

static const struct dais_statement owner_statement = {.name = "owner"};

#define PUBLIC_ROW(m, p, h)                                                                        \
    {                                                                                              \
        .method = m, .path = p, .access = DAIS_ACCESS_PUBLIC, .handler = h                         \
    }

static const struct dais_route routes[] = {
    {.method = "GET",
     .path = "/hello",
     .access = DAIS_ACCESS_PUBLIC,
     .flags = DAIS_ROUTE_INLINE,
     .handler = hello},
    PUBLIC_ROW("GET", "/fiber", hello),
    {.method = "GET",
     .path = "/items/:id",
     .access = DAIS_ACCESS_PUBLIC,
     .path_shape = &path_shape,
     .query_shape = &query_shape,
     .handler = item_get},
    {.method = "POST",
     .path = "/items/:id",
     .access = DAIS_ACCESS_PUBLIC,
     .path_shape = &path_shape,
     .body_shape = &body_shape,
     .handler = item_post},
    {.method = "PATCH",
     .path = "/pins/:id",
     .access = DAIS_ACCESS_PUBLIC,
     .path_shape = &path_shape,
     .body_shape = &query_shape,
     .handler = item_change},
    {.method = "GET",
     .path = "/later",
     .access = DAIS_ACCESS_PUBLIC,
     .query_shape = &query_shape,
     .handler = later},
    PUBLIC_ROW("GET", "/slow", slow),
    PUBLIC_ROW("GET", "/brief", brief),
    {.method = "GET",
     .path = "/clip",
     .access = DAIS_ACCESS_PUBLIC,
     .flags = DAIS_ROUTE_INLINE,
     .handler = clip_get},
    PUBLIC_ROW("GET", "/twice", twice),
    PUBLIC_ROW("GET", "/nothing", nothing),
    PUBLIC_ROW("GET", "/busy", busy),
    PUBLIC_ROW("GET", "/crowded", crowded),
    PUBLIC_ROW("GET", "/conflict", conflict),
    PUBLIC_ROW("GET", "/about", about),
    PUBLIC_ROW("DELETE", "/quiet", gone_quietly),
    {.method = "GET", .path = "/user", .access = DAIS_ACCESS_USER, .handler = about},
    {.method = "GET",
     .path = "/admin",
     .access = DAIS_ACCESS_ROLE,
     .roles = DAIS_ROLE_ADMIN,
     .handler = about},
    {.method = "GET",
     .path = "/own/:id",
     .access = DAIS_ACCESS_OWNER,
     .roles = DAIS_ROLE_ADMIN,
     .owner = &owner_statement,
     .handler = about},
    {0},
};

static void fill_identity(struct dais_str token, struct dais_identity *ret_identity)
{
    *ret_identity = (struct dais_identity){.user_id = str_sub(token, 0, 3),
                                           .roles = str_has_prefix(token, "adm") ? DAIS_ROLE_ADMIN
                                                                                 : 1};
}

/* Tokens that end in "cached" are known; others are asked for. */
static int32_t identity_cached(struct dais_str token, struct dais_identity *ret_identity)
{
    if (!str_has_suffix(token, "cached"))
        return 0;
    fill_identity(token, ret_identity);
    return 1;
}

static int32_t verify(struct dais_str token, struct dais_identity *ret_identity)
{
    if (fiber_sleep(1) != DAIS_OK || str_has_prefix(token, "away"))
        return DAIS_E_UNAVAILABLE;
    if (str_has_prefix(token, "bad"))
        return DAIS_E_UNAUTHENTICATED;
    fill_identity(token, ret_identity);
    return DAIS_OK;
}

/* "/own/ada" belongs to ada; "/own/none" does not exist. */
static int32_t query_cell(const struct dais_statement *statement, const struct dais_param *params,
                          uint32_t count, struct dais_str *ret_cell)
{
    if (statement != &owner_statement || count != 1 || str_eqz(params[0].text, "none"))
        return DAIS_E_NOT_FOUND;
    *ret_cell = params[0].text;
    return DAIS_OK;
}

static const struct dais_str origins[] = {DAIS_STR_INIT("https://app.example")};

static int start(void **state)
{
    (void)state;
    static struct rig rig = {
        .config = {.cors_origins = origins, .cors_origin_count = 1, .handler_timeout_ms = 2500},
        .routes = routes,
        .hooks = {.identity_cached = identity_cached, .verify = verify, .query_cell = query_cell},
    };
    clip = buf_new(CLIP_BYTES);
    for (uint32_t i = 0; i < CLIP_BYTES; i++)
        clip->data[i] = (uint8_t)('a' + i % 26);
    rig_start(&rig);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    rig_stop();
    buf_unref(clip);
    return 0;
}

/* The request's answer must have this status and, unless NULL, this text somewhere. */
static void expect(const char *request, int status, const char *text)
{
    int fd = rig_connect();
    struct rig_answer answer = rig_ask(fd, request);
    if (answer.status != status || (text && !strstr(answer.text, text)))
        fail_msg("%s: wanted %d and \"%s\", got:\n%s", request, status, text ? text : "",
                 answer.text);
    rig_answer_free(&answer);
    close(fd);
}

/** What a handler knows of the wait is the one line that says it. */
static void test_one_retry_after(void **state)
{
    int fd = rig_connect();
    (void)state;
    struct rig_answer answer = rig_ask(fd, GET("/crowded"));
    assert_int_equal(answer.status, 429);
    const char *line = strstr(answer.text, "retry-after: ");
    assert_non_null(line);
    assert_memory_equal(line, "retry-after: 7\r\n", 16);
    assert_null(strstr(line + 1, "retry-after: "));
    rig_answer_free(&answer);
    close(fd);
}

static void test_routes(void **state)
{
    (void)state;
    expect(GET("/hello"), 200, "{\"hello\":true}");
    expect(GET("/hello"), 200, "x-content-type-options: nosniff");
    expect(GET("/fiber?x=1"), 200, "Content-Length: 14\r\n");
    expect(GET("/brief"), 200, "brief");
    expect(GET("/nowhere"), 404, "\"code\":\"not_found\"");
    expect("PUT /hello HTTP/1.1\r\nHost: t\r\n\r\n", 405, "allow: GET, HEAD, OPTIONS\r\n");
    expect("DELETE /quiet HTTP/1.1\r\nHost: t\r\n\r\n", 204, NULL);
    expect("BREW /hello HTTP/1.1\r\nHost: t\r\n\r\n", 405, NULL);
    expect(GET("http://test/hello"), 200, "hello");
}

static void test_keep_alive(void **state)
{
    (void)state;
    int fd = rig_connect();
    for (int i = 0; i < 50; i++) {
        struct rig_answer answer = rig_ask(fd, i % 2 ? GET("/hello") : GET("/brief"));
        assert_int_equal(answer.status, 200);
        assert_int_equal(answer.body_len, i % 2 ? 14 : 5);
        rig_answer_free(&answer);
    }
    close(fd);
}

static void test_pipelining(void **state)
{
    (void)state;
    int fd = rig_connect();
    rig_send(fd, GET("/brief") GET("/hello") GET("/brief"),
             sizeof(GET("/brief") GET("/hello") GET("/brief")) - 1);
    for (int i = 0; i < 3; i++) {
        struct rig_answer answer = rig_read_answer(fd, 0);
        assert_int_equal(answer.status, 200);
        assert_int_equal(answer.body_len, i == 1 ? 14 : 5);
        rig_answer_free(&answer);
    }
    close(fd);
}

static void test_input(void **state)
{
    (void)state;
    expect(GET("/items/a%20b?count=3"), 200, "{\"id\":\"a b\",\"count\":3}");
    expect(GET("/items/123456789"), 400, "\"field\":\"id\"");
    expect(GET("/items/a?count=6"), 400, "must be from 1 to 5, is 6");
    expect(GET("/items/a?other=6"), 400, "\"field\":\"other\"");
    expect(GET("/items/a?count=1&count=2"), 400, "was given twice");
    expect(GET("/items/%ff"), 400, "must be UTF-8");
}

#define POST(type, body_len, body)                                                                 \
    "POST /items/1 HTTP/1.1\r\nHost: t\r\nContent-Type: " type "\r\nContent-Length: " body_len     \
    "\r\n\r\n" body

static void test_body(void **state)
{
    (void)state;
    expect(POST("application/json", "25", "{\"title\":\"tea\",\"count\":2}"), 201,
           "{\"id\":\"1\",\"title\":\"tea\",\"count\":2}");
    expect(POST("Application/JSON; charset=utf-8", "15", "{\"title\":\"tea\"}"), 201,
           "location: /items/1");
    expect(POST("text/plain", "15", "{\"title\":\"tea\"}"), 415, "\"code\":\"media_type\"");
    expect(POST("application/json", "15", "{\"title\":\"tea\"]"), 400, "is no valid JSON");
    expect(POST("application/json", "12", "{\"title\":\"\"}"), 400, "\"field\":\"title\"");
    expect(POST("application/json", "2", "{}"), 400, "is required");
    expect("POST /items/1 HTTP/1.1\r\nHost: t\r\n\r\n", 400, "is required");
    expect("POST /items/1 HTTP/1.1\r\nHost: t\r\nContent-Length: 9999999\r\n\r\n", 413, NULL);
    expect("POST /items/1 HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
           "Transfer-Encoding: chunked\r\n\r\nf\r\n{\"title\":\"tea\"}\r\n0\r\n\r\n",
           201, "tea");
}

#define PATCH(more) "PATCH /pins/1 HTTP/1.1\r\nHost: t\r\n" more

/** Where no row is required, no body is needed. */
static void test_a_body_that_is_left_out(void **state)
{
    (void)state;
    static const char untouched[] = "{\"id\":\"1\",\"count\":-1}";
    expect(PATCH("\r\n"), 200, untouched);
    expect(PATCH("Content-Length: 0\r\n\r\n"), 200, untouched);
    expect(PATCH("Content-Type: application/json\r\nContent-Length: 0\r\n\r\n"), 200, untouched);
    expect(PATCH("Content-Type: text/plain\r\nContent-Length: 0\r\n\r\n"), 200, untouched);
    expect(PATCH("Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 200, untouched);
    expect(PATCH("Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"), 200, untouched);
    expect(PATCH("Content-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"count\":3}"), 200,
           "{\"id\":\"1\",\"count\":3}");
    expect(PATCH("Content-Length: 2\r\n\r\n{}"), 415, "\"code\":\"media_type\"");
}

static void test_problems_that_say_when_to_come_again(void **state)
{
    (void)state;
    expect(GET("/later"), 409, "retry-after: 7\r\n");
    expect(GET("/later"), 409, "\"retryAfter\":7,");
    expect(GET("/later?count=1"), 429, "retry-after: 7\r\n");
}

static void test_problems(void **state)
{
    (void)state;
    uint32_t before = atomic_load(&double_reply);
    expect(GET("/twice"), 200, "hello");
    assert_int_equal(atomic_load(&double_reply), before + 1);
    expect(GET("/nothing"), 500, "\"code\":\"internal\"");
    expect(GET("/busy"), 503, "retry-after: 1\r\n");
    expect(GET("/conflict"), 409, "\"detail\":\"is taken; choose \\\"another\\\"\"");
    expect(GET("/conflict"), 409, "content-type: application/problem+json");
    expect(WITH("/conflict", "X-Request-Id: abc-1"), 409, "\"requestId\":\"abc-1\"");
    expect(WITH("/hello", "X-Request-Id: abc-1"), 200, "x-request-id: abc-1");
    expect(GET("/slow"), 504, "\"code\":\"timeout\"");
}

static void test_access(void **state)
{
    (void)state;
    expect(GET("/user"), 401, "www-authenticate: Bearer realm=\"dais\"\r\n");
    expect(WITH("/user", "Authorization: Bearer bad"), 401, "error=\"invalid_token\"");
    expect(WITH("/user", "Authorization: Basic eDp5"), 401, NULL);
    expect(WITH("/user", "Authorization: bearer ada"), 200, "127.0.0.1 ada");
    expect(WITH("/user", "Authorization: Bearer ada.cached"), 200, "127.0.0.1 ada");
    expect(WITH("/user", "Authorization: Bearer away"), 503, "retry-after");
    expect(WITH("/about", "Authorization: Bearer bad"), 401, NULL);
    expect(WITH("/about", "X-Test: yes"), 200, "http://test 127.0.0.1 nobody yes");
    expect(WITH("/admin", "Authorization: Bearer ada"), 403, "\"code\":\"denied\"");
    expect(WITH("/admin", "Authorization: Bearer ada.cached"), 403, NULL);
    expect(WITH("/admin", "Authorization: Bearer adm"), 200, NULL);
    expect(WITH("/own/ada", "Authorization: Bearer ada"), 200, NULL);
    expect(WITH("/own/bob", "Authorization: Bearer ada.cached"), 403, NULL);
    expect(WITH("/own/bob", "Authorization: Bearer adm"), 200, NULL);
    expect(WITH("/own/none", "Authorization: Bearer ada"), 404, NULL);
    expect(WITH("/user", "Authorization: Bearer ada\r\nAuthorization: Bearer adm"), 400, "twice");
}

static void test_stopped_owner(void **state)
{
    (void)state;
    rig_owner.closed_reason = "crashed too often";
    atomic_store(&rig_owner.closed, 1);
    expect(GET("/hello"), 503, "crashed too often");
    atomic_store(&rig_owner.closed, 0);
    expect(GET("/hello"), 200, NULL);
}

static void test_ranges(void **state)
{
    (void)state;
    expect(GET("/clip"), 200, "accept-ranges: bytes");
    expect(WITH("/clip", "Range: bytes=0-4"), 206, "content-range: bytes 0-4/1000");
    expect(WITH("/clip", "Range: bytes=0-4"), 206, "\r\n\r\nabcde");
    expect(WITH("/clip", "Range: bytes=-10"), 206, "content-range: bytes 990-999/1000");
    expect(WITH("/clip", "Range: bytes=990-"), 206, "Content-Length: 10\r\n");
    expect(WITH("/clip", "Range: bytes=1000-"), 416, "content-range: bytes */1000");
    expect(WITH("/clip", "Range: bytes=0-1,4-5"), 200, "Content-Length: 1000");
    expect(WITH("/clip", "Range: bytes=0-4\r\nIf-Range: \"v1\""), 206, NULL);
    expect(WITH("/clip", "Range: bytes=0-4\r\nIf-Range: \"v0\""), 200, NULL);
    expect(WITH("/clip", "If-None-Match: \"v0\", W/\"v1\""), 304, "etag: \"v1\"");
}

static void test_head(void **state)
{
    (void)state;
    int fd = rig_connect();
    struct rig_answer answer = rig_ask(fd, "HEAD /clip HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.text, "Content-Length: 1000\r\n"));
    rig_answer_free(&answer);
    /* A body behind the head would be taken for the next answer's head. */
    answer = rig_ask(fd, GET("/hello"));
    assert_int_equal(answer.status, 200);
    rig_answer_free(&answer);
    close(fd);
}

static void test_cors(void **state)
{
    (void)state;
    expect(WITH("/hello", "Origin: https://app.example"), 200,
           "access-control-allow-origin: https://app.example\r\n");
    expect(WITH("/hello", "Origin: https://app.example"), 200, "vary: Origin\r\n");
    expect("OPTIONS /items/1 HTTP/1.1\r\nHost: t\r\nOrigin: https://app.example\r\n"
           "Access-Control-Request-Method: POST\r\n\r\n",
           204, "access-control-allow-headers: Content-Type, Authorization, Range");
    expect("OPTIONS /items/1 HTTP/1.1\r\nHost: t\r\n\r\n", 204,
           "allow: GET, HEAD, POST, OPTIONS\r\n");
    expect("OPTIONS /nowhere HTTP/1.1\r\nHost: t\r\n\r\n", 404, NULL);
    expect("OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n", 204, NULL);
    int fd = rig_connect();
    struct rig_answer answer = rig_ask(fd, WITH("/hello", "Origin: https://evil.example"));
    assert_null(rig_header(&answer, "access-control-allow-origin"));
    rig_answer_free(&answer);
    close(fd);
}

/* The sweep finds the client gone and cancels the handler. */
static void test_client_leaves(void **state)
{
    (void)state;
    uint32_t before = atomic_load(&cancelled);
    int fd = rig_connect();
    rig_send(fd, GET("/slow"), sizeof(GET("/slow")) - 1);
    close(fd);
    int other = rig_connect();
    for (int i = 0; i < 400 && atomic_load(&cancelled) == before; i++) {
        struct rig_answer answer = rig_ask(other, GET("/brief"));
        assert_int_equal(answer.status, 200);
        rig_answer_free(&answer);
    }
    close(other);
    assert_int_equal(atomic_load(&cancelled), before + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_retry_after),
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_keep_alive),
        cmocka_unit_test(test_pipelining),
        cmocka_unit_test(test_input),
        cmocka_unit_test(test_body),
        cmocka_unit_test(test_a_body_that_is_left_out),
        cmocka_unit_test(test_problems_that_say_when_to_come_again),
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_access),
        cmocka_unit_test(test_stopped_owner),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_cors),
        cmocka_unit_test(test_client_leaves),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
