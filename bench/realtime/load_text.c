/* SPDX-License-Identifier: MIT */
/* What the dialects say: the envelope of /ws, which the peer of npm ws speaks too, and Socket.IO.
 */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LITERAL(text) (text), sizeof(text) - 1

static bool begins(const char *text, size_t len, const char *with, size_t with_len)
{
    return len >= with_len && memcmp(text, with, with_len) == 0;
}

/* ,"resume" as a parameter: {"bench:room":{"epoch":"…","seq":1}} */
static size_t resume_parameter(const struct load *load, const struct load_member *member, char *out,
                               size_t size)
{
    if (!load->returning || member == &load->publisher)
        return 0;
    return (size_t)snprintf(
        out, size,
        "%cresume=%%7B%%22bench:room%%22:%%7B%%22epoch%%22:%s,%%22seq%%22:%llu%%7D"
        "%%7D",
        strchr(load->options.path, '?') ? '&' : '?', load->epoch, (unsigned long long)member->seq);
}

/* Authorization, of the publisher */
static void token_header(const struct load *load, const struct load_member *member, char *out,
                         size_t size)
{
    if (load->options.token && member == &load->publisher)
        snprintf(out, size, "Authorization: Bearer %s\r\n", load->options.token);
}

size_t load_text_handshake(const struct load *load, const struct load_member *member, char *out,
                           size_t size)
{
    char resume[256] = "", token[2048] = "";
    token_header(load, member, token, sizeof(token));
    resume_parameter(load, member, resume, sizeof(resume));
    int len = snprintf(out, size,
                       "GET %s%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       "%sSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                       load->options.path, resume, load->options.port, token);
    return (size_t)len;
}

size_t load_text_delivery(const struct load *load, const char **ret_begin)
{
    static char begin[128];
    static size_t begin_len;
    if (begin_len == 0)
        begin_len = (size_t)snprintf(begin, sizeof(begin), "%s\"%s\"",
                                     load->options.dialect == LOAD_ENVELOPE ? "{\"event\":" : "42[",
                                     load->options.delivery);
    *ret_begin = begin;
    return begin_len;
}

