/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * `rates:` of the configuration: a profile, and for each class the allowances that replace the
 * profile's. For config_keys.c, which lists the maps, and config.c, which reads them.
 */
#include "dais/field.h"
#include "dais/mem.h"
#include "host/rates.h"

/** The keys of `rates:` itself. */
struct config_rates_keys {
    uint64_t present;
    struct dais_str profile;
    uint8_t users_by_address;
};

/** The keys of one class: `rates.read:` … in the order of enum rates_scope. */
struct config_rate_keys {
    uint64_t present;
    int64_t connection, user, address;
};

extern const struct dais_shape config_rates_shape;
extern const struct dais_shape config_rate_shape;

/** The classes by name, which are maps below `rates:`; ends with NULL. */
extern const char *const config_rate_names[];

/** From the keys as they were given to what is in force. */
void config_rates_take(const struct config_rates_keys *keys,
                       const struct config_rate_keys classes[RATES_CLASSES],
                       struct rates *ret_rates);
