/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Rate classes: what is counted together, and how often it may happen in a minute.
 *
 * A route names its class. Each class has three allowances: for a connection, for a user and for an
 * address; 0 is any number. A profile gives all of them, the configuration replaces single ones
 * (`rates:`). `rates_admit` counts a request against all three, in this order, and the first
 * that is used up answers.
 */
#include "dais/error.h"
#include "net/http.h"

#include <stdbool.h>
#include <stdint.h>

struct rate_table;

enum rates_scope { RATES_CONNECTION, RATES_USER, RATES_ADDRESS, RATES_SCOPES };

/** Classes; those of requests come first. */
enum rates_class {
    RATES_READ,
    RATES_WRITE,
    RATES_LOGIN,
    RATES_MEDIA,
    RATES_STATUS,
    RATES_CONNECT,
    RATES_EVENT,
    RATES_INGEST,
    RATES_CLASSES
};
#define RATES_OF_REQUESTS 5u

enum rates_profile { RATES_DEFAULT, RATES_SPEC003_STRICT, RATES_PROFILES };

/** Most that an allowance may be. */
#define RATES_MAX 1000000000

/** One row of the table. */
struct rates_row {
    const char *name;
    const char *unit;
    const char *prose;
    uint32_t per_minute[RATES_PROFILES][RATES_SCOPES];
};

/** What is in force. */
struct rates {
    uint32_t profile;      /**< enum rates_profile */
    bool users_by_address; /**< known users are counted by address, too; for login always */
    uint32_t per_minute[RATES_CLASSES][RATES_SCOPES];
    /** The class whose bucket of an address is used: some profiles count several together. */
    uint32_t address_class[RATES_CLASSES];
};

/** The row of a class. */
const struct rates_row *rates_row(uint32_t rate_class);

/** "connection", "user", "address". */
const char *rates_scope_name(uint32_t scope);

/** "default", "spec003-strict". */
const char *rates_profile_name(uint32_t profile);

/** Fills in the allowances of a profile. */
void rates_use(struct rates *rates, uint32_t profile);

/** Replaces one allowance of the profile. */
void rates_set(struct rates *rates, uint32_t rate_class, uint32_t scope, uint32_t per_minute);

/** The class `name`; DAIS_E_NOT_FOUND. Those of requests are below RATES_OF_REQUESTS. [any thread]
 */
DAIS_CHECK_RESULT int32_t rates_find(const char *name);

/** What is counted. */
struct rates_event {
    uint32_t rate_class;
    uint64_t cost; /**< in the class's unit: 1 request, so many bytes */
};

/** Counts it; DAIS_E_LIMIT after setting the milliseconds to wait. [any thread] */
DAIS_CHECK_RESULT int32_t rates_admit(const struct rates *rates, struct rate_table *table,
                                      const struct rates_event *what,
                                      const struct http_client *client, uint64_t *ret_retry_ms);
