/* SPDX-License-Identifier: MIT */
/* Whose request it is: behind proxies, by connection, by user; and how many one may have. */
#include "rig.h"

#include "base/limits.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: test\r\n\r\n"
#define WITH(path, header) "GET " path " HTTP/1.1\r\nHost: test\r\n" header "\r\n\r\n"
#define PER_ADDRESS 4

static _Atomic uint64_t last_address;
static _Atomic uint32_t asked_with_user;
static _Atomic uint32_t asked;

static int32_t rate_class(const char *name)
{
    if (strcmp(name, "read") == 0)
        return 0;
    if (strcmp(name, "once") == 0)
        return 1;
    return strcmp(name, "media") == 0 ? 2 : DAIS_E_NOT_FOUND;
}

/* Class 1: one request for each connection. */
static int32_t admit(uint32_t number, const struct http_client *client, uint32_t *ret_wait_s)
{
    atomic_store(&last_address, client->address);
    atomic_fetch_add(&asked, 1);
    if (client->user.ptr)
        atomic_fetch_add(&asked_with_user, 1);
    if (number == 0 || client->paces[number]++ == 0)
        return DAIS_OK;
    *ret_wait_s = 17;
    return DAIS_E_LIMIT;
}

static int32_t cached(struct dais_str token, struct dais_identity *ret_identity)
{
    if (!str_eqz(token, "known"))
        return 0;
    *ret_identity = (struct dais_identity){.user_id = dais_cstr("ada")};
    return 1;
}

static int32_t verify(struct dais_str token, struct dais_identity *ret_identity)
{
    if (!str_eqz(token, "good"))
        return DAIS_E_UNAUTHENTICATED;
    *ret_identity = (struct dais_identity){.user_id = dais_cstr("bob")};
    return DAIS_OK;
}

static int32_t about(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    struct strbuf text;
    struct dais_str origin = http_origin(req);
    struct dais_str peer = http_peer(req);
    strbuf_init_in(&text, http_arena(req), 1024);
    strbuf_addf(&text, "%.*s %.*s.", STR_ARG(origin), STR_ARG(peer));
    return http_reply(req, 200, "text/plain", strbuf_view(&text));
}

struct note {
    uint64_t present;
    struct dais_str text;
};
static const struct dais_field note_rows[] = {
    DAIS_FIELD(struct note, text, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 9, "text"),
    DAIS_FIELD_END,
};
static const struct dais_shape note_shape = DAIS_SHAPE("Note", struct note, note_rows);

static const struct dais_route routes[] = {
    {.method = "GET", .path = "/about", .access = DAIS_ACCESS_PUBLIC, .handler = about},
    {.method = "GET",
     .path = "/once",
     .access = DAIS_ACCESS_PUBLIC,
     .rate_class = "once",
     .handler = about},
    {.method = "POST",
     .path = "/once",
     .access = DAIS_ACCESS_USER,
     .rate_class = "once",
     .body_shape = &note_shape,
     .handler = about},
    {0},
};

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

static int start_with(const char *proxies, uint8_t forwarded)
{
    static struct rig rig;
    static struct dais_str networks[1];
    networks[0] = dais_cstr(proxies);
    rig = (struct rig){
        .config = {.trusted_proxies = networks,
                   .trusted_proxy_count = proxies ? 1 : 0,
                   .forwarded = forwarded},
        .routes = routes,
        .hooks = {.rate_class = rate_class,
                  .admit = admit,
                  .identity_cached = cached,
                  .verify = verify},
    };
    assert_int_equal(limit_set(dais_cstr("http_connections_per_address"), PER_ADDRESS), DAIS_OK);
    rig_start(&rig);
    return 0;
}

static int start_alone(void **state)
{
    (void)state;
    return start_with(NULL, 0);
}

static int start_behind(void **state)
{
    (void)state;
    return start_with("127.0.0.0/8", 0);
}

static int start_behind_forwarded(void **state)
{
    (void)state;
    return start_with("127.0.0.1", 1);
}

static int start_impatient(void **state)
{
    (void)state;
    assert_int_equal(limit_set(dais_cstr("http_idle_ms"), 1000), DAIS_OK);
    return start_with(NULL, 0);
}

static int stop(void **state)
{
    (void)state;
    rig_stop();
    limits_reset();
    return 0;
}

static void test_strangers_are_not_believed(void **state)
{
    (void)state;
    expect(GET("/about"), 200, "http://test 127.0.0.1.");
    expect(WITH("/about", "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https"), 200,
           "http://test 127.0.0.1.");
    expect(WITH("/about", "Forwarded: for=192.0.2.1;proto=https"), 200, "http://test 127.0.0.1.");
}

static void test_proxies_are_believed(void **state)
{
    (void)state;
    expect(GET("/about"), 200, "http://test 127.0.0.1.");
    expect(WITH("/about", "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https"), 200,
           "https://test 192.0.2.1.");
    expect(WITH("/about", "Forwarded: for=192.0.2.1;proto=https"), 200, "http://test 127.0.0.1.");
    expect(WITH("/about", "X-Forwarded-For: 127.0.0.9"), 200, " 127.0.0.9.");
}

