/* SPDX-License-Identifier: MIT */
/* Members: connecting, and the frames that they get. One buffer serves all reads. */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 1024
#define READ_BYTES (256u * 1024u)
#define CARRY_BYTES_MAX LOAD_TEXT_MAX
#define CONNECTING_MAX 128u /* at a time: the others wait, not in the server's backlog */
#define SETTLE_NS 30000000000u
#define STALLED_BYTES 4096 /* what a member who stops reading lets the kernel keep */
#define MEMBERS_PER_ADDRESS 64u

enum opcode { OPCODE_TEXT = 1, OPCODE_BINARY = 2, OPCODE_CLOSE = 8, OPCODE_PING = 9 };

static uint8_t input[READ_BYTES + CARRY_BYTES_MAX];

static bool stalls(const struct load *load, const struct load_member *member)
{
    return member->number < load->options.stalled;
}

static int open_socket(const struct load *load, const struct load_member *member)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(load->options.port)};
    struct sockaddr_in from = {.sin_family = AF_INET};
    int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        load_fail("socket");
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    from.sin_addr.s_addr = htonl(0x7f010001u + member->number / MEMBERS_PER_ADDRESS);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (stalls(load, member)) {
        int bytes = STALLED_BYTES;
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    }
    if (bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0)
        load_fail("bind");
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        load_fail("connect");
    return fd;
}

void load_connect(struct load *load, struct load_member *member)
{
    char head[2048];
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = member};
    size_t len = load_text_handshake(load, member, head, sizeof(head));
    member->fd = open_socket(load, member);
    member->state = LOAD_HEAD;
    if (send(member->fd, head, len, MSG_NOSIGNAL) != (ssize_t)len)
        load_fail("the handshake");
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, member->fd, &event) < 0)
        load_fail("epoll_ctl");
}

void load_listen(struct load *load, struct load_member *member, bool listens)
{
    struct epoll_event event = {.events = listens ? EPOLLIN : 0, .data.ptr = member};
    if (epoll_ctl(load->epoll, EPOLL_CTL_MOD, member->fd, &event) < 0)
        load_fail("epoll_ctl");
}

void load_close(struct load *load, struct load_member *member)
{
    if (member->state == LOAD_CLOSED)
        return;
    if (member->state == LOAD_JOINED)
        load->joined--;
    close(member->fd);
    free(member->carry);
    member->carry = NULL;
    member->carry_len = 0;
    member->state = LOAD_CLOSED;
    load->closed++;
}

/* The mask is zero: a client's frame has to have one, and the server does its work all the same. */
static size_t frame_head(uint8_t *head, uint8_t opcode, size_t len)
{
    size_t at = 2;
    head[0] = 0x80 | opcode;
    head[1] = 0x80 | (uint8_t)(len < 126 ? len : 126);
    if (len >= 126) {
        head[2] = (uint8_t)(len >> 8);
        head[3] = (uint8_t)len;
        at = 4;
    }
    memset(head + at, 0, 4);
    return at + 4;
}

static void say(struct load_member *member, uint8_t opcode, const void *bytes, size_t len)
{
    uint8_t frame[4096];
    size_t head = frame_head(frame, opcode, len);
    if (head + len > sizeof(frame)) {
        errno = EMSGSIZE;
        load_fail("a member's message");
    }
    memcpy(frame + head, bytes, len);
    load_say_frame(member, (const char *)frame, head + len);
}

void load_say_frame(struct load_member *member, const char *frame, size_t len)
{
    if (send(member->fd, frame, len, MSG_NOSIGNAL) != (ssize_t)len)
        load_fail("send");
}

void load_say(struct load_member *member, const char *text, size_t len)
{
    say(member, OPCODE_TEXT, text, len);
}

static void note_latency(struct load *load, const char *text, size_t len, uint64_t now_ns)
{
    uint64_t at_ns = load_text_number(text, len, load_text_stamp(load));
    uint64_t taken_ns = now_ns > at_ns ? now_ns - at_ns : 0;
    uint64_t step = taken_ns / LATENCY_STEP_NS;
    load->latencies[step < LATENCY_STEPS ? step : LATENCY_STEPS - 1]++;
    if (taken_ns > load->latency_max_ns)
        load->latency_max_ns = taken_ns;
}

static void note_number(struct load_member *member, const char *text, size_t len, uint64_t now_ns)
{
    uint64_t seq = load_text_number(text, len, "\"seq\":");
    if (seq != member->seq + 1)
        member->gaps++;
    member->seq = seq;
    member->ended_ns = now_ns;
}

static void take_delivery(struct load *load, struct load_member *member, const char *text,
                          size_t len, uint64_t now_ns)
{
    load->deliveries++;
    member->deliveries++;
    if (load->timed)
        note_latency(load, text, len, now_ns);
    if (load->numbered)
        note_number(member, text, len, now_ns);
    if (member->talkers)
        load_hear_take(member, text, len);
}

