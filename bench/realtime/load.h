/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The load client of the realtime benchmark: many members of one room in one thread with one epoll
 * set, and a publisher who is no member. It never parses more than it must: of a frame the head and
 * the first bytes of its payload, so that the server is what is measured.
 *
 * load_main.c reads the options and prints one line of JSON; load_member.c connects members and
 * reads their frames; load_text.c knows what each dialect says; load_drive.c, load_hear.c,
 * load_idle.c and load_resume.c are the modes. Whatever is wrong ends the process with a message.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_TEXT_MAX 65536u
#define LOAD_TALKERS_MAX 64u

enum load_dialect { LOAD_ENVELOPE, LOAD_SOCKETIO };

struct load_options {
    uint16_t port;
    enum load_dialect dialect;
    const char *path;
    const char *event;    /* what the publisher sends: "bench:send" */
    const char *join;     /* what members join with: "bench:join" … */
    const char *data;     /* … and its data: "{}" */
    const char *delivery; /* what they hear then: "bench:message" */
    const char *say;      /* data of what is sent, up to the time in its last text */
    const char *token;    /* of the publisher; NULL: a guest */
    uint32_t members;
    uint32_t stalled;   /* of them, how many stop reading once they are in the room */
    uint32_t window;    /* messages outstanding; 0: at a fixed rate */
    uint32_t rate;      /* messages per second */
    uint32_t server;    /* process whose CPU time is told; 0: none */
    uint32_t payload;   /* bytes of the event's data */
    uint32_t missed;    /* mode resume: events sent while everybody is away */
    uint32_t within_ms; /* mode resume: all come back within this time */
    double seconds;
    bool idle;
    bool hear;
};

enum load_state { LOAD_HEAD, LOAD_OPENING, LOAD_SPACE, LOAD_JOINING, LOAD_JOINED, LOAD_CLOSED };

struct load_member {
    int fd;
    uint32_t number;
    enum load_state state;
    uint32_t carry_len; /* of a frame whose rest has not come: these bytes are first next time */
    uint8_t *carry;
    uint32_t close_code; /* 0: none came */
    uint32_t outcome;    /* mode resume: 'p' replayed, 's' resync, 'f' fresh */
    uint64_t deliveries;
    uint64_t seq;      /* of the last numbered event */
    uint64_t gaps;     /* numbered events that did not follow the one before */
    uint32_t *talkers; /* mode hear: number of the last message of each */
    uint64_t began_ns;
    uint64_t ended_ns;
};

struct load {
    struct load_options options;
    int epoll;
    struct load_member *members;
    struct load_member publisher;
    uint32_t joined;
    uint32_t closed;
    uint64_t deliveries; /* of all members together */
    uint64_t acks;       /* that the publisher got */
    uint64_t idle_ns;    /* spent asking in vain */
    bool timed;          /* look at the time stamp of each delivery */
    bool numbered;       /* look at the number of each delivery */
    bool returning;      /* members name the place where they were */
    char epoch[64];      /* of the room */
    uint32_t *latencies; /* deliveries by LATENCY_STEP_NS */
    uint64_t latency_max_ns;
    char out[LOAD_TEXT_MAX + 64]; /* what the publisher has not sent yet */
    size_t out_len;
    size_t out_at;
};

#define LATENCY_STEP_NS 20000u
#define LATENCY_STEPS 1000000u

/** Ends the process with a message. */
_Noreturn void load_fail(const char *what);

uint64_t load_now_ns(void);

/* load_member.c */

/** Connects, from one of many loopback addresses, and sends the handshake. */
void load_connect(struct load *load, struct load_member *member);

/** Connects all members and waits until they are in the room; then the publisher. */
void load_connect_all(struct load *load);

/** Handles what comes within the time; returns at once when something came: for how many. */
int load_turn(struct load *load, uint64_t wait_ns);

/** Stops or goes on reading a member. */
void load_listen(struct load *load, struct load_member *member, bool listens);

/** Sends one text frame, whole. */
void load_say(struct load_member *member, const char *text, size_t len);

/** The same for a frame that has its head. */
void load_say_frame(struct load_member *member, const char *frame, size_t len);

void load_close(struct load *load, struct load_member *member);

/* load_text.c */

/** The head of the HTTP request. */
size_t load_text_handshake(const struct load *load, const struct load_member *member, char *out,
                           size_t size);

/** Takes a text frame of a member who is not in the room yet, or that is no delivery. */
void load_text_take(struct load *load, struct load_member *member, const char *text, size_t len);

/** What a delivery begins with; its length. */
size_t load_text_delivery(const struct load *load, const char **ret_begin);

/** What stands before the time stamp in a delivery: the last member of `say`. */
const char *load_text_stamp(const struct load *load);

/** A message of the publisher with this time stamp, as a frame. */
size_t load_text_send(const struct load *load, uint64_t at_ns, bool acked, char *out, size_t size);

/** Mode hear: a delivery whose text is "<talker> <number>". */
void load_hear_take(struct load_member *member, const char *text, size_t len);

/** The number behind `key` in the text; 0 if there is none. */
uint64_t load_text_number(const char *text, size_t len, const char *key);

/* the modes: each prints what it found */
void load_drive(struct load *load);
void load_hear(struct load *load);
void load_idle(struct load *load);
void load_resume(struct load *load);
