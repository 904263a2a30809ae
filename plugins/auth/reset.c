/* SPDX-License-Identifier: MIT */
#include "reset.h"

#include "account.h"
#include "guard.h"
#include "identity.h"
#include "letters.h"
#include "password.h"
#include "secret.h"
#include "store_sessions.h"

int32_t reset_begin(struct dais_str email)
{
    struct store_user user;
    struct dais_tx *tx = NULL;
    int32_t error = store_user_by_email(email, &user);
    if (error == DAIS_E_NOT_FOUND || (!error && user.disabled))
        return DAIS_OK;
    if (!error)
        error = dais_db->begin(&tx);
    if (error)
        return error;
    const struct store_link link = {user.id, user.email, STORE_LINK_RESET};
    error = letters_send_link(tx, &link);
    if (error) {
        dais_db->rollback(tx);
        return error;
    }
    return dais_db->commit(tx);
}

/**
 * The address of a link is the owner's: he has read what went there. Who had the account until now
 * may have been somebody else, so machines are shut out as well.
 */
static int32_t set_in(struct dais_tx *tx, const struct store_link *link, struct dais_str hash)
{
    int32_t error = account_set_password(tx, link->user_id, hash, dais_str(NULL, 0));
    if (!error)
        error = store_keys_delete(tx, link->user_id);
    if (!error)
        error = account_set_verified(tx, link->user_id, link->email);
    if (error == DAIS_E_NOT_FOUND) /* another address by now: whose letter this was is not known */
        return error;
    return error ? error : letters_tell_password(tx, link->email);
}

static int32_t use(struct dais_str link_hash, struct dais_str password_hash,
                   struct store_link *ret_link)
{
    struct dais_tx *tx = NULL;
    int32_t error = dais_db->begin(&tx);
    if (error)
        return error;
    error = store_link_take(tx, link_hash, STORE_LINK_RESET, ret_link);
    if (!error)
        error = set_in(tx, ret_link, password_hash);
    if (error) {
        dais_db->rollback(tx);
        return error;
    }
    error = dais_db->commit(tx);
    identity_revoke_user(ret_link->user_id);
    return error;
}

int32_t reset_finish(struct dais_str secret, struct dais_str password, struct dais_str address)
{
    uint8_t hash[SECRET_HASH_BYTES];
    char password_text[PASSWORD_HASH_BYTES];
    struct store_link link;
    secret_hash(secret, hash);
    struct dais_str link_hash = dais_str((const char *)hash, sizeof hash);
    int32_t error = store_link_check(link_hash, STORE_LINK_RESET);
    if (!error) /* the dear part only for those who have a chance */
        error = password_hash(password, password_text);
    if (!error)
        error = use(link_hash, dais_cstr(password_text), &link);
    if (error)
        return error;
    const struct guard_try login = {"login", link.email, address, 0};
    return guard_succeeded(&login);
}
