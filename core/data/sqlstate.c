/* SPDX-License-Identifier: MIT */
#include "data/sqlstate.h"

#include <string.h>

struct rule {
    const char *prefix; /* a whole code or its class */
    int32_t code;
};

/* The first row that fits counts. */
static const struct rule rules[] = {
    {"23505", DAIS_E_CONFLICT},    /* unique_violation */
    {"23P01", DAIS_E_CONFLICT},    /* exclusion_violation */
    {"23", DAIS_E_INVALID},        /* check, not null, foreign key */
    {"22", DAIS_E_INVALID},        /* data exceptions: what the type refuses */
    {"40", DAIS_E_CONFLICT},       /* serialization failure, deadlock */
    {"57014", DAIS_E_TIMEOUT},     /* query_canceled: statement_timeout */
    {"55P03", DAIS_E_TIMEOUT},     /* lock_not_available: lock_timeout */
    {"57P", DAIS_E_UNAVAILABLE},   /* shutdown, crash, cannot connect now */
    {"08P01", DAIS_E_INTERNAL},    /* protocol_violation: the wrong number of parameters */
    {"08", DAIS_E_UNAVAILABLE},    /* connection exceptions */
    {"53", DAIS_E_UNAVAILABLE},    /* disk full, too many connections */
    {"25P03", DAIS_E_UNAVAILABLE}, /* idle_in_transaction_session_timeout */
};

static uint32_t has_prefix(const char *state, const char *prefix)
{
    return strncmp(state, prefix, strlen(prefix)) == 0;
}

int32_t sqlstate_code(const char *state)
{
    for (size_t i = 0; state && i < sizeof rules / sizeof rules[0]; i++) {
        if (has_prefix(state, rules[i].prefix))
            return rules[i].code;
    }
    return DAIS_E_INTERNAL;
}

uint32_t sqlstate_is_loss(const char *state)
{
    return state && !has_prefix(state, "08P01") &&
           (has_prefix(state, "57P") || has_prefix(state, "08") || has_prefix(state, "25P03"));
}

uint32_t sqlstate_is_stale(const char *state)
{
    /* 26000: the Parse was skipped with an aborted pipeline. 0A000 comes from Bind when a migration
     * changed the columns of a plan; any other "not supported" is refused at Parse. */
    return state && (has_prefix(state, "26000") || has_prefix(state, "0A000"));
}
