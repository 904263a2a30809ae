/* SPDX-License-Identifier: MIT */
#include "host/config_rates.h"

#include "base/str.h"

#include <stddef.h>

static const char *const profile_choices[] = {"default", "spec003-strict", NULL};

/* Rows of the keys whose presence decides. */
enum { KEY_PROFILE, KEY_USERS_BY_ADDRESS };

static const struct dais_field rates_fields[] = {
    {.name = "profile",
     .kind = DAIS_KIND_ENUM,
     .offset = offsetof(struct config_rates_keys, profile),
     .fallback = "default",
     .choices = profile_choices,
     .prose = "Where allowances come from that are not given below: dais describe limits"},
    DAIS_FIELD_CONFIG(struct config_rates_keys, users_by_address, DAIS_KIND_BOOL, 0, 0, NULL, NULL,
                      "Also counts requests of known users by address; default: as the profile"),
    DAIS_FIELD_END,
};

static const struct dais_field rate_fields[] = {
    DAIS_FIELD_CONFIG(struct config_rate_keys, connection, DAIS_KIND_INT, 0, RATES_MAX, NULL, NULL,
                      "Allowed in a minute on one connection; 0: any number"),
    DAIS_FIELD_CONFIG(struct config_rate_keys, user, DAIS_KIND_INT, 0, RATES_MAX, NULL, NULL,
                      "Allowed in a minute to one user; 0: any number"),
    DAIS_FIELD_CONFIG(struct config_rate_keys, address, DAIS_KIND_INT, 0, RATES_MAX, NULL, NULL,
                      "Allowed in a minute to one address; 0: any number"),
    DAIS_FIELD_END,
};

const struct dais_shape config_rates_shape = DAIS_SHAPE("ConfigRates", struct config_rates_keys,
                                                        rates_fields);
const struct dais_shape config_rate_shape = DAIS_SHAPE("ConfigRate", struct config_rate_keys,
                                                       rate_fields);

const char *const config_rate_names[] = {"read",    "write", "login",  "media", "status",
                                         "connect", "event", "ingest", NULL};
_Static_assert(sizeof config_rate_names / sizeof config_rate_names[0] == RATES_CLASSES + 1,
               "each class has its map");

void config_rates_take(const struct config_rates_keys *keys,
                       const struct config_rate_keys classes[RATES_CLASSES],
                       struct rates *ret_rates)
{
    bool strict = str_eqz(keys->profile, profile_choices[RATES_SPEC003_STRICT]);
    rates_use(ret_rates, strict ? RATES_SPEC003_STRICT : RATES_DEFAULT);
    if (keys->present & 1u << KEY_USERS_BY_ADDRESS)
        ret_rates->users_by_address = keys->users_by_address;
    for (uint32_t i = 0; i < RATES_CLASSES; i++) {
        const int64_t given[RATES_SCOPES] = {classes[i].connection, classes[i].user,
                                             classes[i].address};
        for (uint32_t scope = 0; scope < RATES_SCOPES; scope++)
            if (classes[i].present & 1u << scope)
                rates_set(ret_rates, i, scope, (uint32_t)given[scope]);
    }
}