/* What the client wrote stands before what the proxies added, in the same line or in another. */
static void test_clients_cannot_pretend(void **state)
{
    (void)state;
    expect(WITH("/about", "X-Forwarded-For: 203.0.113.5, 192.0.2.1, 127.0.0.7"), 200,
           " 192.0.2.1.");
    expect(WITH("/about", "X-Forwarded-For: 203.0.113.5\r\nX-Forwarded-For: 192.0.2.1"), 200,
           " 192.0.2.1.");
    expect(WITH("/about", "X-Forwarded-For: 203.0.113.5, unknown, 127.0.0.7"), 200, " 127.0.0.7.");
    expect(WITH("/about", "X-Forwarded-For: ,,"), 200, " 127.0.0.1.");
    expect(WITH("/about", "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http"), 200, "http://");
    expect(WITH("/about", "X-Forwarded-Proto: gopher"), 200, "http://");
}

static void test_forwarded(void **state)
{
    (void)state;
    expect(WITH("/about", "Forwarded: for=203.0.113.5, for=192.0.2.1;proto=https"), 200,
           "https://test 192.0.2.1.");
    expect(WITH("/about", "X-Forwarded-For: 203.0.113.5"), 200, " 127.0.0.1.");
}

static uint64_t address_of(const char *request)
{
    expect(request, 200, NULL);
    return atomic_load(&last_address);
}

static void test_addresses_behind_a_proxy_are_counted(void **state)
{
    (void)state;
    uint64_t one = address_of(WITH("/about", "X-Forwarded-For: 192.0.2.1"));
    assert_true(one == address_of(WITH("/about", "X-Forwarded-For: 203.0.113.5, 192.0.2.1")));
    assert_true(one != address_of(WITH("/about", "X-Forwarded-For: 192.0.2.2")));
    assert_true(one != address_of(GET("/about")));
}

static void test_limit_of_a_connection(void **state)
{
    (void)state;
    int fd = rig_connect();
    struct rig_answer answer = rig_ask(fd, GET("/once"));
    assert_int_equal(answer.status, 200);
    rig_answer_free(&answer);
    answer = rig_ask(fd, GET("/once"));
    assert_int_equal(answer.status, 429);
    char *wait = rig_header(&answer, "retry-after");
    assert_string_equal(wait, "17");
    assert_non_null(strstr(answer.text, "application/problem+json"));
    assert_non_null(strstr(answer.body, "\"code\":\"limit"));
    free(wait);
    rig_answer_free(&answer);
    answer = rig_ask(fd, GET("/about")); /* another class */
    assert_int_equal(answer.status, 200);
    rig_answer_free(&answer);
    close(fd);
    expect(GET("/once"), 200, NULL);
}

#define POST(token, body_len, body)                                                                \
    "POST /once HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer " token                               \
    "\r\nContent-Type: application/json\r\nContent-Length: " body_len "\r\n\r\n" body

/* The token is looked at before the request is counted, the body after it. */
static void test_order_of_the_checks(void **state)
{
    (void)state;
    static const char *const requests[] = {POST("known", "3", "{]}"), POST("good", "3", "{]}"),
                                           POST("bad", "3", "{]}")};
    static const int first[] = {400, 400, 401};
    for (int i = 0; i < 3; i++) {
        atomic_store(&asked, 0);
        atomic_store(&asked_with_user, 0);
        int fd = rig_connect();
        struct rig_answer answer = rig_ask(fd, requests[i]);
        assert_int_equal(answer.status, first[i]);
        rig_answer_free(&answer);
        answer = rig_ask(fd, requests[i]);
        assert_int_equal(answer.status, 429);
        rig_answer_free(&answer);
        close(fd);
        assert_int_equal(atomic_load(&asked), 2);
        assert_int_equal(atomic_load(&asked_with_user), i == 2 ? 0 : 2);
    }
    expect("POST /once HTTP/1.1\r\nHost: t\r\n\r\n", 401, NULL);
}

