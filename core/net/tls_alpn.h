/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The protocols that a client offers inside TLS (ALPN, RFC 7301). A pure function.
 */
#include <stdbool.h>
#include <stddef.h>

/**
 * Whether the extension `bytes`, as it stands in the client's hello, names `protocol`. What is cut
 * off names nothing (RFC 7301 §3.1).
 */
bool tls_alpn_offers(const unsigned char *bytes, size_t len, const char *protocol);
