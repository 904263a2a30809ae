/* SPDX-License-Identifier: MIT */
/* Requests that wait without a fiber: answered later, left by their clients, ended by the stop. */
#include "rig.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "loop/fiber.h"
#include "loop/mail.h"
#include "loop/worker.h"
#include "net/http_detach.h"
#include "net/http_inner.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: test\r\n\r\n"
#define POLLS_MAX 1024u
#define MANY 1000u

/** Requests that wait on a worker, in a table of its own. */
struct waiting {
    struct dais_req *reqs[POLLS_MAX];
    uint32_t count;
};

static struct waiting waiting[2];
static _Atomic uint32_t gone, seen_left, answered_on;

static void on_gone(struct dais_req *req, void *context)
{
    struct waiting *mine = context;
    CHECK(mine == &waiting[worker_index()]);
    for (uint32_t i = 0; i < mine->count; i++)
        if (mine->reqs[i] == req)
            mine->reqs[i] = mine->reqs[--mine->count];
    atomic_fetch_add(&gone, 1);
}

static void wait_for_answer(struct dais_req *req)
{
    struct waiting *mine = &waiting[worker_index()];
    CHECK(http_detach(req, on_gone, mine) == DAIS_OK);
    CHECK(mine->count < POLLS_MAX);
    mine->reqs[mine->count++] = req;
}

static void serve_wait(struct dais_req *req, void *context)
{
    (void)context;
    wait_for_answer(req);
}

/* Takes the others of its worker with it. */
static void on_gone_with_all(struct dais_req *req, void *context)
{
    struct waiting *mine = context;
    on_gone(req, context);
    while (mine->count > 0) {
        struct dais_req *other = mine->reqs[--mine->count];
        CHECK(http_reply(other, 200, "text/plain", dais_cstr("alone")) == DAIS_OK);
        http_finish(other);
    }
}

static void serve_first(struct dais_req *req, void *context)
{
    struct waiting *mine = &waiting[worker_index()];
    (void)context;
    CHECK(http_detach(req, on_gone_with_all, mine) == DAIS_OK);
}

static void answer_all(struct mail *mail)
{
    struct waiting *mine = &waiting[worker_index()];
    mem_free(mail);
    atomic_fetch_add(&answered_on, 1);
    for (uint32_t i = 0; i < mine->count; i++) {
        if (http_detached_left(mine->reqs[i]))
            atomic_fetch_add(&seen_left, 1);
        CHECK(http_reply(mine->reqs[i], 200, "text/plain", dais_cstr("later")) == DAIS_OK);
        http_finish(mine->reqs[i]);
    }
    mine->count = 0;
}

/* On whichever worker: answers those of both. */
static void serve_answer(struct dais_req *req, void *context)
{
    (void)context;
    for (uint32_t i = 0; i < 2; i++) {
        struct mail *mail = mem_zalloc(1, sizeof *mail);
        CHECK(mail);
        mail->deliver = answer_all;
        CHECK(mail_send(i, mail) == DAIS_OK);
    }
    CHECK(http_reply(req, 204, NULL, dais_cstr("")) == DAIS_OK);
}

/* Finished before it returns, after one that may not be detached any more. */
static void serve_now(struct dais_req *req, void *context)
{
    (void)context;
    CHECK(http_detach(req, on_gone, &waiting[worker_index()]) == DAIS_OK);
    CHECK(http_detach(req, on_gone, &waiting[worker_index()]) == DAIS_E_STATE);
    CHECK(http_reply(req, 200, "text/plain", dais_cstr("now")) == DAIS_OK);
    http_finish(req);
}

static void serve_late(struct dais_req *req, void *context)
{
    (void)context;
    CHECK(http_reply(req, 200, "text/plain", dais_cstr("first")) == DAIS_OK);
    CHECK(http_detach(req, on_gone, &waiting[worker_index()]) == DAIS_E_STATE);
}

/* Nobody answers: finished without a word. */
static void serve_nothing(struct dais_req *req, void *context)
{
    (void)context;
    CHECK(http_detach(req, on_gone, &waiting[worker_index()]) == DAIS_OK);
    http_finish(req);
}

static int32_t on_fiber(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    CHECK(fiber_self() && fiber_sleep(1) == DAIS_OK);
    wait_for_answer(req);
    return DAIS_OK;
}

static int32_t inline_route(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    wait_for_answer(req);
    return DAIS_OK;
}

/* An error is an answer: the request does not wait. */
static int32_t failing(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    CHECK(http_detach(req, on_gone, &waiting[worker_index()]) == DAIS_OK);
    return DAIS_E_CONFLICT;
}

