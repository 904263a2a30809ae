/* SPDX-License-Identifier: MIT */
/* The HTTP server's bounds in time and number, its files, and how it stops. */
#include "rig.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/str.h"
#include "loop/fiber.h"
#include "loop/worker.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: test\r\n\r\n"
#define WITH(path, header) "GET " path " HTTP/1.1\r\nHost: test\r\n" header "\r\n\r\n"
#define CONNECTIONS_MAX 16 /* per worker */
#define LARGE_BYTES (16u << 20)

static struct dais_buf *large;
static _Atomic uint32_t waiting;
static int late_fd; /* idle until the server stops */
static _Atomic uint32_t stopped[WORKERS_MAX];
static _Atomic uint32_t late_calls;
static char folder[] = "/tmp/dais-files-XXXXXX";

struct note {
    uint64_t present;
    struct dais_str text;
};
static const struct dais_field note_rows[] = {
    DAIS_FIELD(struct note, text, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 65536, "text"),
    DAIS_FIELD_END,
};
static const struct dais_shape note_shape = DAIS_SHAPE("Note", struct note, note_rows);

static int32_t hello(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return http_reply(req, 200, "text/plain", dais_cstr("hello"));
}

static int32_t late(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    atomic_fetch_add(&late_calls, atomic_load(&stopped[worker_index()]));
    return http_reply(req, 200, "text/plain", dais_cstr("late"));
}

static int32_t large_get(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return http_reply_buf(req, "video/mp4", large, 0, large->len);
}

static int32_t brief(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    atomic_fetch_add(&waiting, 1);
    int32_t code = fiber_sleep(200);
    return code == DAIS_OK ? http_reply(req, 200, "text/plain", dais_cstr("brief")) : code;
}

static const struct dais_route routes[] = {
    {.method = "GET", .path = "/hello", .access = DAIS_ACCESS_PUBLIC, .handler = hello},
    {.method = "GET",
     .path = "/late",
     .access = DAIS_ACCESS_PUBLIC,
     .flags = DAIS_ROUTE_INLINE,
     .handler = late},
    {.method = "GET", .path = "/large", .access = DAIS_ACCESS_PUBLIC, .handler = large_get},
    {.method = "GET", .path = "/brief", .access = DAIS_ACCESS_PUBLIC, .handler = brief},
    {.method = "POST",
     .path = "/notes",
     .access = DAIS_ACCESS_PUBLIC,
     .body_shape = &note_shape,
     .handler = hello},
    {.method = "POST", .path = "/files/only", .access = DAIS_ACCESS_PUBLIC, .handler = hello},
    {0},
};

static const struct dais_static statics[] = {
    {"/files/", "web", "index.html", 0, 0},
    {"/app/", "web", "index.html", 60, DAIS_STATIC_FALLBACK},
    {0},
};

