/* SPDX-License-Identifier: MIT */
#include "realtime/link.h"

#include "base/check.h"
#include "realtime/ws_inner.h"

void link_init(struct link *link, const struct link_ops *ops)
{
    *link = (struct link){.ops = ops};
}

void link_fini(struct link *link)
{
    CHECK(!link->ws);
    outq_clear(&link->queue);
    list_remove(&link->dirty);
    link->over = true;
}

/* Nothing more for this one, but what is left of a frame under way: a close frame is to follow. */
static void give_up(struct link_worker *worker, struct link *link)
{
    outq_cut(&link->queue);
    link->over = link->slow = true;
    link_count(worker, LINK_METRIC_SLOW, 1);
    link_mark(link);
}

void link_put(struct link *link, const struct message *message)
{
    if (link->over)
        return;
    struct link_worker *worker = link_worker();
    enum outq_put put = outq_put(&link->queue, message, worker->output_bytes_max);
    if (put == OUTQ_FULL) {
        give_up(worker, link);
        return;
    }
    if (put != OUTQ_KEPT)
        link_count(worker, put == OUTQ_DROPPED ? LINK_METRIC_DROPPED : LINK_METRIC_REPLACED, 1);
    bool waits_for_socket = link->ws && link->ws->blocked;
    if (put != OUTQ_DROPPED && !waits_for_socket)
        link_mark(link);
}

/* Keeps what the socket did not take of a span. It goes in whole, so that the queue knows where its
 * frames begin. */
static void keep_rest(struct link *link, const struct message *span, uint32_t sent)
{
    struct link_worker *worker = link_worker();
    if (outq_put(&link->queue, span, UINT64_MAX) == OUTQ_FULL) {
        ws_kill(link->ws);
        return;
    }
    outq_sent(&link->queue, sent);
    ws_block(link->ws);
    if (link->queue.bytes > worker->output_bytes_max)
        give_up(worker, link);
}

bool link_write(struct link *link, struct dais_buf *buf, uint32_t offset, uint32_t len)
{
    if (!link->ws || !outq_is_empty(&link->queue))
        return false;
    if (link->over)
        return true; /* to where it is going anyway */
    uint32_t sent = 0;
    struct iovec piece = {.iov_base = (uint8_t *)buf->data + offset, .iov_len = len};
    if (!ws_write(link->ws, &piece, 1, &sent) || sent == len)
        return true;
    const struct message span = {
        .buf = buf, .offset = offset, .len = len, .class = MESSAGE_DURABLE};
    keep_rest(link, &span, sent);
    return true;
}
