/* SPDX-License-Identifier: MIT */
/* The sending side of a WebSocket. */
#include "base/buf.h"
#include "base/check.h"
#include "realtime/ws_inner.h"

#include <errno.h>
#include <string.h>

#define FINAL 0x80u
/** RFC 6455 §5.5. */
#define CONTROL_BYTES_MAX 125u
#define CODE_BYTES 2u

/* --- control frames --- */

struct dais_buf *ws_control_frame(uint32_t opcode, struct dais_str payload)
{
    CHECK(payload.len <= CONTROL_BYTES_MAX);
    struct dais_buf *buf = buf_new(2 + payload.len);
    if (!buf)
        return NULL;
    uint8_t *bytes = (uint8_t *)buf->data;
    bytes[0] = (uint8_t)(FINAL | opcode);
    bytes[1] = (uint8_t)payload.len;
    memcpy(bytes + 2, payload.ptr, payload.len);
    return buf;
}

void ws_put_pong(struct ws *ws, struct dais_str payload)
{
    struct dais_buf *buf = ws_control_frame(WS_OPCODE_PONG, payload);
    if (!buf)
        return; /* the peer asks again */
    const struct message message = {
        .buf = buf, .len = (uint32_t)buf->len, .class = OUTQ_CONTROL, .key = OUTQ_KEY_PONG};
    link_put(ws->link, &message);
    buf_unref(buf);
}

/* The longest begin of a reason that fits and does not cut a character. */
static struct dais_str cut_reason(struct dais_str reason)
{
    uint64_t len = reason.len;
    if (len == 0)
        return dais_str("", 0);
    if (len > CONTROL_BYTES_MAX - CODE_BYTES) {
        len = CONTROL_BYTES_MAX - CODE_BYTES;
        while (len > 0 && ((uint8_t)reason.ptr[len] & 0xc0) == 0x80)
            len--;
    }
    return str_sub(reason, 0, len);
}

bool ws_put_close(struct ws *ws, uint32_t code, struct dais_str reason)
{
    char payload[CONTROL_BYTES_MAX] = {(char)(code >> 8), (char)code};
    struct dais_str text = cut_reason(reason);
    if (text.len > 0)
        memcpy(payload + CODE_BYTES, text.ptr, text.len);
    uint64_t len = code == WS_CLOSE_NO_CODE ? 0 : CODE_BYTES + text.len;
    struct dais_buf *buf = ws_control_frame(WS_OPCODE_CLOSE, dais_str(payload, len));
    if (!buf)
        return false;
    const struct message message = {
        .buf = buf, .len = (uint32_t)buf->len, .class = MESSAGE_DURABLE};
    bool kept = outq_put(&ws->link->queue, &message, UINT64_MAX) != OUTQ_FULL;
    buf_unref(buf);
    return kept;
}

/* --- writing --- */

bool ws_write(struct ws *ws, const struct iovec *pieces, uint32_t count, uint32_t *ret_sent)
{
    const struct link_worker *worker = link_worker();
    ssize_t sent = wire_write(ws->wire, pieces, (int)count);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        ws_kill(ws);
        return false;
    }
    *ret_sent = sent > 0 ? (uint32_t)sent : 0;
    link_count(worker, LINK_METRIC_WRITES, 1);
    link_count(worker, LINK_METRIC_BYTES_OUT, *ret_sent);
    return true;
}

void ws_block(struct ws *ws)
{
    if (ws->blocked)
        return;
    ws->blocked = true;
    ws_watch(ws);
}

static void write_some(struct ws *ws)
{
    struct outq *queue = &ws->link->queue;
    struct iovec pieces[WS_WRITE_PIECES_MAX];
    uint32_t sent, total = 0;
    uint32_t count = outq_iov(queue, pieces, WS_WRITE_PIECES_MAX, WS_WRITE_BYTES_MAX);
    for (uint32_t i = 0; i < count; i++)
        total += (uint32_t)pieces[i].iov_len;
    if (!ws_write(ws, pieces, count, &sent))
        return;
    outq_sent(queue, sent);
    if (sent < total)
        ws_block(ws);
    else if (!outq_is_empty(queue))
        link_mark(ws->link); /* the others come first */
}

void ws_flush(struct ws *ws)
{
    const struct outq *queue = &ws->link->queue;
    if (!outq_is_empty(queue))
        write_some(ws);
    if (ws->state == WS_DONE && outq_is_empty(queue))
        ws_kill(ws);
}