/* Finished while the handler goes on. */
static int32_t hasty(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    CHECK(http_detach(req, on_gone, &waiting[worker_index()]) == DAIS_OK);
    CHECK(http_reply(req, 200, "text/plain", dais_cstr("hasty")) == DAIS_OK);
    http_finish(req);
    return fiber_sleep(20);
}

static const struct dais_route routes[] = {
    {.method = "GET", .path = "/fiber", .access = DAIS_ACCESS_PUBLIC, .handler = on_fiber},
    {.method = "GET", .path = "/failing", .access = DAIS_ACCESS_PUBLIC, .handler = failing},
    {.method = "GET", .path = "/hasty", .access = DAIS_ACCESS_PUBLIC, .handler = hasty},
    {.method = "GET",
     .path = "/inline",
     .access = DAIS_ACCESS_PUBLIC,
     .flags = DAIS_ROUTE_INLINE,
     .handler = inline_route},
    {.method = NULL},
};

#define ENDPOINT(path_, serve_)                                                                    \
    &(const struct http_endpoint)                                                                  \
    {                                                                                              \
        .path = path_, .serve = serve_                                                             \
    }

static const struct http_endpoint *const endpoints[] = {
    ENDPOINT("/wait", serve_wait),
    ENDPOINT("/first", serve_first),
    ENDPOINT("/answer", serve_answer),
    ENDPOINT("/now", serve_now),
    ENDPOINT("/late", serve_late),
    ENDPOINT("/nothing", serve_nothing),
    NULL,
};

static struct rig rig = {.routes = routes, .endpoints = endpoints};