static void test_what_is_no_route_is_counted(void **state)
{
    (void)state;
    int fd = rig_connect();
    struct rig_answer answer = rig_ask(fd, GET("/nowhere"));
    assert_int_equal(answer.status, 404);
    rig_answer_free(&answer);
    answer = rig_ask(fd, GET("/somewhere"));
    assert_int_equal(answer.status, 429);
    rig_answer_free(&answer);
    answer = rig_ask(fd, "OPTIONS /about HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_int_equal(answer.status, 429);
    rig_answer_free(&answer);
    close(fd);
}

static void test_unknown_rate_class(void **state)
{
    static const struct dais_route rows[] = {
        {.method = "GET",
         .path = "/new",
         .access = DAIS_ACCESS_PUBLIC,
         .rate_class = "raed",
         .handler = about},
        {0},
    };
    struct http_table *table = NULL;
    (void)state;
    assert_int_equal(http_table_new(rig_server(), &table), DAIS_OK);
    assert_int_equal(http_table_routes(table, &rig_owner, rows), DAIS_E_NOT_FOUND);
    assert_string_equal(http_problem(), "GET /new: there is no rate class raed");
    http_table_free(table);
}

/* The kernel spreads connections over the workers, so the bound for both together is hit. */
static void test_connections_of_one_address(void **state)
{
    enum { COUNT = 4 * PER_ADDRESS };
    int fds[COUNT];
    int served = 0;
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        fds[i] = rig_connect();
        struct rig_answer answer = rig_ask(fds[i], GET("/about"));
        served += answer.status == 200;
        rig_answer_free(&answer);
    }
    assert_in_range(served, PER_ADDRESS, 2 * PER_ADDRESS);
    for (int i = 0; i < COUNT; i++)
        close(fds[i]);
    while (rig_status(GET("/about")) != 200)
        continue; /* the server hears of the ends one after the other */
}

static void test_proxies_may_have_more_connections(void **state)
{
    enum { COUNT = 4 * PER_ADDRESS };
    int fds[COUNT];
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        fds[i] = rig_connect();
        struct rig_answer answer = rig_ask(fds[i], GET("/about"));
        assert_int_equal(answer.status, 200);
        rig_answer_free(&answer);
    }
    for (int i = 0; i < COUNT; i++)
        close(fds[i]);
}

static void test_idle_connections_end(void **state)
{
    (void)state;
    int fresh = rig_connect();
    int used = rig_connect();
    struct rig_answer answer = rig_ask(used, GET("/about"));
    assert_int_equal(answer.status, 200);
    rig_answer_free(&answer);
    assert_true(rig_closed_within(fresh, 3000));
    assert_true(rig_closed_within(used, 3000));
    close(fresh);
    close(used);
}

/* What libh2o refuses by itself. */
static void test_refusals_are_problems(void **state)
{
    static const struct {
        const char *request;
        int status;
        const char *part;
    } cases[] = {
        {"GARBAGE\r\n\r\n", 400, "\"detail\":\"this is no HTTP request\""},
        {"POST /once HTTP/1.1\r\nHost: t\r\nContent-Length: 9999999\r\n\r\n", 413,
         "\"code\":\"too_large\""},
        {"POST /once HTTP/1.1\r\nHost: t\r\nContent-Length: 5x\r\n\r\n", 400, "\"status\":400"},
        {"POST /once HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nExpect: magic\r\n\r\n", 417,
         "\"status\":417"},
        {"POST /once HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400,
         "\"code\":\"invalid\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int fd = rig_connect();
        struct rig_answer answer = rig_ask(fd, cases[i].request);
        assert_int_equal(answer.status, cases[i].status);
        char *type = rig_header(&answer, "content-type");
        assert_string_equal(type, "application/problem+json");
        assert_non_null(strstr(answer.body, cases[i].part));
        assert_true(rig_closed_within(fd, 1000));
        free(type);
        rig_answer_free(&answer);
        close(fd);
    }
}

static void test_proxy_that_is_none(void **state)
{
    static const struct dais_str address = DAIS_STR_INIT("127.0.0.1:0");
    static const struct dais_str networks[] = {DAIS_STR_INIT("10.0.0.0/33")};
    static const struct http_hooks hooks = {.open_sockets = rig_open_sockets};
    const struct http_config config = {.addresses = &address,
                                       .address_count = 1,
                                       .workers = 1,
                                       .trusted_proxies = networks,
                                       .trusted_proxy_count = 1};
    struct http_server *server = NULL;
    (void)state;
    assert_int_equal(http_new(&config, &hooks, &server), DAIS_E_INVALID);
    assert_string_equal(http_problem(), "the trusted proxy 10.0.0.0/33 is no address or network");
}

#define ALONE(test) cmocka_unit_test_setup_teardown(test, start_alone, stop)
#define BEHIND(test) cmocka_unit_test_setup_teardown(test, start_behind, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(test_strangers_are_not_believed),
        BEHIND(test_proxies_are_believed),
        BEHIND(test_clients_cannot_pretend),
        cmocka_unit_test_setup_teardown(test_forwarded, start_behind_forwarded, stop),
        BEHIND(test_addresses_behind_a_proxy_are_counted),
        ALONE(test_limit_of_a_connection),
        ALONE(test_order_of_the_checks),
        ALONE(test_what_is_no_route_is_counted),
        ALONE(test_unknown_rate_class),
        ALONE(test_connections_of_one_address),
        BEHIND(test_proxies_may_have_more_connections),
        ALONE(test_refusals_are_problems),
        cmocka_unit_test_setup_teardown(test_idle_connections_end, start_impatient, stop),
        cmocka_unit_test(test_proxy_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
