/* SPDX-License-Identifier: MIT */
#include "data/conn.h"

#include "base/check.h"
#include "base/log.h"
#include "base/random.h"
#include "data/metrics.h"
#include "data/resolve.h"
#include "loop/poll.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DELAY_FIRST_MS 5u
#define DELAY_MAX_MS 200u
#define CONNECT_TIMEOUT_MS 5000u

static void on_events(void *arg, uint32_t events);
static void on_timer(struct timer *timer);

void conn_init(struct conn *conn, const struct conn_options *options,
               const struct conn_events *events)
{
    *conn = (struct conn){.options = options, .events = events, .delay_ms = DELAY_FIRST_MS};
    timer_init(&conn->timer, on_timer);
}

/* What follows the first line of libpq's words are hints and details. */
static struct dais_str first_line(const char *message)
{
    return dais_str(message, strcspn(message, "\n"));
}

static void ignore_notice(void *arg, const char *message)
{
    /* Notices carry values and nobody reads them. */
}

static PGconn *start(const struct conn_options *options, const struct addresses *addresses)
{
    char settings[256];
    snprintf(settings, sizeof settings,
             "-c search_path= -c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres "
             "-c bytea_output=hex -c client_min_messages=error -c statement_timeout=%u "
             "-c idle_in_transaction_session_timeout=60000",
             options->statement_timeout_ms);
    const char *const names[] = {"dbname",
                                 "application_name",
                                 "client_encoding",
                                 "options",
                                 "keepalives_idle",
                                 "keepalives_interval",
                                 "keepalives_count",
                                 "tcp_user_timeout",
                                 addresses ? "host" : NULL,
                                 "hostaddr",
                                 "port",
                                 NULL};
    const char *const values[] = {options->conninfo,
                                  options->application_name,
                                  "UTF8",
                                  settings,
                                  "15",
                                  "5",
                                  "3",
                                  "20000",
                                  addresses ? addresses->hosts : NULL,
                                  addresses ? addresses->numbers : NULL,
                                  addresses ? addresses->ports : NULL,
                                  NULL};
    return PQconnectStartParams(names, values, 1);
}

static void unwatch(struct conn *conn)
{
    if (!conn->poll)
        return;
    poll_close(conn->poll);
    conn->poll = NULL;
    close(conn->watched_fd);
}

static void take_down(struct conn *conn)
{
    timer_stop(&conn->timer);
    unwatch(conn);
    PQfinish(conn->pg);
    conn->pg = NULL;
}

static void retry_later(struct conn *conn)
{
    uint32_t quarter = conn->delay_ms / 4 + 1;
    conn->state = CONN_WAITING;
    timer_start(&conn->timer, conn->delay_ms - quarter + random_below(2 * quarter));
    conn->delay_ms = conn->delay_ms * 2 > DELAY_MAX_MS ? DELAY_MAX_MS : conn->delay_ms * 2;
}

static void attempt_failed(struct conn *conn)
{
    if (!conn->told)
        LOG_WARN("database connection refused",
                 log_text("connection", conn->options->application_name),
                 log_str("reason", first_line(PQerrorMessage(conn->pg))));
    conn->told = true;
    take_down(conn);
    retry_later(conn);
}

static void watch(struct conn *conn, uint32_t events)
{
    CHECK(conn->poll == NULL);
    int fd = fcntl(PQsocket(conn->pg), F_DUPFD_CLOEXEC, 0);
    if (fd < 0 || poll_open(fd, on_events, conn, &conn->poll) != DAIS_OK) {
        if (fd >= 0)
            close(fd);
        attempt_failed(conn);
        return;
    }
    conn->watched_fd = fd;
    poll_set(conn->poll, events);
}

static void became_ready(struct conn *conn)
{
    timer_stop(&conn->timer);
    if (PQsetnonblocking(conn->pg, 1) != 0 || PQenterPipelineMode(conn->pg) != 1) {
        attempt_failed(conn);
        return;
    }
    PQsetNoticeProcessor(conn->pg, ignore_notice, NULL);
    watch(conn, POLL_READABLE);
    if (!conn->poll)
        return;
    if (conn->told)
        LOG_INFO("database connection restored",
                 log_text("connection", conn->options->application_name));
    conn->told = false;
    conn->delay_ms = DELAY_FIRST_MS;
    conn->state = CONN_READY;
    data_metric_add(DATA_METRIC_CONNECTIONS, 1);
    conn->events->ready(conn);
}

static void go_on_connecting(struct conn *conn)
{
    unwatch(conn);
    switch (PQconnectPoll(conn->pg)) {
    case PGRES_POLLING_OK:
        became_ready(conn);
        break;
    case PGRES_POLLING_READING:
        watch(conn, POLL_READABLE);
        break;
    case PGRES_POLLING_WRITING:
        watch(conn, POLL_WRITABLE);
        break;
    default:
        attempt_failed(conn);
        break;
    }
}

static void begin(struct conn *conn)
{
    CHECK(conn->pg == NULL && conn->poll == NULL);
    const struct addresses *addresses;
    if (resolver_get(conn->options->resolver, &addresses) != DAIS_OK) {
        retry_later(conn);
        return;
    }
    conn->pg = start(conn->options, addresses);
    conn->state = CONN_CONNECTING;
    if (!conn->pg) {
        retry_later(conn);
        return;
    }
    if (PQstatus(conn->pg) == CONNECTION_BAD) {
        attempt_failed(conn);
        return;
    }
    timer_start(&conn->timer, CONNECT_TIMEOUT_MS);
    watch(conn, POLL_WRITABLE);
}

void conn_open(struct conn *conn)
{
    if (conn->state == CONN_CLOSED)
        begin(conn);
}

void conn_close(struct conn *conn)
{
    if (conn->state == CONN_READY)
        data_metric_add(DATA_METRIC_CONNECTIONS, -1);
    take_down(conn);
    conn->state = CONN_CLOSED;
}

void conn_lose(struct conn *conn)
{
    CHECK(conn->state == CONN_READY);
    LOG_WARN("database connection lost", log_text("connection", conn->options->application_name),
             log_str("reason", first_line(PQerrorMessage(conn->pg))));
    conn->told = true;
    data_metric_add(DATA_METRIC_CONNECTIONS, -1);
    data_metric_add(DATA_METRIC_LOSSES, 1);
    take_down(conn);
    retry_later(conn);
    conn->events->lost(conn);
}

void conn_flush(struct conn *conn)
{
    int left = PQflush(conn->pg);
    if (left < 0)
        conn_lose(conn);
    else
        poll_set(conn->poll, POLL_READABLE | (left > 0 ? POLL_WRITABLE : 0));
}

static void on_events(void *arg, uint32_t events)
{
    struct conn *conn = arg;
    if (conn->state == CONN_CONNECTING) {
        go_on_connecting(conn);
        return;
    }
    /* Also on an error: only reading tells libpq that the connection is gone. */
    if (PQconsumeInput(conn->pg) != 1) {
        conn_lose(conn);
        return;
    }
    conn->events->readable(conn);
    if (conn->state == CONN_READY && (events & POLL_WRITABLE))
        conn_flush(conn);
}

static void on_timer(struct timer *timer)
{
    struct conn *conn = CONTAINER_OF(timer, struct conn, timer);
    if (conn->state == CONN_CONNECTING)
        attempt_failed(conn);
    else
        begin(conn);
}
