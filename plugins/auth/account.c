/* SPDX-License-Identifier: MIT */
#include "account.h"

#include "auth.h"
#include "identity.h"
#include "operations.h"
#include "password.h"
#include "secret.h"
#include "store_invitations.h"
#include "store_links.h"
#include "verify.h"

/** A step of a change to an account: runs in `tx` on what `arg` says. */
typedef int32_t (*change_fn)(struct dais_tx *tx, struct dais_str user_id, const void *arg);

/** Makes a change and tells every worker, also where the outcome of the commit is not known. */
static int32_t change(struct dais_str user_id, change_fn step, const void *arg)
{
    struct dais_tx *tx = NULL;
    int32_t error = dais_db->begin(&tx);
    if (error)
        return error;
    error = step(tx, user_id, arg);
    if (error) {
        dais_db->rollback(tx);
        return error;
    }
    error = dais_db->commit(tx);
    identity_revoke_user(user_id);
    return error;
}

/** A new account on its way: the hash of its invitation's code is absent without one. */
struct creation {
    struct store_new_user user;
    struct dais_str invitation;
    uint8_t is_vouched;
};

static int32_t create_in(struct dais_tx *tx, struct creation *creation, struct store_user *ret_user)
{
    if (creation->invitation.ptr) {
        int32_t error = store_invitation_use(tx, creation->invitation, creation->user.email,
                                             &creation->user.role);
        if (error)
            return error;
    }
    int32_t error = store_user_add(tx, &creation->user, ret_user);
    if (error || !creation->is_vouched)
        return error ? error : verify_begin(tx, ret_user);
    ret_user->email_verified = 1;
    return account_set_verified(tx, ret_user->id, ret_user->email);
}

/** The operation around it: hooks may give the account another name, or refuse it. */
static int32_t create_hooked(struct dais_tx *tx, struct creation *creation,
                             struct store_user *ret_user)
{
    struct operations_user value = {
        .email = creation->user.email, .name = creation->user.name, .role = creation->user.role};
    struct dais_operation_run run;
    int32_t error = dais_operation_begin(&run, &operations_table[OPERATIONS_CREATE], tx, &value);
    if (!error) {
        creation->user.name = value.name;
        error = create_in(tx, creation, ret_user);
        value.id = ret_user->id;
        value.role = creation->user.role;
    }
    return dais_operation_end(&run, error);
}

static int32_t create(struct creation *creation, struct store_user *ret_user)
{
    struct dais_tx *tx = NULL;
    struct store_user user = {0};
    int32_t error = dais_db->begin(&tx);
    if (error)
        return error;
    error = create_hooked(tx, creation, &user);
    if (error) {
        dais_db->rollback(tx);
        return error;
    }
    error = dais_db->commit(tx);
    if (!error)
        *ret_user = user;
    return error;
}

int32_t account_create(const struct account_new *account, struct store_user *ret_user)
{
    char hash[PASSWORD_HASH_BYTES];
    uint8_t code[SECRET_HASH_BYTES];
    struct creation creation = {
        .user.email = account->email,
        .user.name = account->name.ptr ? account->name : auth_default_name(account->email),
        .user.role = account->role,
        .is_vouched = account->is_vouched,
    };
    int32_t error = DAIS_OK;
    if (account->invitation.ptr) {
        secret_hash(account->invitation, code);
        creation.invitation = dais_str((const char *)code, sizeof code);
        error = store_invitation_check(creation.invitation, account->email);
    }
    if (!error) /* the dear part only for those who have a chance */
        error = password_hash(account->password, hash);
    if (error)
        return error;
    creation.user.hash = dais_cstr(hash);
    return create(&creation, ret_user);
}

static int32_t delete_in(struct dais_tx *tx, struct dais_str user_id, const void *arg)
{
    (void)arg;
    struct operations_gone value = {.id = user_id};
    struct dais_operation_run run;
    int32_t error = dais_operation_begin(&run, &operations_table[OPERATIONS_DELETE], tx, &value);
    if (!error)
        error = store_admins_lock(tx);
    if (!error)
        error = store_user_delete(tx, user_id);
    return dais_operation_end(&run, error);
}

int32_t account_delete(struct dais_str user_id)
{
    return change(user_id, delete_in, NULL);
}

static int32_t role_in(struct dais_tx *tx, struct dais_str user_id, const void *arg)
{
    const struct dais_str *role = arg;
    int32_t error = store_admins_lock(tx);
    return error ? error : store_user_set_role(tx, user_id, *role);
}

int32_t account_set_role(struct dais_str user_id, struct dais_str role)
{
    return change(user_id, role_in, &role);
}

static int32_t disabled_in(struct dais_tx *tx, struct dais_str user_id, const void *arg)
{
    const uint8_t *disabled = arg;
    int64_t count = 0;
    int32_t error = store_admins_lock(tx);
    if (!error)
        error = store_user_set_disabled(tx, user_id, *disabled);
    if (!error && *disabled)
        error = store_sessions_end(tx, user_id, dais_str(NULL, 0), &count);
    return error;
}

int32_t account_set_disabled(struct dais_str user_id, uint8_t disabled)
{
    return change(user_id, disabled_in, &disabled);
}

static int32_t creator_in(struct dais_tx *tx, struct dais_str user_id, const void *arg)
{
    const struct account_creator *creator = arg;
    return store_creator_set(tx, user_id, creator->status, creator->reviewer_id);
}

int32_t account_set_creator(struct dais_str user_id, const struct account_creator *creator)
{
    return change(user_id, creator_in, creator);
}

int32_t account_review(const struct store_review *review, struct store_request *ret_request)
{
    struct dais_tx *tx = NULL;
    struct store_request request;
    int32_t error = dais_db->begin(&tx);
    if (error)
        return error;
    error = store_review(tx, review, &request);
    if (error) {
        dais_db->rollback(tx);
        return error;
    }
    error = dais_db->commit(tx);
    identity_revoke_user(request.user_id);
    if (!error)
        *ret_request = request;
    return error;
}

int32_t account_set_password(struct dais_tx *tx, struct dais_str user_id, struct dais_str hash,
                             struct dais_str keep_session)
{
    int64_t count = 0;
    int32_t error = store_links_drop_doors(tx, user_id); /* first, as where a link is used */
    if (!error)
        error = store_user_set_hash(tx, user_id, hash);
    return error ? error : store_sessions_end(tx, user_id, keep_session, &count);
}

static int32_t password_in(struct dais_tx *tx, struct dais_str user_id, const void *arg)
{
    const struct account_password *password = arg;
    return account_set_password(tx, user_id, password->hash, password->keep_session);
}

int32_t account_change_password(struct dais_str user_id, const struct account_password *password)
{
    return change(user_id, password_in, password);
}

static int32_t sessions_in(struct dais_tx *tx, struct dais_str user_id, const void *arg)
{
    const struct account_sessions *sessions = arg;
    return store_sessions_end(tx, user_id, sessions->keep, sessions->ret_count);
}

int32_t account_end_sessions(struct dais_str user_id, const struct account_sessions *sessions)
{
    return change(user_id, sessions_in, sessions);
}

int32_t account_set_verified(struct dais_tx *tx, struct dais_str user_id, struct dais_str email)
{
    return store_user_set_verified(tx, user_id, email);
}
