/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "inner.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 5000u
#define MESSAGE_BYTES_MAX (4u << 20)
#define OPCODE_TEXT 1u
#define OPCODE_CLOSE 8u
#define FIN 0x80u
/** A client masks what it sends; a mask of zeroes changes nothing. */
#define MASK_BYTES 4u

struct testhost_socket {
    int fd;
    uint32_t code;
    uint64_t taken; /* bytes of `input` that the last wait has given out */
    struct strbuf input;
};

/** One frame at the begin of what came. */
struct frame {
    uint32_t opcode;
    struct dais_str payload;
    uint64_t bytes; /* with its head */
};

/** Takes what there is, and waits for something. */
static int32_t receive(struct testhost_socket *socket, uint64_t until_ms)
{
    char part[8192];
    uint64_t now_ms = clock_ms();
    struct pollfd watched = {.fd = socket->fd, .events = POLLIN};
    if (now_ms >= until_ms || poll(&watched, 1, (int)(until_ms - now_ms)) == 0)
        return DAIS_E_TIMEOUT;
    ssize_t got = recv(socket->fd, part, sizeof part, 0);
    if (got < 0 && errno == EINTR)
        return DAIS_OK;
    if (got <= 0)
        return DAIS_E_GONE;
    strbuf_add(&socket->input, dais_str(part, (uint64_t)got));
    return strbuf_error(&socket->input);
}

static bool read_frame(struct dais_str text, struct frame *ret_frame)
{
    const uint8_t *at = (const uint8_t *)text.ptr;
    uint64_t head = 2, len = text.len < 2 ? 0 : at[1];
    if (len == 126)
        head = 4;
    else if (len == 127)
        head = 10;
    if (text.len < head)
        return false;
    if (head > 2)
        len = 0;
    for (uint64_t i = 2; i < head; i++)
        len = len << 8 | at[i];
    if (text.len - head < len)
        return false;
    *ret_frame = (struct frame){at[0] & 0x0fu, str_sub(text, head, head + len), head + len};
    return true;
}

static void drop(struct testhost_socket *socket, uint64_t bytes)
{
    struct dais_str rest = str_sub(strbuf_view(&socket->input), bytes, UINT64_MAX);
    struct strbuf left;
    strbuf_init(&left, MESSAGE_BYTES_MAX);
    strbuf_add(&left, rest);
    strbuf_fini(&socket->input);
    socket->input = left;
}

/** The next frame, which stays at the begin of the input until the next call. */
static int32_t next_frame(struct testhost_socket *socket, uint64_t until_ms,
                          struct frame *ret_frame)
{
    int32_t error = DAIS_OK;
    drop(socket, socket->taken);
    socket->taken = 0;
    while (!error && !read_frame(strbuf_view(&socket->input), ret_frame))
        error = receive(socket, until_ms);
    if (!error)
        socket->taken = ret_frame->bytes;
    return error;
}

/** The answer to the handshake; what came behind it stays. */
static int32_t greet(struct testhost_socket *socket)
{
    static const char end[] = "\r\n\r\n";
    uint64_t until_ms = clock_ms() + PATIENCE_MS;
    int32_t error = DAIS_OK;
    const char *blank = NULL;
    while (!error && !blank) {
        error = receive(socket, until_ms);
        struct dais_str text = strbuf_view(&socket->input);
        blank = memmem(text.ptr, text.len, end, sizeof end - 1);
    }
    if (error)
        return error;
    struct dais_str text = strbuf_view(&socket->input);
    socket->taken = (uint64_t)(blank - text.ptr) + sizeof end - 1;
    return str_has_prefix(text, "HTTP/1.1 101 ") ? DAIS_OK : DAIS_E_DENIED;
}

static int32_t shake_hands(struct testhost *host, struct testhost_socket *socket, const char *query)
{
    STRBUF_AUTO struct strbuf out;
    strbuf_init(&out, MESSAGE_BYTES_MAX);
    strbuf_addf(&out,
                "GET /ws%s%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                query ? "?" : "", query ? query : "", testhost_port(host));
    int32_t error = strbuf_error(&out);
    if (!error)
        error = testhost_write(socket->fd, strbuf_view(&out));
    return error ? error : greet(socket);
}

int32_t testhost_socket_open(struct testhost *host, const char *query,
                             struct testhost_socket **ret_socket)
{
    struct testhost_socket *socket = mem_zalloc(1, sizeof *socket);
    *ret_socket = NULL;
    if (!socket)
        return DAIS_E_MEMORY;
    strbuf_init(&socket->input, MESSAGE_BYTES_MAX);
    socket->fd = -1;
    int32_t error = testhost_connect(testhost_port(host), &socket->fd);
    if (!error)
        error = shake_hands(host, socket, query);
    if (error)
        testhost_socket_close(socket);
    else
        *ret_socket = socket;
    return error;
}

int32_t testhost_socket_send(struct testhost_socket *socket, const char *text)
{
    STRBUF_AUTO struct strbuf out;
    uint64_t len = strlen(text);
    strbuf_init(&out, MESSAGE_BYTES_MAX);
    strbuf_addc(&out, (char)(FIN | OPCODE_TEXT));
    strbuf_addc(&out, (char)(FIN | (len < 126 ? len : 127)));
    for (uint32_t shift = 64; len >= 126 && shift > 0; shift -= 8)
        strbuf_addc(&out, (char)(len >> (shift - 8)));
    for (uint32_t i = 0; i < MASK_BYTES; i++)
        strbuf_addc(&out, '\0');
    strbuf_add(&out, dais_cstr(text));
    int32_t error = strbuf_error(&out);
    return error ? error : testhost_write(socket->fd, strbuf_view(&out));
}

int32_t testhost_socket_wait(struct testhost_socket *socket, const char *part,
                             struct dais_str *ret_text)
{
    struct frame frame;
    uint64_t until_ms = clock_ms() + PATIENCE_MS;
    for (;;) {
        int32_t error = next_frame(socket, until_ms, &frame);
        if (error)
            return error;
        const uint8_t *at = (const uint8_t *)frame.payload.ptr;
        if (frame.opcode == OPCODE_CLOSE) {
            socket->code = frame.payload.len >= 2 ? (uint32_t)at[0] << 8 | at[1] : 0;
            return DAIS_E_GONE;
        }
        if (frame.opcode == OPCODE_TEXT &&
            memmem(frame.payload.ptr, frame.payload.len, part, strlen(part))) {
            *ret_text = frame.payload;
            return DAIS_OK;
        }
    }
}

uint32_t testhost_socket_code(const struct testhost_socket *socket)
{
    return socket->code;
}

void testhost_socket_close(struct testhost_socket *socket)
{
    if (!socket)
        return;
    if (socket->fd >= 0)
        close(socket->fd);
    strbuf_fini(&socket->input);
    mem_free(socket);
}
