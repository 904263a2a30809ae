/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The core's own keys of the configuration as field tables, and the rows below `plugins:`. For
 * config.c, which turns what was written into what the server uses.
 */
#include "dais/error.h"
#include "dais/mem.h"
#include "host/config.h"
#include "host/config_listen.h"
#include "host/config_rates.h"

struct report;
struct tree_node;

/** Keys at the top. */
struct config_top {
    uint64_t present;
    int64_t workers;
    struct dais_str data_dir;
};

struct config_http {
    uint64_t present;
    struct dais_list listen;
    uint8_t access_log;
    struct dais_list trusted_proxies;
    struct dais_str forwarded_header;
};

struct config_database {
    uint64_t present;
    struct dais_str url;
};

struct config_cors {
    uint64_t present;
    struct dais_list origins;
};

struct config_log {
    uint64_t present;
    struct dais_str level;
    struct dais_str format;
};

struct config_metrics {
    uint64_t present;
    struct dais_str access;
};

/** All of them. */
struct config_values {
    struct config_top top;
    struct config_http http;
    struct config_tls tls;
    struct config_database database;
    struct config_cors cors;
    struct config_log log;
    struct config_metrics metrics;
    struct config_rates_keys rates;
    struct config_rate_keys classes[RATES_CLASSES];
};

/** A map of keys and where its struct is in config_values. */
struct config_row {
    struct config_section section;
    uint32_t offset;
};

/** The maps; ends with one whose section has no name. */
extern const struct config_row config_rows[];

/** Maps at the top of the file; ends with NULL. */
extern const char *const config_top_keys[];

/** Reads `plugins:` into `config`; without it the bundled plugins with their defaults. */
DAIS_CHECK_RESULT int32_t config_read_plugins(const struct tree_node *root,
                                              struct dais_arena *arena, struct report *report,
                                              struct config *config);