static void take_frame(struct load *load, struct load_member *member, uint8_t opcode,
                       const uint8_t *payload, size_t len)
{
    if (opcode == OPCODE_PING)
        say(member, 10, payload, len);
    else if (opcode == OPCODE_CLOSE && len >= 2)
        member->close_code = (uint32_t)payload[0] << 8 | payload[1];
    else if (opcode == OPCODE_TEXT)
        load_text_take(load, member, (const char *)payload, len);
}

/* Bytes of the frame at `at`, and where its payload begins; 0 when it is not whole. */
static size_t whole_frame(const uint8_t *at, size_t left, size_t *ret_head)
{
    size_t head = 2, len;
    if (left < 2)
        return 0;
    len = at[1];
    if (len == 126) {
        if (left < 4)
            return 0;
        len = (size_t)at[2] << 8 | at[3];
        head = 4;
    } else if (len > 126) {
        errno = EPROTO;
        load_fail("a masked or huge frame");
    }
    *ret_head = head;
    return left < head + len ? 0 : head + len;
}

static const uint8_t *walk_frames(struct load *load, struct load_member *member, const uint8_t *at,
                                  const uint8_t *end)
{
    const char *begin;
    size_t begin_len = load_text_delivery(load, &begin);
    uint64_t now_ns = load->timed || load->numbered ? load_now_ns() : 0;
    size_t head, len;
    while ((len = whole_frame(at, (size_t)(end - at), &head)) > 0) {
        const char *payload = (const char *)at + head;
        if (len - head > begin_len && memcmp(payload, begin, begin_len) == 0)
            take_delivery(load, member, payload, len - head, now_ns);
        else
            take_frame(load, member, at[0] & 15, at + head, len - head);
        at += len;
    }
    return at;
}

/* Passes over the answer to the handshake. */
static const uint8_t *pass_head(struct load *load, struct load_member *member, const uint8_t *at,
                                const uint8_t *end)
{
    const uint8_t *blank = memmem(at, (size_t)(end - at), "\r\n\r\n", 4);
    if (!blank)
        return at;
    if (end - at < 12 || memcmp(at, "HTTP/1.1 101", 12) != 0) {
        fprintf(stderr, "%.*s\n", (int)(end - at), (const char *)at);
        errno = EPROTO;
        load_fail("the handshake");
    }
    member->state = LOAD_OPENING;
    load_text_take(load, member, "", 0);
    return blank + 4;
}

static void keep_rest(struct load_member *member, const uint8_t *at, const uint8_t *end)
{
    member->carry_len = (uint32_t)(end - at);
    if (!member->carry_len)
        return;
    if (!member->carry)
        member->carry = malloc(CARRY_BYTES_MAX);
    if (!member->carry || member->carry_len > CARRY_BYTES_MAX)
        load_fail("a frame's rest");
    memcpy(member->carry, at, member->carry_len);
}

static void read_member(struct load *load, struct load_member *member)
{
    const uint8_t *at = input, *end;
    ssize_t got;
    if (member->carry_len)
        memcpy(input, member->carry, member->carry_len);
    got = recv(member->fd, input + member->carry_len, READ_BYTES, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        load_close(load, member);
        return;
    }
    end = input + member->carry_len + got;
    if (member->state == LOAD_HEAD)
        at = pass_head(load, member, at, end);
    if (member->state != LOAD_HEAD)
        at = walk_frames(load, member, at, end);
    keep_rest(member, at, end);
}

int load_turn(struct load *load, uint64_t wait_ns)
{
    static struct epoll_event events[EVENTS_MAX];
    struct timespec wait = {.tv_sec = (time_t)(wait_ns / 1000000000u),
                            .tv_nsec = (long)(wait_ns % 1000000000u)};
    int count = epoll_pwait2(load->epoll, events, EVENTS_MAX, &wait, NULL);
    if (count < 0 && errno != EINTR)
        load_fail("epoll_pwait2");
    for (int i = 0; i < count; i++)
        read_member(load, events[i].data.ptr);
    return count;
}

void load_connect_all(struct load *load)
{
    uint64_t until_ns = load_now_ns() + SETTLE_NS;
    uint32_t count = load->options.members, begun = 0, joined = 0;
    while (load->joined < count) {
        for (; begun < count && begun - load->joined < CONNECTING_MAX; begun++)
            load_connect(load, &load->members[begun]);
        load_turn(load, 100000000);
        if (load->joined > joined)
            until_ns = load_now_ns() + SETTLE_NS;
        joined = load->joined;
        if (load->closed || load_now_ns() > until_ns) {
            fprintf(stderr, "%u of %u are in the room, %u were closed\n", load->joined, count,
                    load->closed);
            errno = ETIMEDOUT;
            load_fail("joining");
        }
    }
    load_connect(load, &load->publisher);
    while (load->publisher.state < LOAD_JOINING)
        load_turn(load, 100000000);
    load->publisher.state = LOAD_JOINED;
}
