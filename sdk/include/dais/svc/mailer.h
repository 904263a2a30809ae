/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.mailer/1: letters to people. Offered by `mail`, which sends by SMTP; another plugin may
 * offer it instead.
 *
 * A caller queues a message and goes on: nobody waits for a mail server. Queued inside a
 * transaction it exists when that transaction commits and not otherwise, so an account and the
 * letter that welcomes it come into being together. The provider delivers each message at least
 * once, with the same Message-ID each time, and gives up after a bounded number of attempts or when
 * the message has outlived its use.
 *
 * A message may hold a secret (a link that resets a password): the provider shows its text to
 * nobody but the recipient, and forgets it once it is sent or given up. A provider that has no mail
 * server to send by, as in development, may print messages; it says so in its documentation.
 */
#include "dais/db.h"
#include "dais/services.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DAIS_MAIL_SUBJECT_BYTES_MAX 400u /**< in UTF-8 */
#define DAIS_MAIL_TEXT_BYTES_MAX 65536u  /**< in UTF-8 */
#define DAIS_MAIL_KIND_BYTES_MAX 40u

/** One message to one recipient. Borrowed for the call. */
struct dais_mail {
    struct dais_str to;      /**< one address, RFC 5321, ASCII: "ann@example.org" */
    struct dais_str subject; /**< UTF-8 without control characters, so no header can be injected */
    struct dais_str text;    /**< UTF-8, plain text, lines end in \n; no other control but tab */
    struct dais_str kind;    /**< what it is for logs and lists: [a-z][a-z0-9_]* */
    int64_t life_s;          /**< not sent later than this after it was queued; 0: no such bound */
};

struct dais_mailer_v1 {
    /**
     * [fiber] [suspends] Queues `mail`, inside `tx` when that is not NULL, else durably at once.
     * DAIS_E_INVALID: a field is not as described · DAIS_E_TOO_LARGE: subject or text is too long ·
     * DAIS_E_LIMIT: this recipient gets too many, or too many wait altogether · DAIS_E_UNAVAILABLE:
     * no database, or no provider · further errors as in dais/db.h. After INVALID, TOO_LARGE and
     * LIMIT the transaction is as before and may go on; after any other error only rollback is
     * left.
     */
    int32_t (*queue)(struct dais_tx *tx, const struct dais_mail *mail);
};

DAIS_SLOT const struct dais_mailer_v1 *dais_mailer;
#define DAIS_NEED_MAILER DAIS_NEED(mailer, "dais.mailer/1", 0)
/** For a plugin that works without letters: the slot is NULL where no plugin offers the service. */
#define DAIS_NEED_MAILER_OPTIONAL DAIS_NEED(mailer, "dais.mailer/1", DAIS_NEED_OPTIONAL)

/**
 * [fiber] [suspends] Queues a message; see struct dais_mailer_v1. DAIS_E_UNAVAILABLE where no
 * plugin offers the service.
 */
static inline int32_t dais_mailer_queue(struct dais_tx *tx, const struct dais_mail *mail)
{
    if (!dais_mailer)
        return DAIS_E_UNAVAILABLE;
    uint64_t entered = dais_services->enter(dais_mailer);
    int32_t error = dais_mailer->queue(tx, mail);
    dais_services->leave(entered);
    return error;
}

#ifdef __cplusplus
}
#endif
