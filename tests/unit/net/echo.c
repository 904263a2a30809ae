/* SPDX-License-Identifier: MIT */
#include "echo.h"

#include "base/check.h"
#include "base/list.h"
#include "base/mem.h"
#include "loop/mail.h"
#include "loop/worker.h"
#include "net/wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#define ECHO_BYTES 65536u

/** A connection that says back what it hears. */
struct echo {
    struct mail mail; /* on its way to another worker */
    struct list_node node;
    struct wire *wire;
    size_t len; /* heard, not said yet */
    bool ended;
    char bytes[ECHO_BYTES];
};

static struct list echoes[2]; /* of each worker */
_Atomic uint32_t echo_served, echo_lost, echo_moved;
_Atomic int echo_nodelay, echo_user_timeout_ms;
static void end_echo(struct echo *echo)
{
    list_remove(&echo->node);
    wire_close(echo->wire);
    mem_free(echo);
}

static void run_echo(void *arg, uint32_t events);

/* False: it has ended. */
static bool say(struct echo *echo)
{
    size_t said = 0;
    while (said < echo->len) {
        struct iovec pieces[3] = {{echo->bytes + said, 1}, {NULL, 0}, {NULL, 0}};
        pieces[1] = (struct iovec){echo->bytes + said + 1, (echo->len - said - 1) / 2};
        pieces[2].iov_base = (char *)pieces[1].iov_base + pieces[1].iov_len;
        pieces[2].iov_len = echo->len - said - 1 - pieces[1].iov_len;
        ssize_t done = wire_write(echo->wire, pieces, 3);
        if (done < 0 && errno != EAGAIN)
            return false;
        if (done < 0)
            break;
        said += (size_t)done;
    }
    echo->len -= said;
    memmove(echo->bytes, echo->bytes + said, echo->len);
    return !echo->ended || echo->len > 0;
}

static bool listen_to(struct echo *echo)
{
    while (echo->len < ECHO_BYTES) {
        ssize_t got = wire_read(echo->wire, echo->bytes + echo->len, ECHO_BYTES - echo->len);
        if (got < 0)
            return errno == EAGAIN;
        echo->ended = got == 0;
        if (echo->ended)
            return true;
        echo->len += (size_t)got;
    }
    return true;
}

static void run_echo(void *arg, uint32_t events)
{
    struct echo *echo = arg;
    if ((events & POLL_ERROR) || !listen_to(echo) || !say(echo)) {
        end_echo(echo);
        return;
    }
    uint32_t next = echo->len > 0 ? POLL_WRITABLE : POLL_READABLE;
    if (wire_watch(echo->wire, next, run_echo, echo) != DAIS_OK)
        end_echo(echo);
}

static void note_options(const struct wire *wire)
{
    int value = 0;
    socklen_t len = sizeof value;
    if (getsockopt(wire_fd(wire), IPPROTO_TCP, TCP_NODELAY, &value, &len) == 0)
        atomic_store(&echo_nodelay, value);
    if (getsockopt(wire_fd(wire), IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &len) == 0)
        atomic_store(&echo_user_timeout_ms, value);
}

static struct echo *new_echo(struct wire *wire, struct dais_str early)
{
    atomic_fetch_add(wire ? &echo_served : &echo_lost, 1);
    if (!wire)
        return NULL;
    struct echo *echo = mem_zalloc(1, sizeof *echo);
    CHECK(echo && early.len <= sizeof echo->bytes);
    note_options(wire);
    echo->wire = wire;
    memcpy(echo->bytes, early.ptr, early.len);
    echo->len = early.len;
    return echo;
}

static void start_echo(struct echo *echo)
{
    list_push(&echoes[worker_index()], &echo->node);
    run_echo(echo, 0);
}

void echo_begin(void *context, struct wire *wire, struct dais_str early)
{
    struct echo *echo = new_echo(wire, early);
    (void)context;
    if (echo)
        start_echo(echo);
}

static void deliver(struct mail *mail)
{
    atomic_fetch_add(&echo_moved, 1);
    start_echo(CONTAINER_OF(mail, struct echo, mail));
}

static void ignore(void *arg, uint32_t events)
{
    (void)arg;
    (void)events;
}

/* It was watched here already, as one that waits for who it belongs to. */
void echo_move(void *context, struct wire *wire, struct dais_str early)
{
    struct echo *echo = new_echo(wire, early);
    (void)context;
    if (!echo)
        return;
    CHECK(wire_watch(wire, POLL_READABLE, ignore, NULL) == DAIS_OK);
    wire_unwatch(wire);
    echo->mail.deliver = deliver;
    CHECK(mail_send(1 - worker_index(), &echo->mail) == DAIS_OK);
}

void echo_setup(void)
{
    list_init(&echoes[0]);
    list_init(&echoes[1]);
    atomic_store(&echo_served, 0);
    atomic_store(&echo_lost, 0);
    atomic_store(&echo_moved, 0);
}

void echo_end_all(uint32_t worker)
{
    for (struct list_node *node; (node = list_first(&echoes[worker]));)
        end_echo(LIST_ITEM(node, struct echo, node));
}

void echo_serve(struct dais_req *req, void *context)
{
    CHECK(http_upgrade(req, "echo", (http_upgraded_fn)context, NULL) == DAIS_OK);
}
