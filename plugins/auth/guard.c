/* SPDX-License-Identifier: MIT */
#include "guard.h"

#include <sodium.h>
#include <stdio.h>

#include "auth.h"
#include "identity.h"
#include "store_tries.h"

#define KEY_HASH_BYTES 16
#define KEY_BYTES (2 + sodium_base64_ENCODED_LEN(KEY_HASH_BYTES, KEY_VARIANT))
#define KEY_VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define ACCOUNT_BYTES_MAX 254

/** Bounds from the configuration; an account's own wait stays short, see the header. */
static void bounds_fill(struct store_tries_bound *ret_bounds)
{
    const struct auth_config *config = &auth_config;
    ret_bounds[STORE_TRIES_ADDRESS] = (struct store_tries_bound){config->login_free_address,
                                                                 config->login_wait_max_s};
    ret_bounds[STORE_TRIES_PAIR] = (struct store_tries_bound){config->login_free,
                                                              config->login_wait_max_s};
    ret_bounds[STORE_TRIES_ACCOUNT] = (struct store_tries_bound){config->login_free_account,
                                                                 config->login_wait_account_s};
}

/** The name of a counter: a hash, so that the table tells nobody who tried what. */
static void key_make(const struct guard_try *attempt, char kind, char ret_key[KEY_BYTES])
{
    char account[ACCOUNT_BYTES_MAX];
    uint64_t account_len = attempt->account.len;
    char network[AUTH_NETWORK_BYTES];
    uint64_t network_len = auth_network(attempt->address, network);
    uint8_t hash[KEY_HASH_BYTES];
    crypto_generichash_state state;
    if (account_len > sizeof account)
        account_len = sizeof account;
    for (uint64_t i = 0; i < account_len; i++) {
        char c = attempt->account.ptr[i];
        account[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, (const uint8_t *)attempt->what, strlen(attempt->what) + 1);
    if (kind != 'i')
        crypto_generichash_update(&state, (const uint8_t *)account, account_len);
    crypto_generichash_update(&state, (const uint8_t *)"\n", 1);
    if (kind != 'a')
        crypto_generichash_update(&state, (const uint8_t *)network, network_len);
    crypto_generichash_final(&state, hash, sizeof hash);
    ret_key[0] = kind;
    ret_key[1] = ':';
    sodium_bin2base64(ret_key + 2, KEY_BYTES - 2, hash, sizeof hash, KEY_VARIANT);
}

/** The three counters of a try, and their names. */
struct counters {
    struct store_try attempt;
    struct store_tries_bound bounds[STORE_TRIES_KINDS];
    char keys[STORE_TRIES_KINDS][KEY_BYTES];
};

static void counters_fill(const struct guard_try *attempt, struct counters *ret_counters)
{
    static const char KINDS[STORE_TRIES_KINDS] = {'i', 'p', 'a'};
    bounds_fill(ret_counters->bounds);
    ret_counters->attempt.bounds = ret_counters->bounds;
    ret_counters->attempt.wait_ms = auth_config.login_wait_ms;
    for (int i = 0; i < STORE_TRIES_KINDS; i++) {
        key_make(attempt, KINDS[i], ret_counters->keys[i]);
        ret_counters->attempt.keys[i] = dais_cstr(ret_counters->keys[i]);
    }
}

int32_t guard_enter(const struct guard_try *attempt, int64_t *ret_wait_s)
{
    struct counters counters;
    counters_fill(attempt, &counters);
    if (attempt->is_known)
        counters.attempt.keys[STORE_TRIES_ACCOUNT] = dais_cstr(NULL);
    return store_try_count(&counters.attempt, ret_wait_s);
}

int32_t guard_succeeded(const struct guard_try *attempt)
{
    struct counters counters;
    counters_fill(attempt, &counters);
    return store_try_forget(&counters.attempt);
}
