/* SPDX-License-Identifier: MIT */
/* A whole host in this process: plugins do their work and clients see it. */
#include "testhost.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ALL_PLUGINS                                                                                \
    "  probe: {path: " TEST_PLUGINS "/probe.so, greeting: servus}\n"                               \
    "  caller: {path: " TEST_PLUGINS "/caller.so}\n"                                               \
    "  misuse: {path: " TEST_PLUGINS "/misuse.so}\n"                                               \
    "  failing_init: {path: " TEST_PLUGINS "/failing_init.so, required: false}\n"                  \
    "  failing_start: {path: " TEST_PLUGINS "/failing_start.so, required: false}\n"

static struct testhost *host;

static int start(void **state)
{
    (void)state;
    const struct testhost_options options = {.plugins = ALL_PLUGINS};
    if (testhost_start(&options, &host) == DAIS_OK)
        return 0;
    print_error("%s", testhost_problem());
    return -1;
}

static int stop(void **state)
{
    (void)state;
    int32_t result = testhost_stop(host);
    host = NULL;
    return result;
}

static int start_alone(void **state)
{
    (void)state;
    const struct testhost_options options = {.plugins = "  probe: {path: " TEST_PLUGINS
                                                        "/probe.so}\n",
                                             .settings = "rates: {write: {user: 4, address: 4}}\n",
                                             .workers = 1};
    return testhost_start(&options, &host) == DAIS_OK ? 0 : -1;
}

static int connect_raw(void)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)testhost_port(host)),
                                        .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static struct testhost_reply send_request(const char *method, const char *path, const char *token,
                                          const char *body)
{
    struct testhost_reply reply;
    const struct testhost_request request = {
        .method = method, .path = path, .token = token, .body = body};
    assert_int_equal(testhost_send(host, &request, &reply), DAIS_OK);
    return reply;
}

static struct testhost_reply get(const char *path)
{
    return send_request("GET", path, NULL, NULL);
}

static void assert_body(struct testhost_reply reply, uint32_t status, const char *expected)
{
    assert_int_equal(reply.status, status);
    assert_int_equal(reply.body.len, strlen(expected));
    assert_memory_equal(reply.body.ptr, expected, reply.body.len);
}

static void assert_holds(struct testhost_reply reply, const char *part)
{
    if (!memmem(reply.body.ptr, reply.body.len, part, strlen(part)))
        fail_msg("'%s' is not in: %.*s", part, (int)reply.body.len, reply.body.ptr);
}

/** A number of the probe's counters. */
static int64_t count(const char *name)
{
    char key[32];
    struct testhost_reply reply = get("/probe/counts");
    int len = snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = memmem(reply.body.ptr, reply.body.len, key, (size_t)len);
    assert_non_null(at);
    return strtoll(at + len, NULL, 10);
}

/** Waits until a counter has reached a value; the test's time limit ends a wait in vain. */
static void await_count(const char *name, int64_t value)
{
    while (count(name) < value)
        assert_int_equal(get("/probe/wait?ms=5").status, 200);
}

static void test_routes_and_config(void **state)
{
    (void)state;
    assert_body(get("/probe/hello"), 200, "servus");
    assert_body(get("/probe/echo?text=a&number=4"), 200, "{\"text\":\"a\",\"number\":8}");
    assert_body(send_request("POST", "/probe/echo", NULL, "{\"text\":\"b\"}"), 200,
                "{\"text\":\"b\",\"number\":0}");
    struct testhost_reply reply = get("/probe/echo?number=4");
    assert_int_equal(reply.status, 400);
    assert_holds(reply, "\"field\":\"text\"");
}

static void test_service_between_plugins(void **state)
{
    (void)state;
    assert_body(get("/caller/twice?number=21"), 200, "{\"number\":42}");
}

static void test_jobs_tasks_and_boards(void **state)
{
    (void)state;
    assert_body(get("/probe/job"), 200, "42");
    assert_body(get("/probe/share"), 200, "data");
    await_count("gone", 1); /* the first object, on its last worker */
    int64_t before = count("tasks");
    assert_int_equal(send_request("POST", "/probe/spawn", NULL, NULL).status, 204);
    await_count("tasks", before + 1);
}

static void test_timers_come_again(void **state)
{
    (void)state;
    await_count("ticks", count("ticks") + 6);
}

