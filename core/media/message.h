/* SPDX-License-Identifier: MIT */
#pragma once
/* What the two sides of the hub say to each other. Private to the layer. */
#include "base/handle.h"
#include "base/str.h"
#include "loop/fiber.h"
#include "loop/mail.h"
#include "media/hub.h"

/** A text of bounded length, kept with its owner. */
struct hub_text {
    uint32_t len;
    char bytes[HUB_SOURCE_BYTES_MAX];
};

/** Bytes of one publisher's packets that are under way; shared by both sides. */
struct hub_credit {
    struct dais_buf *keeper; /* holds this struct; one reference a side and message */
    _Atomic int64_t bytes;
};

/** Asks a home worker for a stream. Lives on the stack of the fiber that waits for the answer. */
struct hub_request {
    struct mail mail;
    struct fiber_wait wait;
    const struct dais_publish *publish;
    dais_handle publisher;
    uint32_t worker; /* of the publisher */
    int32_t result;
    dais_handle ret_stream;
    uint64_t ret_session;
};

enum hub_kind { HUB_TRACK, HUB_PACKET, HUB_UNPUBLISH, HUB_STOP };

/** One thing that a publisher says to its stream; owns a reference of the buffer in it. */
struct hub_message {
    struct mail mail;
    enum hub_kind kind;
    uint32_t clean;     /* HUB_UNPUBLISH */
    dais_handle stream; /* 0 for HUB_STOP */
    uint64_t session;
    struct hub_credit *credit; /* HUB_PACKET: gets len back; a reference */
    struct dais_track track;   /* HUB_TRACK */
    struct dais_packet packet; /* HUB_PACKET */
    struct hub_text name;      /* HUB_STOP */
};

/** Tells a publisher that it was displaced. */
struct hub_notice {
    struct mail mail;
    dais_handle publisher;
};

/** An observer and whom its calls are charged to. */
struct hub_observer {
    struct owner owner;
    const struct dais_media_observer *calls; /* NULL: the row is free */
    bool is_on;                              /* new streams are told to it */
    _Atomic uint32_t streams;                /* that it observes */
};

/** All observers; but for the counts, constant while workers run. */
extern struct hub_observer hub_observers[HUB_OBSERVERS_MAX];

/** First number of the hub's metrics; the rows stand in hub.c in this order. */
extern uint32_t hub_metrics;
enum hub_metric {
    HUB_METRIC_STREAMS,
    HUB_METRIC_PACKETS,
    HUB_METRIC_BYTES,
    HUB_METRIC_DROPPED,
    HUB_METRIC_REFUSED,
    HUB_METRIC_TAKEOVERS,
};

/** Copies as much of `text` as there is room for. */
static inline void hub_text_set(struct hub_text *ret_text, struct dais_str text)
{
    ret_text->len = text.len < sizeof ret_text->bytes ? (uint32_t)text.len
                                                      : (uint32_t)sizeof ret_text->bytes;
    if (ret_text->len > 0)
        memcpy(ret_text->bytes, text.ptr, ret_text->len);
}

/** The text as a view. */
static inline struct dais_str hub_text_view(const struct hub_text *text)
{
    return dais_str(text->bytes, text->len);
}

/** Home side: readies and ends the streams of this worker. */
struct hub_streams;
struct hub_streams *streams_new(void);
void streams_free(struct hub_streams *streams);

/** Deliver functions of the home side. */
void streams_on_request(struct mail *mail);
void streams_on_message(struct mail *mail);

/** Publisher side: the deliver function of a notice, and the streams of this worker. */
void hub_on_notice(struct mail *mail);
struct hub_streams *hub_streams_self(void);

/** Gives a message's references back and frees it. */
void hub_message_free(struct hub_message *message);
