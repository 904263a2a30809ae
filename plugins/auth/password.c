/* SPDX-License-Identifier: MIT */
#include "password.h"

#include <sodium.h>
#include <stdio.h>

#include "dais/fiber.h"

_Static_assert(PASSWORD_HASH_BYTES == crypto_pwhash_STRBYTES, "libsodium's length of a hash");

/** A password on its way through the thread pool. */
struct password_work {
    struct dais_str password;
    char hash[PASSWORD_HASH_BYTES];
};

#define BASE64_VARIANT sodium_base64_VARIANT_ORIGINAL_NO_PADDING

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

/**
 * The decoy is a hash of nothing: salt and hash are noise, only the parameters count. Computing a
 * real one would take longer than the rest of the start.
 */
static int decoy_make(void)
{
    uint8_t salt[16], hash[32];
    char salt_text[32], hash_text[64];
    randombytes_buf(salt, sizeof salt);
    randombytes_buf(hash, sizeof hash);
    sodium_bin2base64(salt_text, sizeof salt_text, salt, sizeof salt, BASE64_VARIANT);
    sodium_bin2base64(hash_text, sizeof hash_text, hash, sizeof hash, BASE64_VARIANT);
    return snprintf(decoy, sizeof decoy, "$argon2id$v=19$m=%u,t=%u,p=1$%s$%s",
                    (unsigned)(crypto_pwhash_MEMLIMIT_INTERACTIVE / 1024),
                    (unsigned)crypto_pwhash_OPSLIMIT_INTERACTIVE, salt_text, hash_text);
}

int32_t password_init(void)
{
    if (sodium_init() < 0)
        return DAIS_E_INTERNAL;
    int len = decoy_make();
    return len > 0 && (size_t)len < sizeof decoy ? DAIS_OK : DAIS_E_INTERNAL;
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
