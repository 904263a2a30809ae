/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A message as it goes over the wire: RFC 5322 with the words of RFC 2047 in its headers and the
 * encodings of RFC 2045 in its body. What goes in has passed mail_check, so no field can end its
 * line and begin another one.
 */
#include "dais/types.h"

/** What a message is made of. */
struct compose_letter {
    struct dais_str id;        /**< before the @ of Message-ID; the same at every attempt */
    struct dais_str from;      /**< address */
    struct dais_str from_name; /**< for display; absent or empty: none */
    struct dais_str to;        /**< address */
    struct dais_str subject;
    struct dais_str text;
    int64_t unix_s; /**< when it was queued */
};

/** Bytes that the message takes at most. */
uint64_t compose_bytes_max(const struct compose_letter *letter);

/** Writes the message into `out`, which has room for compose_bytes_max; returns its length. */
uint64_t compose_write(const struct compose_letter *letter, char *out);