static void test_misuse_is_refused_and_counted(void **state)
{
    (void)state;
    assert_body(get("/misuse"), 200, "{\"refused\":6}");
    assert_holds(get("/metrics"), "dais_plugin_misuses_total{plugin=\"misuse\"} 3\n");
}

static void test_left_out_plugins_answer_503(void **state)
{
    (void)state;
    struct testhost_reply reply = get("/failing");
    assert_int_equal(reply.status, 503);
    assert_holds(reply, "init failed: DAIS_E_INVALID");
    assert_non_null(memmem(reply.head.ptr, reply.head.len, "etry-", 5));
    assert_int_equal(testhost_control(host, "{\"verb\":\"plugin list\"}", &reply), DAIS_OK);
    assert_holds(reply, "start failed: DAIS_E_UNAVAILABLE");
}

static void test_admin_routes(void **state)
{
    (void)state;
    assert_body(get("/healthz"), 200, "ok\n");
    struct testhost_reply ready = get("/readyz");
    assert_int_equal(ready.status, 503);
    assert_holds(ready, "{\"what\":\"database\",\"reason\":\"none is configured\"}");
    assert_holds(get("/api/version"), "\"abiMajor\":1");
    assert_holds(get("/docs"), "<title>Dais API</title>");
    struct testhost_reply metrics = get("/metrics");
    assert_holds(metrics, "# TYPE dais_probe_ticks_total counter\n");
    assert_holds(metrics, "dais_plugin_started{plugin=\"probe\"} 1\n");
    assert_holds(metrics, "dais_plugin_started{plugin=\"failing_start\"} 0\n");
}

static void test_openapi(void **state)
{
    (void)state;
    struct testhost_reply reply = get("/docs/openapi.json");
    assert_int_equal(reply.status, 200);
    assert_holds(reply, "\"openapi\":\"3.1.0\"");
    assert_holds(reply, "\"/probe/echo\":{\"get\":{\"operationId\":\"probe_get_probe_echo\"");
    assert_holds(reply, "{\"name\":\"text\",\"in\":\"query\",\"required\":true,"
                        "\"description\":\"Comes back\",\"schema\":{\"type\":\"string\"");
    assert_holds(reply, "\"requestBody\":{\"required\":true");
    assert_holds(reply, "\"security\":[{\"bearer\":[]}],\"x-dais-access\":\"user\"");
}

static void test_identity_is_asked_once(void **state)
{
    (void)state;
    assert_int_equal(send_request("GET", "/probe/me", NULL, NULL).status, 401);
    assert_int_equal(send_request("GET", "/probe/me", "nodot", NULL).status, 401);
    assert_body(send_request("GET", "/probe/me", "bob.one", NULL), 200, "bob");
    int64_t asked = count("verified");
    for (int i = 0; i < 20; i++)
        assert_body(send_request("GET", "/probe/me", "bob.one", NULL), 200, "bob");
    assert_true(count("verified") <= asked + 1); /* once more at most: there are two workers */
}

static void test_revocation_forgets(void **state)
{
    (void)state;
    const char *keys[] = {"{\"text\":\"session:one\"}", "{\"text\":\"user:ann\"}"};
    for (size_t i = 0; i < 2; i++) {
        for (int j = 0; j < 20; j++)
            assert_body(send_request("GET", "/probe/me", "ann.one", NULL), 200, "ann");
        int64_t asked = count("verified"), heard = count("events");
        assert_int_equal(send_request("POST", "/probe/revoke", NULL, keys[i]).status, 204);
        await_count("events", heard + 2); /* both workers know */
        assert_body(send_request("GET", "/probe/me", "ann.one", NULL), 200, "ann");
        assert_int_equal(count("verified"), asked + 1);
    }
}

