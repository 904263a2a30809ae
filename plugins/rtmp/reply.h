/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the server says: control messages and answers to commands (RTMP 1.0 §5.4, §7.1.7, §7.2), put
 * into the session's output. Called by session.c and command.c. Each returns 0 or DAIS_E_LIMIT when
 * the output is full.
 */
#include "session.h"

/** Acknowledges all that was received. */
int32_t reply_ack(struct session *session) DAIS_CHECK_RESULT;

/** Answers a ping with the timestamp that it carried. */
int32_t reply_pong(struct session *session, uint32_t timestamp) DAIS_CHECK_RESULT;

/**
 * Welcomes a connect. The chunk size goes first of all that is longer than 128 bytes: OBS stumbles
 * otherwise.
 */
int32_t reply_connected(struct session *session, double transaction) DAIS_CHECK_RESULT;

/** `_result` with null and one number, respectively with null and undefined. */
int32_t reply_number(struct session *session, double transaction, double number) DAIS_CHECK_RESULT;
int32_t reply_undefined(struct session *session, double transaction) DAIS_CHECK_RESULT;

/** `_error` for a command that is not known. */
int32_t reply_unknown(struct session *session, double transaction) DAIS_CHECK_RESULT;

/** `onStatus` on message stream `stream`; level is "status" or "error". */
struct reply_status {
    uint32_t stream;
    struct dais_str level;
    struct dais_str code;
    struct dais_str description;
};
int32_t reply_status(struct session *session, const struct reply_status *status) DAIS_CHECK_RESULT;

/** The publication has begun: onFCPublish where it is waited for, onStatus, StreamBegin. */
int32_t reply_published(struct session *session) DAIS_CHECK_RESULT;

/** The publication is over, on the encoder's word. */
int32_t reply_unpublished(struct session *session) DAIS_CHECK_RESULT;
