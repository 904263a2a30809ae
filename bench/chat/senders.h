/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The load client of the chat benchmark: many senders in one thread, each with a connection of its
 * own and one message outstanding, by /ws or by HTTP. senders.c reads the options, counts and
 * prints; senders_net.c connects, sends and knows when an answer is whole. Whatever is wrong ends
 * the process with a message.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SENDERS_MAX 1024u
#define SENDERS_BYTES_MAX 16384u
#define SENDERS_TOKEN_BYTES 2048u

struct senders_options {
    uint16_t port;
    bool sockets;     /* /ws; else HTTP */
    const char *room; /* id */
    const char *text;
    double seconds;
};

struct sender {
    int fd;
    bool is_open; /* the handshake was answered */
    uint64_t began_ns;
    size_t have; /* of `in` */
    char token[SENDERS_TOKEN_BYTES];
    char in[SENDERS_BYTES_MAX];
};

/** Ends the process with a message. */
_Noreturn void senders_fail(const char *what);

/** Connects and, for sockets, sends the handshake. */
void senders_connect(const struct senders_options *options, struct sender *sender);

/** Sends the next message. */
void senders_say(const struct senders_options *options, struct sender *sender);

/** Reads what has come; whether that was the rest of an answer. */
bool senders_read(const struct senders_options *options, struct sender *sender);