static int start(void **state)
{
    struct rlimit files;
    (void)state;
    atomic_store(&gone, 0);
    atomic_store(&seen_left, 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    rig_start(&rig);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    rig_stop();
    return 0;
}

static int64_t metric(enum http_metric number)
{
    return metrics_read(rig_server()->metrics + number);
}

static void await_metric(enum http_metric number, int64_t value)
{
    for (int i = 0; i < 500 && metric(number) != value; i++)
        (void)poll(NULL, 0, 10);
    assert_int_equal(metric(number), value);
}

static int ask_and_wait(const char *path, int64_t waiting_then)
{
    char text[128];
    int fd = rig_connect();
    (void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", path);
    rig_send(fd, text, strlen(text));
    await_metric(HTTP_METRIC_DETACHED, waiting_then);
    return fd;
}

static void expect_answer(int fd, int status, const char *body)
{
    struct rig_answer answer = rig_read_answer(fd, 0);
    assert_int_equal(answer.status, status);
    if (body)
        assert_string_equal(answer.body, body);
    rig_answer_free(&answer);
}

static void test_the_answer_comes_later(void **state)
{
    static const char *const paths[] = {"/wait", "/wait", "/wait", "/wait", "/fiber", "/inline"};
    int fds[6];
    (void)state;
    int64_t answers = metric(HTTP_METRIC_2XX);
    for (int i = 0; i < 6; i++)
        fds[i] = ask_and_wait(paths[i], i + 1);
    assert_int_equal(metric(HTTP_METRIC_HELD), 0);
    assert_int_equal(rig_status(GET("/answer")), 204);
    for (int i = 0; i < 6; i++) {
        expect_answer(fds[i], 200, "later");
        close(fds[i]);
    }
    assert_int_equal(metric(HTTP_METRIC_DETACHED), 0);
    assert_int_equal(metric(HTTP_METRIC_2XX), answers + 7);
    assert_int_equal(atomic_load(&gone), 0);
}

static void expect_now(const char *request, int status, const char *body)
{
    int fd = rig_connect();
    rig_send(fd, request, strlen(request));
    expect_answer(fd, status, body);
    rig_send(fd, request, strlen(request)); /* the connection goes on */
    expect_answer(fd, status, body);
    close(fd);
}

static void test_finished_before_the_handler_returned(void **state)
{
    (void)state;
    expect_now(GET("/now"), 200, "now");
    expect_now(GET("/hasty"), 200, "hasty");
    expect_now(GET("/late"), 200, "first");
    assert_int_equal(metric(HTTP_METRIC_DETACHED), 0);
}

static void test_an_error_is_answered_at_once(void **state)
{
    (void)state;
    expect_now(GET("/failing"), 409, NULL);
    expect_now(GET("/nothing"), 500, NULL);
    assert_int_equal(metric(HTTP_METRIC_DETACHED), 0);
    assert_int_equal(atomic_load(&gone), 0);
}

/* What comes behind a request that waits stays where it is, and is served afterwards. */
static void test_nothing_is_read_meanwhile(void **state)
{
    int fd = rig_connect();
    struct pollfd polled = {fd, POLLIN, 0};
    (void)state;
    rig_send(fd, GET("/wait") GET("/now"), strlen(GET("/wait") GET("/now")));
    await_metric(HTTP_METRIC_DETACHED, 1);
    assert_int_equal(poll(&polled, 1, 50), 0);
    assert_int_equal(rig_status(GET("/answer")), 204);
    expect_answer(fd, 200, "later");
    expect_answer(fd, 200, "now");
    close(fd);
}

static void test_clients_that_leave_are_noticed(void **state)
{
    static int fds[MANY];
    (void)state;
    atomic_store(&gone, 0);
    int64_t left = metric(HTTP_METRIC_GONE);
    for (uint32_t i = 0; i < MANY; i++) {
        fds[i] = rig_connect();
        rig_send(fds[i], GET("/wait"), strlen(GET("/wait")));
    }
    await_metric(HTTP_METRIC_DETACHED, MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        struct linger now = {.l_onoff = 1, .l_linger = 0};
        if (i % 2) /* a reset, or an end in order */
            assert_int_equal(setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
        close(fds[i]);
    }
    await_metric(HTTP_METRIC_CONNECTIONS, 0);
    assert_int_equal(atomic_load(&gone), MANY);
    assert_int_equal(metric(HTTP_METRIC_DETACHED), 0);
    assert_int_equal(metric(HTTP_METRIC_GONE), left + MANY);
}

static void test_leaving_is_seen_when_asked(void **state)
{
    (void)state;
    atomic_store(&seen_left, 0);
    atomic_store(&gone, 0);
    int stays = ask_and_wait("/wait", 1);
    close(ask_and_wait("/wait", 2));
    assert_int_equal(rig_status(GET("/answer")), 204);
    expect_answer(stays, 200, "later");
    await_metric(HTTP_METRIC_DETACHED, 0);
    assert_int_equal(atomic_load(&seen_left) + atomic_load(&gone), 1);
    close(stays);
}

/* The order in which they wait and those that are finished meanwhile do not matter. */
static void test_one_that_left_may_end_others(void **state)
{
    int fds[40];
    (void)state;
    await_metric(HTTP_METRIC_CONNECTIONS, 0);
    for (int i = 0; i < 40; i++)
        fds[i] = ask_and_wait(i % 10 == 5 ? "/first" : "/wait", i + 1);
    for (int i = 5; i < 40; i += 10)
        close(fds[i]);
    await_metric(HTTP_METRIC_CONNECTIONS, 36);
    (void)rig_status(GET("/answer")); /* where all that left were on one worker */
    for (int i = 0; i < 40; i++) {
        if (i % 10 == 5)
            continue;
        expect_answer(fds[i], 200, NULL);
        close(fds[i]);
    }
    await_metric(HTTP_METRIC_CONNECTIONS, 0);
}

static void test_the_stop_ends_them(void **state)
{
    int fds[20];
    start(state);
    for (int i = 0; i < 20; i++)
        fds[i] = ask_and_wait(i % 2 ? "/wait" : "/fiber", i + 1);
    stop(state);
    assert_int_equal(atomic_load(&gone), 20);
    for (int i = 0; i < 20; i++) {
        struct rig_answer answer = rig_read_answer(fds[i], 0);
        char *connection = rig_header(&answer, "connection");
        assert_int_equal(answer.status, 503);
        assert_non_null(connection);
        assert_string_equal(connection, "close");
        free(connection);
        rig_answer_free(&answer);
        assert_true(rig_closed_within(fds[i], 1000));
        close(fds[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_answer_comes_later),
        cmocka_unit_test(test_finished_before_the_handler_returned),
        cmocka_unit_test(test_an_error_is_answered_at_once),
        cmocka_unit_test(test_nothing_is_read_meanwhile),
        cmocka_unit_test(test_clients_that_leave_are_noticed),
        cmocka_unit_test(test_leaving_is_seen_when_asked),
        cmocka_unit_test(test_one_that_left_may_end_others),
    };
    const struct CMUnitTest stops[] = {cmocka_unit_test(test_the_stop_ends_them)};
    int failed = cmocka_run_group_tests(tests, start, stop);
    return failed + cmocka_run_group_tests(stops, NULL, NULL);
}
