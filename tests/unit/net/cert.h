/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Certificates made by the test itself, and a TLS client that lets the test see and change what
 * goes over the wire.
 */
#include "net/tls.h"

#include <openssl/ssl.h>
#include <stddef.h>

#define CERT_PATH_BYTES 96u

/** A pair of files in a folder of the test's own. */
struct cert {
    char certificate[CERT_PATH_BYTES];
    char key[CERT_PATH_BYTES];
};

/** Makes the folder for files, and deletes it with all that is in it. */
void cert_open(void);
void cert_close(void);

/**
 * Writes a certificate of its own (P-256) for `names` ("DNS:a.test,DNS:*.b.test"), valid from
 * yesterday until `days` from now, as files called `file`. Replaces what was there.
 */
struct cert cert_write(const char *file, const char *names, int days);

/** Writes `text` in the place of one of the files. */
void cert_spoil(const char *path, const char *text);

/** The pair as the server wants it; views of `cert`. */
struct tls_pair cert_pair(const struct cert *cert);

/** What the client asks for; zeroed: any version, no SNI, no ALPN. */
struct client_options {
    int version;       /* TLS1_2_VERSION …; 0: any */
    const char *name;  /* SNI */
    const char *alpn;  /* one name of up to 99 letters */
    const char *alpn2; /* a second one */
    SSL_SESSION *session;
    int corked; /* the end of the handshake waits for client_uncork */
};

/** A client with its own end of a connection to 127.0.0.1. */
struct client {
    int fd;
    SSL_CTX *context;
    SSL *ssl;
};

/** Connects and does the handshake; 1, or 0 with client_close still to be called. */
int client_open(struct client *client, uint32_t port, const struct client_options *options);
void client_close(struct client *client);

/** Sends what the connection holds back, in one piece with what was sent since. */
void client_uncork(struct client *client);

/** Sends all; fails the test otherwise. */
void client_send(struct client *client, const char *text, size_t len);

/** Encrypts `text` without sending it; returns the bytes on the wire, to be freed by free. */
unsigned char *client_seal(struct client *client, const char *text, size_t len, size_t *ret_len);

/** Reads until `text` was seen or nothing comes; whether it was seen. */
int client_expect(struct client *client, const char *text);

/** Whether the server ends the connection within twenty seconds, by close_notify or without. */
int client_ended(struct client *client);

/** Whether the certificate that the server showed is for `name`. */
int client_saw(struct client *client, const char *name);
