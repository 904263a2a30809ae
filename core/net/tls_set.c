/* SPDX-License-Identifier: MIT */
/*
 * All pairs as one reading of their files gave them, and the choice between them by SNI.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/tls_inner.h"

#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>

/** The pairs of one reading. Belongs to the context of the first one, which it does not hold. */
struct tls_set {
    uint32_t count;
    struct tls_loaded pairs[];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int set_index; /* of the set in its first context's ex_data */

static void free_set(void *parent, void *set_data, CRYPTO_EX_DATA *data, int index, long argl,
                     void *argp)
{
    struct tls_set *set = set_data;
    (void)parent;
    (void)data;
    (void)index;
    (void)argl;
    (void)argp;
    for (uint32_t i = 1; set && i < set->count; i++)
        SSL_CTX_free(set->pairs[i].context);
    mem_free(set);
}

static void find_index(void)
{
    set_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_set);
}

/* Called once the client's hello is known. Names are those in the certificates. */
static int choose_pair(SSL *ssl, int *alert, void *arg)
{
    const struct tls_set *set = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)alert;
    for (uint32_t i = 0; name && i < set->count; i++) {
        if (X509_check_host(set->pairs[i].certificate, name, 0,
                            X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) != 1)
            continue;
        if (i > 0)
            SSL_set_SSL_CTX(ssl, set->pairs[i].context);
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

static void warn_of_end(const struct tls_pair *pair, const struct tls_facts *facts)
{
    char when[CLOCK_RFC3339_BYTES];
    int64_t now_s = clock_unix_ms() / 1000;
    clock_format_rfc3339(facts->ends_s * 1000, when);
    if (facts->begins_s > now_s)
        LOG_WARN("certificate is not valid yet", log_str("file", pair->certificate));
    else if (facts->ends_s <= now_s)
        LOG_WARN("certificate has ended", log_str("file", pair->certificate),
                 log_text("ended", when));
    else if (facts->ends_s - now_s < TLS_ENDS_SOON_S)
        LOG_WARN("certificate ends soon", log_str("file", pair->certificate),
                 log_text("ends", when));
}

/* From here on the first context holds the others. */
static int32_t tie(struct tls_set *set)
{
    SSL_CTX *first = set->pairs[0].context;
    pthread_once(&once, find_index);
    if (set_index < 0 || SSL_CTX_set_ex_data(first, set_index, set) != 1)
        return DAIS_E_MEMORY;
    SSL_CTX_set_tlsext_servername_callback(first, choose_pair);
    SSL_CTX_set_tlsext_servername_arg(first, set);
    return DAIS_OK;
}

static void drop(struct tls_set *set)
{
    for (uint32_t i = 0; i < set->count; i++)
        SSL_CTX_free(set->pairs[i].context);
    mem_free(set);
}

int32_t tls_set_load(const struct tls_pair *pairs, uint32_t count, SSL_CTX **ret_context,
                     int64_t *ret_ends_s, char ret_message[TLS_MESSAGE_BYTES])
{
    int64_t ends_s = INT64_MAX;
    struct tls_set *set = mem_zalloc(1, sizeof *set + count * sizeof set->pairs[0]);
    int32_t code = set ? DAIS_OK : DAIS_E_MEMORY;
    snprintf(ret_message, TLS_MESSAGE_BYTES, "no memory");
    for (uint32_t i = 0; code == DAIS_OK && i < count; i++) {
        code = tls_pair_load(&pairs[i], &set->pairs[i], ret_message);
        if (code != DAIS_OK)
            break;
        set->count++;
        warn_of_end(&pairs[i], &set->pairs[i].facts);
        if (set->pairs[i].facts.ends_s < ends_s)
            ends_s = set->pairs[i].facts.ends_s;
    }
    if (code == DAIS_OK)
        code = tie(set);
    if (code != DAIS_OK) {
        if (set)
            drop(set);
        return code;
    }
    *ret_context = set->pairs[0].context;
    *ret_ends_s = ends_s;
    return DAIS_OK;
}