static void put_file(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void put_folder(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void remove_all(void)
{
    static const char *const names[] = {"web/index.html",
                                        "web/app.js",
                                        "web/app.js.gz",
                                        "web/sub/a b.txt",
                                        "web/.secret",
                                        "web/link",
                                        "secret",
                                        "web/sub",
                                        "web",
                                        ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_int_equal(remove(path), 0);
    }
}

static void make_files(void)
{
    char link[256];
    char target[256];
    assert_non_null(mkdtemp(folder));
    put_folder("web");
    put_folder("web/sub");
    put_file("web/index.html", "<h1>index</h1>");
    put_file("web/app.js", "let app = 1;");
    put_file("web/app.js.gz", "(compressed)");
    put_file("web/sub/a b.txt", "0123456789");
    put_file("web/.secret", "hidden");
    put_file("secret", "outside");
    snprintf(link, sizeof link, "%s/web/link", folder);
    snprintf(target, sizeof target, "%s/secret", folder);
    assert_int_equal(symlink(target, link), 0);
}

/* The worker that has this connection cannot read the request before the server stops there. */
static void ask_late(uint32_t worker)
{
    atomic_store(&stopped[worker], 1);
    rig_send(late_fd, GET("/late"), sizeof(GET("/late")) - 1);
}

static int start(void **state)
{
    (void)state;
    static struct rig rig = {
        .config = {.request_timeout_ms = 1000, .peer_timeout_ms = 1500, .bytes_per_s_min = 20000},
        .routes = routes,
        .statics = statics,
        .assets_dir = folder,
        .stopping = ask_late,
    };
    make_files();
    assert_int_equal(limit_set(dais_cstr("http_connections"), CONNECTIONS_MAX), DAIS_OK);
    large = buf_new(LARGE_BYTES);
    memset(large->data, 'x', LARGE_BYTES);
    rig_start(&rig);
    return 0;
}

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

static void test_files(void **state)
{
    (void)state;
    expect(GET("/files/"), 200, "<h1>index</h1>");
    expect(GET("/files/index.html"), 200, "content-type: text/html; charset=utf-8");
    expect(GET("/files/app.js"), 200, "let app = 1;");
    expect(GET("/files/app.js"), 200, "cache-control: no-cache");
    expect(GET("/app/app.js"), 200, "cache-control: public, max-age=60");
    expect(WITH("/files/app.js", "Accept-Encoding: br, gzip"), 200, "content-encoding: gzip");
    expect(WITH("/files/app.js", "Accept-Encoding: gzip;q=0"), 200, "let app = 1;");
    expect(GET("/files/sub/a%20b.txt"), 200, "0123456789");
    expect(WITH("/files/sub/a%20b.txt", "Range: bytes=2-4"), 206, "\r\n\r\n234");
    expect(GET("/files/nothing"), 404, NULL);
    expect(GET("/app/any/page"), 200, "<h1>index</h1>");
    expect("POST /files/app.js HTTP/1.1\r\nHost: t\r\n\r\n", 405, "allow: GET, HEAD, OPTIONS");
    expect("OPTIONS /files/app.js HTTP/1.1\r\nHost: t\r\n\r\n", 204, NULL);
    expect(GET("/files/only"), 405, "allow: POST, OPTIONS");
}

static void test_files_stay_inside(void **state)
{
    (void)state;
    expect(GET("/files/../secret"), 400, NULL);
    expect(GET("/files/%2e%2e/secret"), 400, NULL);
    expect(GET("/files/..%2fsecret"), 400, NULL);
    expect(GET("/files//etc/passwd"), 404, NULL);
    expect(GET("/files/.secret"), 404, NULL);
    expect(GET("/files/link"), 404, NULL);
    expect(GET("/files/sub"), 404, NULL);
    expect(GET("/files/app.js.gz"), 404, NULL);
}

/* A problem document is not compressed, and not kept as long as the file. */
static void test_problems_are_themselves(void **state)
{
    (void)state;
    static const char *const of_the_file[] = {"content-encoding", "etag", "cache-control",
                                              "accept-ranges"};
    int fd = rig_connect();
    struct rig_answer answer = rig_ask(
        fd, WITH("/app/app.js", "Accept-Encoding: gzip\r\nRange: bytes=99-"));
    assert_int_equal(answer.status, 416);
    for (size_t i = 0; i < sizeof of_the_file / sizeof of_the_file[0]; i++) {
        char *value = rig_header(&answer, of_the_file[i]);
        assert_null(value);
        free(value);
    }
    rig_answer_free(&answer);
    close(fd);
}

static void test_file_is_not_sent_twice(void **state)
{
    (void)state;
    char request[256];
    int fd = rig_connect();
    struct rig_answer answer = rig_ask(fd, GET("/files/app.js"));
    char *etag = rig_header(&answer, "etag");
    assert_non_null(etag);
    rig_answer_free(&answer);
    snprintf(request, sizeof request, WITH("/files/app.js", "If-None-Match: %s"), etag);
    answer = rig_ask(fd, request);
    assert_int_equal(answer.status, 304);
    assert_int_equal(answer.body_len, 0);
    rig_answer_free(&answer);
    free(etag);
    close(fd);
}

/* Sends a body of `total` bytes, `step` every 100 ms; the status, 0 when cut off. */
static int upload(size_t total, size_t step)
{
    static const char head[] =
        "POST /notes HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\n\r\n{\"text\":\"";
    static const char tail[] = "\"}";
    char *filler = malloc(total);
    char text[256];
    int fd = rig_connect();
    int len = snprintf(text, sizeof text, head, total + 9 + 2);
    assert_non_null(filler);
    memset(filler, 'y', total);
    rig_send(fd, text, (size_t)len);
    for (size_t sent = 0; sent < total; sent += step) {
        rig_send(fd, filler, sent + step < total ? step : total - sent);
        struct pollfd poller = {fd, POLLIN, 0};
        if (poll(&poller, 1, 100) > 0)
            break;
    }
    rig_send(fd, tail, 2);
    struct rig_answer answer = rig_read_answer(fd, 0);
    int status = answer.status;
    rig_answer_free(&answer);
    free(filler);
    close(fd);
    return status;
}

/* Twice the time that a request has: the one that keeps its rate passes. */
static void test_slow_uploads(void **state)
{
    (void)state;
    assert_int_equal(upload(60000, 3000), 200);
    assert_int_equal(upload(60000, 500), 0);
}

static void test_trickled_head(void **state)
{
    (void)state;
    int fd = rig_connect();
    uint64_t began_ms = clock_ms();
    rig_send(fd, "GET /hello HTTP/1.1\r\nX-Slow: ", 29);
    while (!rig_closed_within(fd, 100) && clock_ms() - began_ms < 8000)
        rig_send(fd, "aaaaaaaaaaaaaaaa", 16);
    assert_in_range(clock_ms() - began_ms, 900, 4000);
    close(fd);
}

/* Between two looks at something that has a deadline of its own. */
static void pause_ms(int ms)
{
    assert_int_equal(poll(NULL, 0, ms), 0);
}

static uint64_t connections_open(void)
{
    struct strbuf text STRBUF_AUTO;
    strbuf_init(&text, 1u << 20);
    metrics_render(&text);
    const char *line = strstr(strbuf_cstr(&text), "\ndais_http_connections ");
    assert_non_null(line);
    return strtoul(line + 23, NULL, 10);
}

/* A peer that stops reading is given up after its time, and its answer's memory with it. */
static void test_stalled_reader(void **state)
{
    (void)state;
    int fd = rig_connect();
    rig_send(fd, GET("/large"), sizeof(GET("/large")) - 1);
    struct pollfd poller = {fd, POLLIN, 0};
    assert_int_equal(poll(&poller, 1, 3000), 1);
    assert_true(connections_open() >= 1);
    uint64_t began_ms = clock_ms();
    while (connections_open() > 0 && clock_ms() - began_ms < 15000)
        pause_ms(10);
    assert_int_equal(connections_open(), 0);
    close(fd);
}

/* The kernel gives up a peer that acknowledges nothing; server and test are one process. */
static void test_peer_timeout_is_set(void **state)
{
    (void)state;
    struct sockaddr_in mine, peer;
    socklen_t len = sizeof mine;
    int found = 0;
    int fd = rig_connect();
    struct rig_answer answer = rig_ask(fd, GET("/hello"));
    rig_answer_free(&answer);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&mine, &len), 0);
    for (int other = 3; other < 1024; other++) {
        int timeout_ms = 0;
        socklen_t bytes = sizeof timeout_ms;
        len = sizeof peer;
        if (getpeername(other, (struct sockaddr *)&peer, &len) != 0 || len != sizeof peer ||
            peer.sin_port != mine.sin_port)
            continue;
        assert_int_equal(getsockopt(other, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, &bytes), 0);
        assert_int_equal(timeout_ms, 1500);
        found++;
    }
    assert_int_equal(found, 1);
    close(fd);
}