/** With one worker: an answer that was on its way when the revocation came is not kept. */
static void test_revocation_during_a_question(void **state)
{
    static const char slow[] = "GET /probe/me HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                               "Authorization: Bearer slow.one\r\n\r\n";
    char answer[1024] = "";
    size_t len = 0;
    ssize_t got = 1;
    (void)state;
    int fd = connect_raw();
    int64_t asked = count("verified");
    assert_int_equal(write(fd, slow, sizeof slow - 1), (ssize_t)sizeof slow - 1);
    await_count("verified", asked + 1);
    assert_int_equal(send_request("POST", "/probe/revoke", NULL, "{\"text\":\"user:slow\"}").status,
                     204);
    while (got > 0 && len < sizeof answer - 1) {
        got = read(fd, answer + len, sizeof answer - 1 - len);
        len += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    assert_non_null(strstr(answer, "HTTP/1.1 200"));
    assert_body(send_request("GET", "/probe/me", "slow.one", NULL), 200, "slow");
    assert_int_equal(count("verified"), asked + 2); /* it was asked again */
    assert_body(send_request("GET", "/probe/me", "slow.one", NULL), 200, "slow");
    assert_int_equal(count("verified"), asked + 2); /* and that answer is kept */
}

static void test_rate_of_a_class(void **state)
{
    struct testhost_reply reply = {0};
    (void)state;
    for (int i = 0; i < 5; i++)
        reply = send_request("POST", "/probe/spawn", NULL, NULL);
    assert_int_equal(reply.status, 429);
    assert_non_null(memmem(reply.head.ptr, reply.head.len, "etry-", 5));
    assert_int_equal(get("/probe/hello").status, 200);
}

static void test_verbs(void **state)
{
    (void)state;
    struct testhost_reply reply;
    assert_int_equal(testhost_control(host, "{\"verb\":\"verbs\"}", &reply), DAIS_OK);
    assert_holds(reply, "{\"words\":\"probe greet\",\"summary\":\"Greets somebody\","
                        "\"plugin\":\"probe\",\"fields\":[{\"name\":\"name\",\"kind\":\"string\","
                        "\"positional\":true,\"required\":true,\"secret\":false,\"env\":null,");
    assert_int_equal(testhost_control(host,
                                      "{\"verb\":\"probe greet\",\"args\":{\"name\":\"Bob\","
                                      "\"times\":\"2\"}}",
                                      &reply),
                     DAIS_OK);
    assert_body((struct testhost_reply){200, reply.head, reply.body}, 200,
                "{\"ok\":true,\"text\":\"servus Bob\\nservus Bob\\n\"}\n");
    assert_int_equal(
        testhost_control(host, "{\"verb\":\"probe greet\",\"args\":{\"name\":\"nobody\"}}", &reply),
        DAIS_OK);
    assert_holds(reply,
                 "{\"ok\":false,\"error\":\"not_found\",\"message\":\"nobody is not there\"");
    assert_int_equal(
        testhost_control(host, "{\"verb\":\"probe greet\",\"args\":{\"nam\":1}}", &reply), DAIS_OK);
    assert_holds(reply, "\"error\":\"invalid\"");
    assert_int_equal(testhost_control(host, "{\"verb\":\"nothing\"}", &reply), DAIS_OK);
    assert_holds(reply, "there is no such verb");
    assert_int_equal(testhost_control(host, "no json", &reply), DAIS_OK);
    assert_holds(reply, "the request cannot be read");
    assert_int_equal(
        testhost_control(host, "{\"verb\":\"describe\",\"args\":{\"format\":\"json\"}}", &reply),
        DAIS_OK);
    assert_holds(reply, "dais_probe_ticks_total");
}

/** After all the others: each way into the plugin was marked as its own. */
static void test_nobody_else_was_marked(void **state)
{
    (void)state;
    assert_int_equal(count("strangers"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes_and_config),
        cmocka_unit_test(test_service_between_plugins),
        cmocka_unit_test(test_jobs_tasks_and_boards),
        cmocka_unit_test(test_timers_come_again),
        cmocka_unit_test(test_misuse_is_refused_and_counted),
        cmocka_unit_test(test_left_out_plugins_answer_503),
        cmocka_unit_test(test_admin_routes),
        cmocka_unit_test(test_openapi),
        cmocka_unit_test(test_identity_is_asked_once),
        cmocka_unit_test(test_revocation_forgets),
        cmocka_unit_test(test_verbs),
        cmocka_unit_test(test_nobody_else_was_marked),
    };
    const struct CMUnitTest alone[] = {
        cmocka_unit_test(test_revocation_during_a_question),
        cmocka_unit_test(test_rate_of_a_class),
    };
    int failed = cmocka_run_group_tests(tests, start, stop);
    return failed + cmocka_run_group_tests(alone, start_alone, stop);
}
