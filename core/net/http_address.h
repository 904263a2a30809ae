/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Addresses of peers: read from text, compared with networks, and found in the headers in which
 * proxies tell whom they speak for. Pure functions; IPv4 is kept as IPv6 (::ffff:a.b.c.d).
 */
#include "dais/error.h"
#include "dais/mem.h"

#include <netinet/in.h>
#include <stdbool.h>

/** Longest text of an address with its NUL. */
#define HTTP_ADDRESS_BYTES 48u

/** An address; all zero: none. */
struct http_address {
    uint8_t bytes[16];
};

/** The addresses that begin with the first `bits` of `base`. */
struct http_network {
    struct http_address base;
    uint32_t bits;
};

/** What a header says of one hop; views into it. */
struct http_hop {
    struct http_address address; /**< who the proxy spoke for; none: it does not say */
    struct dais_str scheme;      /**< "http", "https" or absent */
};

/** The address of a socket's name; none for other families. */
struct http_address http_address_of(const struct sockaddr_storage *name);

/** Reads "192.0.2.1", "2001:db8::1" or "[2001:db8::1]", with or without ":port". 0, or
 * DAIS_E_INVALID. */
DAIS_CHECK_RESULT int32_t http_address_parse(struct dais_str text,
                                             struct http_address *ret_address);

/** Writes an address as text, "unknown" for none. */
void http_address_write(const struct http_address *address, char ret_text[HTTP_ADDRESS_BYTES]);

/** What counts as one peer for limits: an IPv4 address, the first 64 bits of an IPv6 one, hashed
 * with this process's key. */
uint64_t http_address_key(const struct http_address *address);

/** Reads "10.0.0.0/8", "::1" … Bits behind the prefix are ignored. 0, or DAIS_E_INVALID. */
DAIS_CHECK_RESULT int32_t http_network_parse(struct dais_str text,
                                             struct http_network *ret_network);

/** Whether the network holds the address. */
bool http_network_has(const struct http_network *network, const struct http_address *address);

/**
 * Takes the last hop off a value of X-Forwarded-For, or with `forwarded` of Forwarded (RFC 7239
 * §4): `rest` is what stands before it. False when nothing is left.
 */
bool http_hop_take(struct dais_str *rest, bool forwarded, struct http_hop *ret_hop);