/* A peer that keeps reading, but too slowly, is cut off by the rate it must keep. */
static void test_trickling_reader(void **state)
{
    (void)state;
    char scrap[512];
    int fd = rig_connect();
    rig_send(fd, GET("/large"), sizeof(GET("/large")) - 1);
    uint64_t began_ms = clock_ms();
    while (clock_ms() - began_ms < 15000 && recv(fd, scrap, 100, 0) > 0 && connections_open() > 0)
        pause_ms(50); /* 2,000 bytes a second of the 20,000 that are owed */
    assert_int_equal(connections_open(), 0);
    assert_in_range(clock_ms() - began_ms, 900, 6000);
    close(fd);
}

/* Asks for the large answer and reads it slowly; how much of it came. */
static size_t read_slowly(int fd)
{
    static char scrap[100000];
    size_t came = 0;
    rig_send(fd, GET("/large"), sizeof(GET("/large")) - 1);
    while (came < LARGE_BYTES) {
        ssize_t got = recv(fd, scrap, sizeof scrap, 0);
        if (got <= 0)
            break;
        came += (size_t)got;
        pause_ms(10);
    }
    return came;
}

/* What an answer leaves queued is not held against the next one of the connection. */
static void test_answers_are_judged_one_by_one(void **state)
{
    (void)state;
    int fd = rig_connect();
    assert_true(read_slowly(fd) >= LARGE_BYTES);
    assert_true(read_slowly(fd) >= LARGE_BYTES);
    close(fd);
}

