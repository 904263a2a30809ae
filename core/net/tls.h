/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The certificates of the TLS listeners, HTTP's and those of dais.net/1.
 *
 *   tls_new           main thread: reads the pairs; http_config and tcp_config point at it
 *   tls_watch_start   on one worker: looks for changed files every few seconds
 *   tls_watch_stop    on that worker, as it drains
 *   tls_free          main thread, after the servers
 *
 * A pair is a certificate with its chain and the key, two PEM files. The first pair serves whoever
 * names no host that another pair is for. New pairs replace the old ones for new connections alone:
 * those that are open, also half-way through their handshake, keep what they began with. Pairs that
 * cannot be used leave the old ones where they are.
 *
 * Served are TLS 1.2 and 1.3 with OpenSSL's own choice of ciphers at security level 2, without
 * renegotiation, with stateless session tickets and with http/1.1 alone in ALPN.
 */
#include "dais/error.h"
#include "dais/types.h"

/** Pairs that one server may have. */
#define TLS_PAIRS_MAX 64u
/** Room for one line that says what is wrong. */
#define TLS_MESSAGE_BYTES 512u
/** Certificates that end sooner are warned about. */
#define TLS_ENDS_SOON_S (14 * 86400)

/** A certificate with its chain and its key: paths of PEM files, NUL-terminated. */
struct tls_pair {
    struct dais_str certificate;
    struct dais_str key;
};

/** The certificates of a process. Opaque; its functions may be called on any thread. */
struct tls;

/**
 * Reads `count` (1 to TLS_PAIRS_MAX) pairs, copied. DAIS_E_INVALID after naming file and reason in
 * `ret_message`, DAIS_E_MEMORY. Certificates that have ended or will soon are warned about in the
 * log. [main thread, after metrics_init]
 */
DAIS_CHECK_RESULT int32_t tls_new(const struct tls_pair *pairs, uint32_t count,
                                  char ret_message[TLS_MESSAGE_BYTES], struct tls **ret_tls);

/** Frees it; NULL is ignored. [main thread] */
void tls_free(struct tls *tls);

/**
 * Reads all files again and serves new connections by them. What tls_new answers when they cannot
 * be used; the old ones stay then. Either way one line in the log. Blocks on files. [main thread]
 * [job]
 */
DAIS_CHECK_RESULT int32_t tls_reload(struct tls *tls, char ret_message[TLS_MESSAGE_BYTES]);

/** Asks the watch for a reload at its next look. [any, async-signal-safe] */
void tls_reload_soon(struct tls *tls);

/** From now on files that changed and then stayed alike for a moment are reloaded. [worker] */
void tls_watch_start(struct tls *tls);

/** No further look begins. [worker, the same] */
void tls_watch_stop(struct tls *tls);

/** What is known about a certificate, in seconds of Unix time. */
struct tls_facts {
    int64_t begins_s;
    int64_t ends_s;
};

/**
 * Reads one pair as tls_new does, for whoever only wants to know. DAIS_E_INVALID with the reason in
 * `ret_message`. [main thread] [job]
 */
DAIS_CHECK_RESULT int32_t tls_examine(const struct tls_pair *pair, struct tls_facts *ret_facts,
                                      char ret_message[TLS_MESSAGE_BYTES]);
