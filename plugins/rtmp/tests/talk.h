/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A conversation with a session: the test plays the client, sends messages and commands, takes the
 * events that come out, and reads what the server answered as lines of text.
 *
 * Life: talk_setup and talk_teardown as a test's fixtures; in between talk_command and talk_media
 * put input together, talk_expect_… feed it.
 */
#include "support.h"

struct talk {
    struct support_bodies counts;
    struct session session;
    struct support_bytes sent;   /* by the client, not yet fed */
    uint32_t shaken;             /* bytes of the server's handshake that were taken */
    struct chunk_reader answers; /* the client's reader */
    struct support_bodies answer_counts;
    char said[4096]; /* what the server said, a line a message */
};

/** Fixtures: *state is a struct talk; the end checks that no body was lost. */
int talk_setup(void **state);
int talk_teardown(void **state);

/** Appends a command, respectively a message on chunk stream 4 and message stream 1. */
void talk_command(struct talk *talk, const char *name, double transaction, uint32_t stream,
                  void (*write_args)(struct amf0_writer *writer));
void talk_media(struct talk *talk, uint8_t type, uint32_t timestamp, struct dais_str body);

/** Feeds what the client sent. Returns 1 at an event, leaving the rest for the next call. */
int32_t talk_hear(struct talk *talk, struct session_event *event);
void talk_expect_silence(struct talk *talk);
void talk_expect_error(struct talk *talk, int32_t error);
struct session_event talk_expect_event(struct talk *talk, enum session_event_kind kind);

/** Gives the body of a media event back. */
void talk_release(struct talk *talk, const struct session_event *event);

/** Compares what the server said since the last call: a line a message. */
void talk_said(struct talk *talk, const char *expected);

/** Goes on to a connected session, to an open decision, to a publication. */
void talk_connect(struct talk *talk);
struct session_publish talk_publish(struct talk *talk);
void talk_publish_and_accept(struct talk *talk);

/** Arguments of commands: connect's object; null and a name; null. */
void talk_connect_args(struct amf0_writer *writer);
void talk_name_args(struct amf0_writer *writer);
void talk_no_args(struct amf0_writer *writer);

void talk_assert_text(struct dais_str text, const char *expected);
