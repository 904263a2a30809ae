/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The configuration: dais.yaml, its defaults and the environment variables that win over it.
 *
 * `config_load` reads the core's own keys by a field table and notes, for each enabled plugin, the
 * section that the plugin will read by its own table (dais.config/1). Without a file the bundled
 * plugins are enabled with their defaults. All problems go to the report, each with file and line.
 * A configuration is immutable once loaded and lives as long as the process that loaded it.
 */
#include "dais/error.h"
#include "dais/field.h"
#include "dais/types.h"
#include "host/rates.h"

#include <stdint.h>

struct report;
struct tree_node;

#define CONFIG_PLUGINS_MAX 60u
#define CONFIG_LISTEN_MAX 16u

/** One row below `plugins:`. */
struct config_plugin {
    struct dais_str id;
    struct dais_str path;            /**< of a foreign plugin's file; absent: bundled */
    uint8_t required;                /**< 0: the server starts without it when it fails */
    uint8_t allow_draft;             /**< may use interfaces that are not frozen yet */
    uint32_t line;                   /**< where its section begins; 0 without a file */
    const struct tree_node *section; /**< its own keys; NULL when there are none */
};

/** Who may read /metrics. */
enum config_metrics_access { METRICS_PUBLIC, METRICS_LOCAL, METRICS_ADMIN };

/** The core's keys after defaults, file and environment. All texts are NUL-terminated. */
struct config {
    struct dais_str file;             /**< for messages; "defaults" without a file */
    struct dais_list http_listen;     /**< of struct dais_str: "0.0.0.0:8080", "[::]:0" */
    struct dais_list tls_listen;      /**< as http_listen, for HTTPS */
    struct dais_list tls_pairs;       /**< of struct tls_pair (net/tls.h); paths are absolute */
    uint32_t workers;                 /**< at least 1 */
    struct dais_str data_dir;         /**< absolute; need not exist yet */
    struct dais_str database_url;     /**< absent: the embedded database */
    struct dais_list cors_origins;    /**< of struct dais_str; "*" or scheme and authority */
    uint8_t access_log;               /**< 1: one line per request */
    struct dais_list trusted_proxies; /**< of struct dais_str: "10.0.0.0/8" */
    uint8_t forwarded;                /**< 1: they use Forwarded, 0: X-Forwarded-For */
    struct rates rates;
    uint32_t log_level;      /**< enum dais_log_level */
    uint8_t log_json;        /**< 1: JSON lines, 0: text */
    uint32_t metrics_access; /**< enum config_metrics_access */
    uint32_t plugin_count;
    const struct config_plugin *plugins; /**< in the order of the file */
};

/**
 * Loads `path`; NULL means ./dais.yaml, or the defaults where there is none. DAIS_E_INVALID after
 * the problems were added to `report`. The configuration is freed by config_free. [main thread]
 */
DAIS_CHECK_RESULT int32_t config_load(const char *path, struct report *report,
                                      struct config **ret_config);

/** Frees what config_load gave; NULL is ignored. */
void config_free(struct config *config);

/** One map of the core's keys, for the documents. */
struct config_section {
    const char *name; /**< "http", "rates.read"; "" for the keys at the top */
    const struct dais_shape *shape;
    const char *const *others; /**< keys of the map that are maps themselves; NULL: none */
};

/** The map `index` of the core's keys; NULL past the last. */
const struct config_section *config_section_at(uint32_t index);

/** The keys of a plugin's section that the core reads itself; ends with NULL. */
extern const char *const config_plugin_keys[];
