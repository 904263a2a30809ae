/* SPDX-License-Identifier: MIT */
#include "letters.h"

#include <stdatomic.h>

#include "dais/fiber.h"
#include "dais/log.h"
#include "dais/mem.h"
#include "dais/svc/mailer.h"
#include "identity.h"
#include "links.h"
#include "reset.h"
#include "secret.h"
#include "verify.h"

/** Errands of a process that are under way at once. */
#define ERRANDS_MAX 256
#define EMAIL_BYTES_MAX 254u
/** A letter that says what has happened is of use for a day. */
#define NOTICE_LIFE_S 86400

struct errand {
    enum letters_errand kind;
    uint32_t len;
    char email[EMAIL_BYTES_MAX];
};

static _Atomic int errands;

int letters_available(void)
{
    return dais_mailer != NULL;
}

static int64_t life_of(uint32_t purpose)
{
    return purpose == STORE_LINK_RESET ? auth_config.reset_life_s : auth_config.verify_life_s;
}

/** The configured address of the pages without a slash at its end. */
static struct dais_str pages_url(void)
{
    struct dais_str url = auth_config.public_url;
    while (url.len > 0 && url.ptr[url.len - 1] == '/')
        url.len--;
    return url;
}

int32_t letters_send_link(struct dais_tx *tx, const struct store_link *link)
{
    char secret[SECRET_TEXT_BYTES];
    char text[LINKS_TEXT_BYTES];
    uint8_t hash[SECRET_HASH_BYTES];
    secret_make("", secret);
    secret_hash(dais_cstr(secret), hash);
    const struct store_new_link new_link = {
        .link = *link,
        .hash = dais_str((const char *)hash, sizeof hash),
        .life_s = life_of(link->purpose),
    };
    const struct links_letter letter = {link->purpose, new_link.life_s, secret, pages_url()};
    int32_t error = links_text(&letter, text);
    if (!error)
        error = store_link_put(tx, &new_link);
    if (error)
        return error;
    const struct dais_mail mail = {
        .to = link->email,
        .subject = dais_cstr(links_subject(link->purpose)),
        .text = dais_cstr(text),
        .kind = dais_cstr(links_kind(link->purpose)),
        .life_s = new_link.life_s,
    };
    return dais_mailer_queue(tx, &mail);
}

static int32_t tell(struct dais_tx *tx, const struct dais_mail *mail)
{
    if (!letters_available())
        return DAIS_OK;
    int32_t error = dais_mailer_queue(tx, mail);
    return error == DAIS_E_LIMIT ? DAIS_OK : error;
}

int32_t letters_tell_password(struct dais_tx *tx, struct dais_str email)
{
    const struct dais_mail mail = {
        .to = email,
        .subject = dais_cstr("Your password was changed"),
        .text = dais_cstr("Hello,\n\nthe password of your account was set anew by a link that we "
                          "sent to this address. All\nlogins have ended, and keys for machines are "
                          "removed.\n\nIf it was not you, "
                          "somebody reads your letters.\n"),
        .kind = dais_cstr("password_changed"),
        .life_s = NOTICE_LIFE_S,
    };
    return tell(tx, &mail);
}

int32_t letters_tell_address(struct dais_tx *tx, struct dais_str email)
{
    const struct dais_mail mail = {
        .to = email,
        .subject = dais_cstr("The address of your account was changed"),
        .text = dais_cstr("Hello,\n\nyour account has another e-mail address now. Letters about it "
                          "no longer come here.\n\nIf it was not you, somebody knows your "
                          "password.\n"),
        .kind = dais_cstr("email_changed"),
        .life_s = NOTICE_LIFE_S,
    };
    return tell(tx, &mail);
}

static void run(uint64_t cookie)
{
    struct errand *errand = (struct errand *)(uintptr_t)cookie;
    struct dais_str email = dais_str(errand->email, errand->len);
    int32_t error = errand->kind == LETTERS_RESET ? reset_begin(email) : verify_resend(email);
    if (error && error != DAIS_E_LIMIT)
        dais_logf(DAIS_WARN, "a letter about an account was not sent: error %d", (int)error);
    dais_mem->state_free(errand);
    atomic_fetch_sub(&errands, 1);
}

static const struct dais_task ERRAND = {"auth_letter", run};

static int32_t start(enum letters_errand kind, struct dais_str email)
{
    dais_handle fiber;
    struct errand *errand = dais_mem->state_alloc(sizeof *errand);
    if (!errand)
        return DAIS_E_MEMORY;
    errand->kind = kind;
    errand->len = (uint32_t)email.len;
    memcpy(errand->email, email.ptr, email.len);
    int32_t error = dais_fiber->spawn(&ERRAND, (uint64_t)(uintptr_t)errand, &fiber);
    if (error)
        dais_mem->state_free(errand);
    return error;
}

int32_t letters_later(enum letters_errand errand, struct dais_str email)
{
    if (!letters_available())
        return DAIS_E_UNAVAILABLE;
    if (email.len == 0 || email.len > EMAIL_BYTES_MAX)
        return DAIS_E_INVALID;
    if (atomic_fetch_add(&errands, 1) >= ERRANDS_MAX) {
        atomic_fetch_sub(&errands, 1);
        return DAIS_E_LIMIT;
    }
    int32_t error = start(errand, email);
    if (error)
        atomic_fetch_sub(&errands, 1);
    return error;
}
