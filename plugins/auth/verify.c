/* SPDX-License-Identifier: MIT */
#include "verify.h"

#include "account.h"
#include "identity.h"
#include "letters.h"
#include "secret.h"

static int mode_is(const char *mode)
{
    return dais_str_eq(auth_config.email_verification, dais_cstr(mode));
}

int verify_is_missing(const struct store_user *user)
{
    return mode_is("required") && !user->email_verified;
}

int32_t verify_begin(struct dais_tx *tx, const struct store_user *user)
{
    if (mode_is("off") || user->email_verified)
        return DAIS_OK;
    if (!letters_available())
        return mode_is("required") ? DAIS_E_UNAVAILABLE : DAIS_OK;
    const struct store_link link = {user->id, user->email, STORE_LINK_VERIFY};
    int32_t error = letters_send_link(tx, &link);
    return error == DAIS_E_LIMIT ? DAIS_OK : error; /* the owner may ask for another letter */
}

/** Runs one step in a transaction of its own. */
static int32_t in_tx(int32_t (*step)(struct dais_tx *tx, void *arg), void *arg)
{
    struct dais_tx *tx = NULL;
    int32_t error = dais_db->begin(&tx);
    if (error)
        return error;
    error = step(tx, arg);
    if (!error)
        return dais_db->commit(tx);
    dais_db->rollback(tx);
    return error;
}

static int32_t send_in(struct dais_tx *tx, void *arg)
{
    return letters_send_link(tx, arg);
}

int32_t verify_resend(struct dais_str email)
{
    struct store_user user;
    if (mode_is("off"))
        return DAIS_OK;
    int32_t error = store_user_by_email(email, &user);
    if (error == DAIS_E_NOT_FOUND || (!error && (user.email_verified || user.disabled)))
        return DAIS_OK;
    struct store_link link = {user.id, user.email, STORE_LINK_VERIFY};
    return error ? error : in_tx(send_in, &link);
}

/** The owner of the address before hears of it; what was sent there opens nothing any more. */
static int32_t move_in(struct dais_tx *tx, const struct store_link *link, uint8_t is_verified)
{
    struct store_user before;
    int32_t error = store_user_by_id(link->user_id, &before);
    if (!error)
        error = store_links_set_email(tx, link->user_id, link->email, is_verified);
    if (!error)
        error = store_links_drop(tx, link->user_id);
    return error ? error : letters_tell_address(tx, before.email);
}

static int32_t move_unverified_in(struct dais_tx *tx, void *arg)
{
    return move_in(tx, arg, 0);
}

int32_t verify_change(struct dais_str user_id, struct dais_str email)
{
    struct store_user owner;
    struct store_link link = {user_id, email, STORE_LINK_CHANGE};
    int32_t error = store_user_by_email(email, &owner);
    if (!error)
        return DAIS_E_CONFLICT;
    if (error != DAIS_E_NOT_FOUND)
        return error;
    if (mode_is("off"))
        return in_tx(move_unverified_in, &link);
    return letters_available() ? in_tx(send_in, &link) : DAIS_E_UNAVAILABLE;
}

static int32_t finish_in(struct dais_tx *tx, void *arg)
{
    const struct dais_str *hash = arg;
    struct store_link link;
    int32_t error = store_link_take(tx, *hash, STORE_LINK_VERIFY, &link);
    if (error)
        return error;
    if (link.purpose == STORE_LINK_CHANGE)
        return move_in(tx, &link, 1);
    return account_set_verified(tx, link.user_id, link.email);
}

int32_t verify_finish(struct dais_str secret)
{
    uint8_t hash[SECRET_HASH_BYTES];
    secret_hash(secret, hash);
    struct dais_str view = dais_str((const char *)hash, sizeof hash);
    return in_tx(finish_in, &view);
}
