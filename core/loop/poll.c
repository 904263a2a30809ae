/* SPDX-License-Identifier: MIT */
#include "loop/poll.h"

#include "base/check.h"
#include "base/mem.h"
#include "loop/fiber.h"
#include "loop/worker_state.h"

#define MAGIC CHECK_MAGIC_OF('P', 'O', 'L', 'L')

struct poll {
    uint32_t magic;
    uint32_t events;
    uv_poll_t uv;
    poll_fn fn;
    void *arg;
    bool closed;
};

static void on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void on_ready(uv_poll_t *handle, int status, int events)
{
    struct poll *poll = CHECK_CAST(poll, handle->data, MAGIC);
    uint32_t seen = 0;
    if (status < 0) {
        poll->events = 0; /* uv has stopped it: EPOLLERR would come again and again */
        seen = POLL_ERROR;
    }
    seen |= events & UV_READABLE ? POLL_READABLE : 0;
    seen |= events & UV_WRITABLE ? POLL_WRITABLE : 0;
    seen |= events & UV_DISCONNECT ? POLL_HANGUP : 0;
    poll->fn(poll->arg, seen);
}

int32_t poll_open(int fd, poll_fn fn, void *arg, struct poll **ret_poll)
{
    struct worker *worker = worker_self();
    CHECK(worker && fn);
    struct poll *poll = mem_zalloc(1, sizeof *poll);
    if (!poll)
        return DAIS_E_MEMORY;
    *poll = (struct poll){.magic = MAGIC, .fn = fn, .arg = arg};
    poll->uv.data = poll;
    if (uv_poll_init(&worker->uv, &poll->uv, fd)) {
        mem_free(poll);
        return DAIS_E_INVALID;
    }
    *ret_poll = poll;
    return DAIS_OK;
}

void poll_set(struct poll *poll, uint32_t events)
{
    CHECK(poll->magic == MAGIC && !poll->closed);
    if (events == poll->events)
        return;
    poll->events = events;
    int wanted = 0;
    wanted |= events & POLL_READABLE ? UV_READABLE : 0;
    wanted |= events & POLL_WRITABLE ? UV_WRITABLE : 0;
    wanted |= events & POLL_HANGUP ? UV_DISCONNECT : 0;
    int failed = wanted ? uv_poll_start(&poll->uv, wanted, on_ready) : uv_poll_stop(&poll->uv);
    CHECK(!failed); /* uv_poll_start only fails on a closing handle */
}

void poll_close(struct poll *poll)
{
    if (!poll)
        return;
    CHECK(poll->magic == MAGIC && !poll->closed);
    poll->closed = true;
    /* Off the epoll set now, while the descriptor is still the same one. */
    (void)uv_poll_stop(&poll->uv);
    uv_close((uv_handle_t *)&poll->uv, on_closed);
}

struct readiness {
    struct fiber_wait wait;
    uint32_t events;
};

static void note_ready(void *arg, uint32_t events)
{
    struct readiness *readiness = arg;
    readiness->events |= events;
    fiber_resume(&readiness->wait, DAIS_OK);
}

int32_t poll_wait(int fd, uint32_t events, uint64_t timeout_ms, uint32_t *ret_events)
{
    struct readiness readiness = {.events = 0};
    struct poll *poll;
    if (!fiber_self())
        return DAIS_E_STATE;
    fiber_wait_init(&readiness.wait);
    int32_t code = poll_open(fd, note_ready, &readiness, &poll);
    if (code)
        return code;
    poll_set(poll, events);
    code = fiber_suspend(&readiness.wait, timeout_ms);
    poll_close(poll);
    if (!code)
        *ret_events = readiness.events;
    return code;
}
