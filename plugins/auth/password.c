/* SPDX-License-Identifier: MIT */
#include "password.h"

#include <sodium.h>

#include "dais/fiber.h"

_Static_assert(PASSWORD_HASH_BYTES == crypto_pwhash_STRBYTES, "libsodium's length of a hash");

/** A password on its way through the thread pool. */
struct password_work {
    struct dais_str password;
    char hash[PASSWORD_HASH_BYTES];
};

static char decoy[PASSWORD_HASH_BYTES];

static int32_t hash_run(void *arg)
{
    struct password_work *work = arg;
    int failed = crypto_pwhash_str_alg(
        work->hash, work->password.ptr, work->password.len, crypto_pwhash_OPSLIMIT_INTERACTIVE,
        crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13);
    return failed ? DAIS_E_MEMORY : DAIS_OK;
}

static int32_t verify_run(void *arg)
{
    const struct password_work *work = arg;
    int differs = crypto_pwhash_str_verify(work->hash, work->password.ptr, work->password.len);
    return differs ? DAIS_E_UNAUTHENTICATED : DAIS_OK;
}

static const struct dais_job HASH = {"hash password", "password", hash_run};
static const struct dais_job VERIFY = {"verify password", "password", verify_run};

int32_t password_init(void)
{
    if (sodium_init() < 0)
        return DAIS_E_INTERNAL;
    unsigned char noise[32];
    randombytes_buf(noise, sizeof noise);
    struct password_work work = {.password = dais_str((const char *)noise, sizeof noise)};
    int32_t error = hash_run(&work);
    memcpy(decoy, work.hash, sizeof decoy);
    return error;
}

int32_t password_hash(struct dais_str password, char ret_hash[PASSWORD_HASH_BYTES])
{
    struct password_work work = {.password = password};
    int32_t error = dais_fiber->job(&HASH, &work);
    if (!error)
        memcpy(ret_hash, work.hash, PASSWORD_HASH_BYTES);
    return error;
}

int32_t password_verify(struct dais_str password, struct dais_str hash)
{
    int known = hash.ptr && hash.len < PASSWORD_HASH_BYTES;
    struct password_work work = {.password = password};
    memcpy(work.hash, known ? hash.ptr : decoy, known ? hash.len : sizeof decoy);
    int32_t error = dais_fiber->job(&VERIFY, &work);
    return error || known ? error : DAIS_E_UNAUTHENTICATED;
}
