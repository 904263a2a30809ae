/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The inside of TLS, for tls*.c, tcp_tls.c and the accepting side of HTTP.
 *
 * A set is what one reading of the files gave: one SSL_CTX for each pair. It belongs to the context
 * of its first pair and goes when the last connection that began with it has ended. Each worker
 * keeps a reference to the set in use (struct tls_use) and looks at one number to see whether there
 * is a newer one, so that accepting takes no lock.
 */
#include "base/arena.h"
#include "loop/timer.h"
#include "net/tls.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct tls {
    struct dais_arena arena;
    struct tls_pair *pairs;
    uint32_t count;
    uint32_t metrics;         /* number of the first */
    _Atomic uint64_t version; /* rises with each set */
    _Atomic uint64_t read;    /* the files that were read last, usable or not */
    _Atomic bool asked;       /* for a reload at the next look */
    pthread_mutex_t lock;     /* of the next two */
    SSL_CTX *context;
    int64_t ends_s;
    struct timer timer; /* the next look at the files; this and the next two: of one worker */
    uint64_t seen;      /* the files at the last look */
    bool looking;       /* a look is under way */
};

/** A worker's view of the certificates in use. Zeroed at the start. */
struct tls_use {
    SSL_CTX *context;
    uint64_t version;
};

/** The context for a new connection, valid until the next call; it follows the client's SNI. */
SSL_CTX *tls_use_get(struct tls_use *use, struct tls *tls);

/** Gives the reference back. */
void tls_use_drop(struct tls_use *use);

/** Says that this connection speaks a protocol of a plugin: it wants no web client. */
void tls_refuse_http(SSL *ssl);

/* tls_pair.c */

/** One pair, read. */
struct tls_loaded {
    SSL_CTX *context;
    X509 *certificate; /* of `context` */
    struct tls_facts facts;
};

/** Makes a context of one pair. DAIS_E_INVALID with the reason in `ret_message`, DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t tls_pair_load(const struct tls_pair *pair, struct tls_loaded *ret_loaded,
                                        char ret_message[TLS_MESSAGE_BYTES]);

/* tls_set.c */

/**
 * Reads all pairs into one set, whose default context it gives with the first end of all its
 * certificates. Errors as tls_pair_load.
 */
DAIS_CHECK_RESULT int32_t tls_set_load(const struct tls_pair *pairs, uint32_t count,
                                       SSL_CTX **ret_context, int64_t *ret_ends_s,
                                       char ret_message[TLS_MESSAGE_BYTES]);

/* tls_watch.c */

/** One number for the files of all pairs as they are now: another one when any was replaced. */
uint64_t tls_files_look(const struct tls *tls);