/* More connections than fit wait in the backlog, and come in when others go. */
static void test_connections_are_capped(void **state)
{
    (void)state;
    enum { COUNT = 4 * CONNECTIONS_MAX };
    struct pollfd polls[COUNT];
    for (int i = 0; i < COUNT; i++) {
        polls[i] = (struct pollfd){rig_connect(), POLLIN, 0};
        rig_send(polls[i].fd, GET("/hello"), sizeof(GET("/hello")) - 1);
    }
    for (int left = COUNT; left > 0; left--) {
        int open = 0;
        assert_true(poll(polls, COUNT, 3000) > 0);
        assert_true(connections_open() <= 2 * CONNECTIONS_MAX);
        while (!(polls[open].revents & POLLIN))
            open++;
        struct rig_answer answer = rig_read_answer(polls[open].fd, 0);
        assert_int_equal(answer.status, 200);
        rig_answer_free(&answer);
        close(polls[open].fd);
        polls[open].fd = -1;
    }
}

/* Last: what is under way when the server stops is answered. */
static int stop(void **state)
{
    (void)state;
    int fd = rig_connect();
    int idle = rig_connect();
    late_fd = rig_connect();
    struct rig_answer late_answer = rig_ask(late_fd, GET("/late"));
    assert_int_equal(late_answer.status, 200);
    rig_answer_free(&late_answer);
    uint32_t before = atomic_load(&waiting);
    rig_send(fd, GET("/brief"), sizeof(GET("/brief")) - 1);
    while (atomic_load(&waiting) == before)
        pause_ms(10);
    rig_stop();
    struct rig_answer answer = rig_read_answer(fd, 0);
    assert_int_equal(answer.status, 200);
    assert_true(rig_closed_within(fd, 1000));
    assert_true(rig_closed_within(idle, 1000));
    assert_true(rig_closed_within(late_fd, 1000));
    assert_int_equal(atomic_load(&late_calls), 0);
    rig_answer_free(&answer);
    close(fd);
    close(idle);
    close(late_fd);
    buf_unref(large);
    limits_reset();
    remove_all();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_files_stay_inside),
        cmocka_unit_test(test_problems_are_themselves),
        cmocka_unit_test(test_file_is_not_sent_twice),
        cmocka_unit_test(test_slow_uploads),
        cmocka_unit_test(test_trickled_head),
        cmocka_unit_test(test_stalled_reader),
        cmocka_unit_test(test_peer_timeout_is_set),
        cmocka_unit_test(test_trickling_reader),
        cmocka_unit_test(test_answers_are_judged_one_by_one),
        cmocka_unit_test(test_connections_are_capped),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
