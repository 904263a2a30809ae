/* SPDX-License-Identifier: MIT */
#include "net/tls.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "net/tls_inner.h"

/** Paths of all pairs. */
#define TLS_ARENA_BYTES (1u << 20)

/** Numbers of the rows below. */
enum tls_metric { TLS_METRIC_ENDS, TLS_METRIC_RELOADS, TLS_METRIC_FAILURES, TLS_METRIC_COUNT };

static const struct metrics_row metric_rows[TLS_METRIC_COUNT] = {
    [TLS_METRIC_ENDS] = {.name = "dais_tls_certificate_end_timestamp_seconds",
                         .kind = METRICS_GAUGE,
                         .help = "Unix time at which the first of the certificates ends"},
    [TLS_METRIC_RELOADS] = {.name = "dais_tls_reloads_total",
                            .kind = METRICS_COUNTER,
                            .help = "Certificates that were read again and are served"},
    [TLS_METRIC_FAILURES] = {.name = "dais_tls_reload_failures_total",
                             .kind = METRICS_COUNTER,
                             .help = "Certificates that were read again and could not be used"},
};

static int32_t copy_pairs(struct tls *tls, const struct tls_pair *pairs, uint32_t count)
{
    tls->pairs = arena_alloc(&tls->arena, count * sizeof *tls->pairs);
    for (uint32_t i = 0; tls->pairs && i < count; i++) {
        tls->pairs[i].certificate = arena_dup(&tls->arena, pairs[i].certificate);
        tls->pairs[i].key = arena_dup(&tls->arena, pairs[i].key);
        if (!tls->pairs[i].certificate.ptr || !tls->pairs[i].key.ptr)
            return DAIS_E_MEMORY;
    }
    tls->count = count;
    return tls->pairs ? DAIS_OK : DAIS_E_MEMORY;
}

/* Reads the files and serves by them. */
static int32_t read_pairs(struct tls *tls, char ret_message[TLS_MESSAGE_BYTES])
{
    SSL_CTX *context = NULL;
    int64_t ends_s = 0;
    atomic_store(&tls->read, tls_files_look(tls));
    int32_t code = tls_set_load(tls->pairs, tls->count, &context, &ends_s, ret_message);
    if (code != DAIS_OK)
        return code;
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *old = tls->context;
    tls->context = context;
    metrics_add(tls->metrics + TLS_METRIC_ENDS, ends_s - tls->ends_s);
    tls->ends_s = ends_s;
    atomic_fetch_add(&tls->version, 1);
    pthread_mutex_unlock(&tls->lock);
    SSL_CTX_free(old);
    return DAIS_OK;
}

int32_t tls_new(const struct tls_pair *pairs, uint32_t count, char ret_message[TLS_MESSAGE_BYTES],
                struct tls **ret_tls)
{
    if (count == 0 || count > TLS_PAIRS_MAX)
        return DAIS_E_INVALID;
    struct tls *tls = mem_zalloc(1, sizeof *tls);
    if (!tls)
        return DAIS_E_MEMORY;
    arena_init(&tls->arena, TLS_ARENA_BYTES);
    pthread_mutex_init(&tls->lock, NULL);
    int32_t code = copy_pairs(tls, pairs, count);
    if (code == DAIS_OK)
        code = metrics_register(metric_rows, TLS_METRIC_COUNT, &tls->metrics);
    if (code == DAIS_OK)
        code = read_pairs(tls, ret_message);
    if (code != DAIS_OK) {
        tls_free(tls);
        return code;
    }
    *ret_tls = tls;
    return DAIS_OK;
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->context);
    pthread_mutex_destroy(&tls->lock);
    arena_reset(&tls->arena);
    mem_free(tls);
}

int32_t tls_reload(struct tls *tls, char ret_message[TLS_MESSAGE_BYTES])
{
    int32_t code = read_pairs(tls, ret_message);
    if (code == DAIS_OK) {
        metrics_add(tls->metrics + TLS_METRIC_RELOADS, 1);
        LOG_INFO("certificates reloaded", log_uint("pairs", tls->count));
    } else {
        metrics_add(tls->metrics + TLS_METRIC_FAILURES, 1);
        LOG_ERROR("certificates not reloaded, the old ones stay", log_text("reason", ret_message));
    }
    return code;
}

SSL_CTX *tls_use_get(struct tls_use *use, struct tls *tls)
{
    uint64_t version = atomic_load_explicit(&tls->version, memory_order_acquire);
    if (use->version == version)
        return use->context;
    tls_use_drop(use);
    pthread_mutex_lock(&tls->lock);
    use->context = tls->context;
    SSL_CTX_up_ref(use->context);
    use->version = atomic_load(&tls->version);
    pthread_mutex_unlock(&tls->lock);
    return use->context;
}

void tls_use_drop(struct tls_use *use)
{
    SSL_CTX_free(use->context);
    *use = (struct tls_use){0};
}
