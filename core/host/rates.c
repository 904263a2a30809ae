/* SPDX-License-Identifier: MIT */
#include "host/rates.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "host/rate.h"

#include <string.h>

/* By profile: default, spec003-strict; in each: connection, user, address. */
static const struct rates_row rows[RATES_CLASSES] = {
    [RATES_READ] = {"read", "requests", "Requests that only read", {{0, 0, 0}, {0, 0, 100}}},
    [RATES_WRITE] = {"write",
                     "requests",
                     "Requests that change something",
                     {{0, 3000, 3000}, {0, 0, 100}}},
    [RATES_LOGIN] = {"login",
                     "requests",
                     "Attempts to log in, to make an account, to prove who one is",
                     {{0, 120, 120}, {0, 0, 100}}},
    [RATES_MEDIA] = {"media",
                     "requests",
                     "Requests for playlists, segments and files that players fetch",
                     {{0, 0, 0}, {0, 0, 1000}}},
    [RATES_STATUS] = {"status",
                      "requests",
                      "Requests for the state of the server or of a stream",
                      {{0, 0, 0}, {0, 0, 60}}},
    [RATES_CONNECT] = {"connect",
                       "handshakes",
                       "Handshakes of real-time connections",
                       {{0, 0, 600}, {0, 0, 10}}},
    [RATES_EVENT] = {"event",
                     "events",
                     "Events that a real-time connection sends",
                     {{1200, 3000, 0}, {100, 0, 0}}},
    [RATES_INGEST] = {"ingest",
                      "bytes",
                      "Bytes that a browser sends for one stream",
                      {{60000000, 0, 0}, {1000000, 0, 0}}},
};

/** What a profile does besides its allowances. */
static const struct {
    const char *name;
    bool users_by_address;
    bool together; /* an address has one allowance for read, write and login */
} profiles[RATES_PROFILES] = {
    [RATES_DEFAULT] = {"default", false, false},
    [RATES_SPEC003_STRICT] = {"spec003-strict", true, true},
};

static const char *const scope_names[RATES_SCOPES] = {"connection", "user", "address"};

_Static_assert(RATES_OF_REQUESTS <= HTTP_RATE_CLASSES_MAX, "a connection has a bucket for each");

const struct rates_row *rates_row(uint32_t rate_class)
{
    CHECK(rate_class < RATES_CLASSES);
    return &rows[rate_class];
}

const char *rates_scope_name(uint32_t scope)
{
    CHECK(scope < RATES_SCOPES);
    return scope_names[scope];
}

const char *rates_profile_name(uint32_t profile)
{
    CHECK(profile < RATES_PROFILES);
    return profiles[profile].name;
}

void rates_use(struct rates *rates, uint32_t profile)
{
    CHECK(profile < RATES_PROFILES);
    rates->profile = profile;
    rates->users_by_address = profiles[profile].users_by_address;
    for (uint32_t i = 0; i < RATES_CLASSES; i++) {
        memcpy(rates->per_minute[i], rows[i].per_minute[profile], sizeof rates->per_minute[i]);
        bool general = i == RATES_WRITE || i == RATES_LOGIN;
        rates->address_class[i] = general && profiles[profile].together ? RATES_READ : i;
    }
}

void rates_set(struct rates *rates, uint32_t rate_class, uint32_t scope, uint32_t per_minute)
{
    CHECK(rate_class < RATES_CLASSES && scope < RATES_SCOPES);
    rates->per_minute[rate_class][scope] = per_minute;
    if (scope == RATES_ADDRESS)
        rates->address_class[rate_class] = rate_class;
}

int32_t rates_find(const char *name)
{
    for (uint32_t i = 0; i < RATES_CLASSES; i++)
        if (strcmp(rows[i].name, name) == 0)
            return (int32_t)i;
    return DAIS_E_NOT_FOUND;
}

/* Buckets of different classes and scopes must not be the same one. */
static uint64_t key_of(uint64_t who, uint32_t rate_class, uint32_t scope)
{
    return hash_u64(who + rate_class * RATES_SCOPES + scope);
}

/** Counts it with one scope; as rate_count. */
static uint64_t count(struct rate_table *table, uint64_t key, struct rate_event event,
                      uint32_t per_minute)
{
    event.per_minute = per_minute;
    return rate_count(table, key, &event);
}

int32_t rates_admit(const struct rates *rates, struct rate_table *table,
                    const struct rates_event *what, const struct http_client *client,
                    uint64_t *ret_retry_ms)
{
    uint32_t rate_class = what->rate_class;
    const uint32_t *allowed = rates->per_minute[rate_class];
    bool known = client->user.ptr != NULL;
    struct rate_event event = {clock_tick_ms(), what->cost, allowed[RATES_CONNECTION]};
    uint64_t wait_ms = 0;
    if (allowed[RATES_CONNECTION])
        wait_ms = rate_step(&client->paces[rate_class], &event);
    if (wait_ms == 0 && known && allowed[RATES_USER])
        wait_ms = count(table, key_of(hash_bytes(client->user), rate_class, RATES_USER), event,
                        allowed[RATES_USER]);
    /* An account is made for nothing: whoever has many tries no more passwords than others. */
    bool by_address = !known || rates->users_by_address || allowed[RATES_USER] == 0 ||
                      rate_class == RATES_LOGIN;
    if (wait_ms == 0 && by_address && allowed[RATES_ADDRESS])
        wait_ms = count(table,
                        key_of(client->address, rates->address_class[rate_class], RATES_ADDRESS),
                        event, allowed[RATES_ADDRESS]);
    if (wait_ms == 0)
        return DAIS_OK;
    *ret_retry_ms = wait_ms;
    return DAIS_E_LIMIT;
}
