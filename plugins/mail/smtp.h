/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * SMTP by libcurl (RFC 5321, STARTTLS by RFC 3207, AUTH by RFC 4954): one connection a message, in
 * a job of the class "mail", with a time limit on each step. Nothing that curl says about a
 * connection is written down but its last error and the server's last status.
 */
#include "dais/error.h"
#include "dais/types.h"

#define SMTP_ERROR_BYTES 256

/** When the connection is secured. */
enum smtp_tls {
    SMTP_TLS_OFF,    /**< never */
    SMTP_TLS_TRY,    /**< when the server offers it */
    SMTP_TLS_REQUIRE /**< always, or nothing is sent */
};

/** Where messages go and as whom; set once in `init`, read by jobs. NUL-terminated, NULL: none. */
struct smtp_account {
    const char *url;
    const char *username;
    const char *password;
    const char *ca_file;
    uint32_t tls; /**< enum smtp_tls */
    uint32_t timeout_ms;
};

/** How an attempt ended. */
enum smtp_outcome {
    SMTP_SENT,   /**< the server has taken the message */
    SMTP_LATER,  /**< it did not; another attempt may do better */
    SMTP_NEVER,  /**< the server refuses this message for ever */
    SMTP_ABORTED /**< cut short because the plugin stops */
};

/** One message. The strings are NUL-terminated. */
struct smtp_message {
    const char *from;
    const char *to;
    const char *data;
    uint64_t len;
};

/** What came of it. */
struct smtp_result {
    uint32_t outcome; /**< enum smtp_outcome */
    char error[SMTP_ERROR_BYTES];
};

/** [setup] Readies libcurl; smtp_fini gives it back. DAIS_E_INTERNAL. */
DAIS_CHECK_RESULT int32_t smtp_init(const struct smtp_account *account);
void smtp_fini(void);

/** [any] Ends attempts that are under way within a second, and each later one at once. */
void smtp_stop(void);

/** [fiber] [suspends] Tries once. DAIS_E_LIMIT: too many jobs wait, nothing was tried. */
DAIS_CHECK_RESULT int32_t smtp_send(const struct smtp_message *message,
                                    struct smtp_result *ret_result);
