/* SPDX-License-Identifier: MIT */
#pragma once
/* The rules of letters: pure functions on plain structs, no I/O and no clock. */
#include "dais/svc/mailer.h"

/** The longest wait between two attempts, in milliseconds: one hour. */
#define MAIL_RETRY_MS_MAX 3600000u
#define MAIL_HOST_BYTES_MAX 255u
/** Longest address, RFC 5321 §4.5.3.1.3. */
#define MAIL_ADDRESS_BYTES_MAX 254u

/** Where letters go, taken apart. `host` is a view of the url. */
struct mail_url {
    struct dais_str host; /**< without the brackets of an IPv6 address */
    int implicit_tls;     /**< smtps:// */
};

/**
 * Takes a url of the forms smtp://host, smtp://host:587, smtps://[::1]:465 apart.
 * DAIS_E_INVALID: another scheme, a path, credentials, a bad host or port.
 */
DAIS_CHECK_RESULT int32_t mail_url_parse(struct dais_str url, struct mail_url *ret_url);

/** Whether `host` is this machine: localhost, 127.x.x.x or ::1. */
int mail_host_is_loopback(struct dais_str host);

/** Whether `address` can be written into a command and a header as it is: local@domain, ASCII. */
int mail_address_ok(struct dais_str address);

/** Whether `text` is valid UTF-8 without control characters; `lines` lets tab and \n through. */
int mail_text_ok(struct dais_str text, int lines);

/** Whether a message is as dais/svc/mailer.h wants it. DAIS_E_INVALID, DAIS_E_TOO_LARGE. */
DAIS_CHECK_RESULT int32_t mail_check(const struct dais_mail *mail);

/** A number that differs by letter and attempt, so that letters that failed together part. */
uint32_t mail_chance(struct dais_str id, uint32_t attempt);

/**
 * How long to wait after attempt number `attempt` (from 1) failed: doubling from `base_ms` up to
 * MAIL_RETRY_MS_MAX, a quarter more or less by `chance`, any number.
 */
uint64_t mail_retry_ms(uint32_t attempt, uint64_t base_ms, uint32_t chance);
