/* SPDX-License-Identifier: MIT */
#include "host/identity.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/str.h"
#include "data/bus.h"
#include "host/host_worker.h"
#include "host/marks.h"
#include "host/plugin_order.h"
#include "host/state.h"
#include "realtime/sockets.h"

#include <string.h>

#define SERVICE_NAME "dais.identity/1"

/** One remembered answer; its texts follow it in the same block. */
struct known {
    struct list_node node; /* of identity_cache.recent */
    uint64_t hash;
    uint64_t until_ms; /* monotonic */
    struct dais_str token;
    struct dais_identity identity;
};

struct identity_cache {
    struct idmap by_hash;
    struct list recent;   /* least recently used first */
    uint64_t revocations; /* how many this worker has heard of */
};

static const struct metrics_row metrics[] = {
    {.name = "dais_identity_cache_hits_total",
     .kind = METRICS_COUNTER,
     .help = "Tokens known without asking"},
    {.name = "dais_identity_verified_total",
     .kind = METRICS_COUNTER,
     .help = "Tokens that the identity provider was asked about"},
};

static struct {
    struct generation *generation; /* changes while the workers are parked; NULL: none offers it */
    const struct dais_identity_v1 *service;
    uint32_t first_metric;
} provider;

static void forget(struct identity_cache *cache, struct known *known)
{
    idmap_remove(&cache->by_hash, known->hash);
    list_remove(&known->node);
    mem_free(known);
}

int32_t identity_worker_start(struct identity_cache **ret_cache)
{
    struct identity_cache *cache = mem_zalloc(1, sizeof *cache);
    if (!cache)
        return DAIS_E_MEMORY;
    idmap_init(&cache->by_hash, IDENTITY_CACHE_MAX);
    list_init(&cache->recent);
    *ret_cache = cache;
    return DAIS_OK;
}

void identity_worker_stop(struct identity_cache *cache)
{
    if (!cache)
        return;
    LIST_EACH (node, &cache->recent)
        forget(cache, LIST_ITEM(node, struct known, node));
    idmap_fini(&cache->by_hash);
    mem_free(cache);
}

static int is_current(const struct known *known)
{
    return clock_tick_ms() < known->until_ms &&
           clock_tick_unix_ms() / 1000 < known->identity.expires_s;
}

int32_t identity_cached(struct dais_str token, struct dais_identity *ret_identity)
{
    struct identity_cache *cache = host_worker_self()->identities;
    struct known *known = idmap_get(&cache->by_hash, hash_bytes(token));
    if (!known || !dais_str_eq(known->token, token))
        return 0;
    if (!is_current(known)) {
        forget(cache, known);
        return 0;
    }
    list_remove(&known->node);
    list_push(&cache->recent, &known->node);
    metrics_add(provider.first_metric, 1);
    *ret_identity = known->identity;
    return 1;
}

static struct known *known_new(struct dais_str token, const struct dais_identity *identity)
{
    uint64_t bytes = token.len + identity->user_id.len + identity->session_id.len +
                     identity->name.len + identity->role.len;
    struct known *known = mem_zalloc(1, sizeof *known + bytes);
    if (!known)
        return NULL;
    char *at = (char *)(known + 1);
    known->hash = hash_bytes(token);
    known->until_ms = clock_tick_ms() + IDENTITY_AGE_MAX_MS;
    known->token = str_place(token, &at);
    known->identity = *identity;
    known->identity.user_id = str_place(identity->user_id, &at);
    known->identity.session_id = str_place(identity->session_id, &at);
    known->identity.name = str_place(identity->name, &at);
    known->identity.role = str_place(identity->role, &at);
    return known;
}

/** Keeps an answer; without memory it is asked for again next time. */
static void keep(struct identity_cache *cache, struct dais_str token,
                 const struct dais_identity *identity)
{
    struct known *known = known_new(token, identity);
    if (!known)
        return;
    struct known *twin = idmap_get(&cache->by_hash, known->hash);
    if (twin)
        forget(cache, twin);
    if (cache->by_hash.count == IDENTITY_CACHE_MAX)
        forget(cache, LIST_ITEM(list_first(&cache->recent), struct known, node));
    if (idmap_put(&cache->by_hash, known->hash, known) != DAIS_OK) {
        mem_free(known);
        return;
    }
    list_push(&cache->recent, &known->node);
}

int32_t identity_verify(struct dais_str token, struct dais_identity *ret_identity)
{
    struct identity_cache *cache = host_worker_self()->identities;
    struct generation *generation = provider.generation;
    if (!generation || atomic_load(&generation->plugin->state) != PLUGIN_STARTED)
        return DAIS_E_UNAVAILABLE;
    if (token.len == 0 || token.len > IDENTITY_TOKEN_BYTES_MAX)
        return DAIS_E_UNAUTHENTICATED;
    uint64_t before = cache->revocations;
    struct dais_identity identity = {0};
    struct mark mark = mark_enter(generation);
    int32_t error = provider.service->verify(token, &identity);
    mark_leave(&mark);
    metrics_add(provider.first_metric + 1, 1);
    if (error)
        return error;
    if (identity.user_id.len == 0 || identity.user_id.len > DAIS_IDENTITY_ID_BYTES_MAX ||
        identity.session_id.len > DAIS_IDENTITY_ID_BYTES_MAX)
        return DAIS_E_INTERNAL; /* the provider's mistake: rooms tell users by their ids */
    if (identity.expires_s <= clock_unix_ms() / 1000)
        return DAIS_E_UNAUTHENTICATED;
    if (cache->revocations == before)
        keep(cache, token, &identity);
    *ret_identity = identity;
    return DAIS_OK;
}

/** Whether the key of a revocation, "session:<id>" or "user:<id>", means this identity. */
static int concerns(struct dais_str key, const struct dais_identity *identity)
{
    if (str_has_prefix(key, "session:"))
        return dais_str_eq(str_sub(key, 8, key.len), identity->session_id);
    if (str_has_prefix(key, "user:"))
        return dais_str_eq(str_sub(key, 5, key.len), identity->user_id);
    return 1; /* not understood: better to ask once too often */
}

static void on_revoked(const struct dais_bus_event *event)
{
    struct identity_cache *cache = host_worker_self()->identities;
    cache->revocations++;
    LIST_EACH (node, &cache->recent) {
        struct known *known = LIST_ITEM(node, struct known, node);
        if (concerns(event->key, &known->identity))
            forget(cache, known);
    }
    sockets_revoked(event->key);
}

static const struct dais_subscription subscriptions[] = {
    {.topic = DAIS_TOPIC_IDENTITY_REVOKED, .handle = on_revoked},
    {.topic = NULL},
};

void identity_retarget(void)
{
    const struct plugin *plugin = plugin_provider(host_get(), SERVICE_NAME);
    provider.generation = plugin ? plugin->current : NULL;
    provider.service = plugin_offered(provider.generation, SERVICE_NAME);
}

int32_t identity_init(void)
{
    identity_retarget();
    int32_t error = bus_subscribe(OWNER_CORE, subscriptions);
    if (error)
        return error;
    return metrics_register(metrics, sizeof metrics / sizeof metrics[0], &provider.first_metric);
}
