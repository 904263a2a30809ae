/* SPDX-License-Identifier: MIT */
#include "rig.h"

#include "base/metrics.h"
#include "base/random.h"
#include "base/str.h"
#include "loop/worker.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#define WORKERS 2u
#define READ_TIMEOUT_S 20
#define STOP_GRACE_MS 3000u

struct http_owner rig_owner = {.id = "rig", .plugin = 1};
static struct http_server *server;
static struct tls *tls;
static int32_t (*starting)(uint32_t worker);
static void (*draining)(uint32_t worker);
static void (*stopping)(uint32_t worker);

static int open_socket(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 128), 0);
    return fd;
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    return ntohs(address.sin_port);
}

int32_t rig_open_sockets(const char *name, struct dais_str address, uint32_t count, int *ret_fds)
{
    assert_non_null(name);
    assert_true(address.len > 0);
    uint16_t port = 0;
    for (uint32_t i = 0; i < count; i++) {
        ret_fds[i] = open_socket(port);
        port = bound_port(ret_fds[i]);
    }
    return DAIS_OK;
}

static int32_t on_start(void *context, uint32_t worker)
{
    (void)context;
    metrics_thread_row(worker);
    int32_t code = starting ? starting(worker) : DAIS_OK;
    return code == DAIS_OK ? http_worker_start(server) : code;
}

static void on_drain(void *context, uint32_t worker)
{
    (void)context;
    if (draining)
        draining(worker);
    http_worker_drain(server);
}

static void on_stop(void *context, uint32_t worker)
{
    (void)context;
    if (stopping)
        stopping(worker);
    http_worker_stop(server);
}

struct http_table *rig_table(const struct dais_route *routes, const struct dais_static *statics)
{
    struct http_table *table = NULL;
    assert_int_equal(http_table_new(server, &table), DAIS_OK);
    if (http_table_routes(table, &rig_owner, routes) != DAIS_OK)
        fail_msg("%s", http_problem());
    if (statics && http_table_statics(table, &rig_owner, statics) != DAIS_OK)
        fail_msg("%s", http_problem());
    return table;
}

static void add_endpoints(struct http_table *table, const struct http_endpoint *const *endpoints)
{
    for (; endpoints && *endpoints; endpoints++)
        if (http_table_endpoint(table, &rig_owner, *endpoints) != DAIS_OK)
            fail_msg("%s", http_problem());
}

struct http_server *rig_server(void)
{
    return server;
}

struct tls *rig_tls(void)
{
    return tls;
}

void rig_start(struct rig *rig)
{
    static const struct dais_str addresses[] = {DAIS_STR_INIT("127.0.0.1:0"),
                                                DAIS_STR_INIT("127.0.0.1:0")};
    static const struct worker_events events = {on_start, on_drain, on_stop, NULL};
    char message[TLS_MESSAGE_BYTES] = "";
    uint32_t workers = rig->workers ? rig->workers : WORKERS;
    random_init();
    assert_int_equal(metrics_init(workers), DAIS_OK);
    rig->config.addresses = addresses;
    if (rig->pairs && tls_new(rig->pairs, rig->pair_count, message, &tls) != DAIS_OK)
        fail_msg("%s", message);
    rig->config.tls = tls;
    rig->config.tls_address_count = tls ? 1 : 0;
    rig->config.address_count = 1 + rig->config.tls_address_count;
    rig->config.workers = workers;
    rig->hooks.open_sockets = rig_open_sockets;
    rig_owner.assets_dir = rig->assets_dir;
    starting = rig->starting;
    draining = rig->draining;
    stopping = rig->stopping;
    assert_int_equal(http_new(&rig->config, &rig->hooks, &server), DAIS_OK);
    struct http_table *table = rig_table(rig->routes, rig->statics);
    add_endpoints(table, rig->endpoints);
    http_table_use(server, table);
    assert_int_equal(http_open(server), DAIS_OK);
    if (rig->prepare)
        rig->prepare();
    assert_int_equal(workers_start(workers, &events), DAIS_OK);
}

void rig_stop(void)
{
    assert_int_equal(workers_stop(STOP_GRACE_MS), DAIS_OK);
    http_free(server);
    server = NULL;
    tls_free(tls);
    tls = NULL;
    metrics_fini();
}

int rig_connect_to(uint32_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = READ_TIMEOUT_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

int rig_connect(void)
{
    return rig_connect_to(http_port(server, 0));
}

void rig_send(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the server refused to read on; its answer tells why */
        bytes += sent;
        len -= (size_t)sent;
    }
}

static const char *find_header(const struct rig_answer *answer, const char *name)
{
    size_t len = strlen(name);
    const char *line = strstr(answer->text, "\r\n");
    for (; line && line < answer->body; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, len) == 0 && line[2 + len] == ':')
            return line + 2 + len + 2;
    return NULL;
}

char *rig_header(const struct rig_answer *answer, const char *name)
{
    const char *value = find_header(answer, name);
    return value ? strndup(value, (size_t)(strstr(value, "\r\n") - value)) : NULL;
}

/* How long the whole answer is, once its head is there; 0 before. */
static size_t whole_len(struct rig_answer *answer, int head)
{
    const char *end = strstr(answer->text, "\r\n\r\n");
    if (!end)
        return 0;
    answer->body = end + 4;
    answer->status = (int)strtol(answer->text + 9, NULL, 10);
    const char *length = find_header(answer, "content-length");
    size_t body = length && !head ? strtoul(length, NULL, 10) : 0;
    return (size_t)(answer->body - answer->text) + body;
}

struct rig_answer rig_read_answer(int fd, int head)
{
    struct rig_answer answer = {.text = calloc(1, RIG_ANSWER_BYTES_MAX + 1)};
    assert_non_null(answer.text);
    answer.body = answer.text;
    for (size_t want = 0; want == 0 || answer.len < want;) {
        size_t room = RIG_ANSWER_BYTES_MAX - answer.len;
        if (want > 0 && want - answer.len < room)
            room = want - answer.len;
        ssize_t got = recv(fd, answer.text + answer.len, want > 0 ? room : 1, 0);
        if (got <= 0)
            break;
        answer.len += (size_t)got;
        if (want == 0)
            want = whole_len(&answer, head);
    }
    answer.body_len = answer.len - (size_t)(answer.body - answer.text);
    return answer;
}

struct rig_answer rig_ask(int fd, const char *request)
{
    rig_send(fd, request, strlen(request));
    return rig_read_answer(fd, strncmp(request, "HEAD ", 5) == 0);
}

void rig_answer_free(struct rig_answer *answer)
{
    free(answer->text);
    answer->text = NULL;
}

int rig_status(const char *request)
{
    int fd = rig_connect();
    struct rig_answer answer = rig_ask(fd, request);
    int status = answer.status;
    rig_answer_free(&answer);
    close(fd);
    return status;
}

int rig_closed_within(int fd, int ms)
{
    char scrap[4096];
    struct pollfd poller = {fd, POLLIN, 0};
    while (poll(&poller, 1, ms) > 0)
        if (recv(fd, scrap, sizeof scrap, 0) <= 0)
            return 1;
    return 0;
}