uint64_t load_text_number(const char *text, size_t len, const char *key)
{
    size_t key_len = strlen(key);
    const char *at = memmem(text, len, key, key_len);
    uint64_t number = 0;
    if (!at)
        return 0;
    for (at += key_len; at < text + len && *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (uint64_t)(*at - '0');
    return number;
}

static void join(const struct load *load, struct load_member *member)
{
    char text[512];
    bool envelope = load->options.dialect == LOAD_ENVELOPE;
    int len = snprintf(text, sizeof(text), "%s\"%s\",%s%s%s", envelope ? "{\"event\":" : "420[",
                       load->options.join, envelope ? "\"id\":\"1\",\"data\":" : "",
                       load->options.data, envelope ? "}" : "]");
    if (len < 0 || (size_t)len >= sizeof(text))
        load_fail("--join and --data are too long");
    member->state = LOAD_JOINING;
    load_say(member, text, (size_t)len);
}

/* What the answer to the join says of the room's numbers. */
static void note_room(struct load *load, struct load_member *member, const char *text, size_t len)
{
    static const char key[] = "\"epoch\":";
    const char *epoch = memmem(text, len, key, sizeof(key) - 1);
    const char *resumed = memmem(text, len, LITERAL("\"resumed\":\""));
    if (resumed)
        member->outcome = (uint32_t)resumed[sizeof("\"resumed\":\"") - 1];
    if (!epoch || load->epoch[0])
        return;
    epoch += sizeof(key) - 1;
    size_t long_as = strcspn(epoch, ",}");
    if (long_as < sizeof(load->epoch))
        memcpy(load->epoch, epoch, long_as);
}

static void take_ack(struct load *load, struct load_member *member, const char *text, size_t len)
{
    if (!memmem(text, len, LITERAL("\"ok\":true"))) {
        fprintf(stderr, "%.*s\n", (int)len, text);
        load_fail("refused");
    }
    if (member == &load->publisher) {
        load->acks++;
        return;
    }
    if (!load->returning)
        member->seq = load_text_number(text, len, "\"seq\":");
    note_room(load, member, text, len);
    member->state = LOAD_JOINED;
    member->ended_ns = load_now_ns();
    load->joined++;
    if (member->number < load->options.stalled)
        load_listen(load, member, false);
}

static void take_envelope(struct load *load, struct load_member *member, const char *text,
                          size_t len)
{
    if (member->state == LOAD_OPENING && member == &load->publisher)
        member->state = LOAD_JOINING;
    else if (member->state == LOAD_OPENING)
        join(load, member);
    else if (begins(text, len, LITERAL("{\"event\":\"ack\"")))
        take_ack(load, member, text, len);
    else if (begins(text, len, LITERAL("{\"event\":\"error\""))) {
        fprintf(stderr, "%.*s\n", (int)len, text);
        load_fail("refused");
    }
}

static void take_socketio(struct load *load, struct load_member *member, const char *text,
                          size_t len)
{
    if (len == 1 && text[0] == '2')
        load_say(member, "3", 1);
    else if (member->state == LOAD_OPENING && begins(text, len, LITERAL("0"))) {
        load_say(member, "40", 2);
        member->state = LOAD_SPACE;
    } else if (member->state == LOAD_SPACE && begins(text, len, LITERAL("40"))) {
        if (member == &load->publisher)
            member->state = LOAD_JOINING;
        else
            join(load, member);
    } else if (begins(text, len, LITERAL("43"))) {
        take_ack(load, member, text, len);
    } else if (begins(text, len, LITERAL("44")) || begins(text, len, LITERAL("42[\"error\""))) {
        fprintf(stderr, "%.*s\n", (int)len, text);
        load_fail("refused");
    }
}

void load_text_take(struct load *load, struct load_member *member, const char *text, size_t len)
{
    if (load->options.dialect == LOAD_ENVELOPE)
        take_envelope(load, member, text, len);
    else
        take_socketio(load, member, text, len);
}

const char *load_text_stamp(const struct load *load)
{
    static const char *stamp;
    if (stamp)
        return stamp;
    for (const char *at = stamp = load->options.say; *at; at++)
        if (*at == '{' || *at == ',')
            stamp = at + 1;
    return stamp;
}

size_t load_text_send(const struct load *load, uint64_t at_ns, bool acked, char *out, size_t size)
{
    static char filler[LOAD_TEXT_MAX];
    static char text[LOAD_TEXT_MAX];
    const struct load_options *options = &load->options;
    bool envelope = options->dialect == LOAD_ENVELOPE;
    int fill = (int)options->payload - (int)strlen(options->say) -
               (int)sizeof("00000000000000000000 \"}") + 1;
    if (!filler[0])
        memset(filler, 'x', sizeof(filler));
    int len = snprintf(
        text, sizeof(text), "%s%s\"%s\",%s%s%020llu %.*s\"}%s", envelope ? "{" : "42",
        envelope ? "\"event\":"
        : acked  ? "0["
                 : "[",
        options->event,
        !envelope ? ""
        : acked   ? "\"id\":\"1\",\"data\":"
                  : "\"data\":",
        options->say, (unsigned long long)at_ns, fill > 0 ? fill : 0, filler, envelope ? "}" : "]");
    size_t head = (size_t)len < 126 ? 6 : 8;
    if (len < 0 || (size_t)len >= sizeof(text) || head + (size_t)len > size)
        load_fail("the publisher's message");
    out[0] = (char)0x81;
    out[1] = (char)(0x80 | (len < 126 ? len : 126));
    out[2] = (char)(len >> 8);
    out[3] = (char)len;
    memset(out + head - 4, 0, 4);
    memcpy(out + head, text, (size_t)len);
    return head + (size_t)len;
}
