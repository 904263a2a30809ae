/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.config/1: the plugin's section of dais.yaml, read by a field table. Unknown keys, wrong
 * types and values out of bounds stop the start with the file's line. An environment variable named
 * by a row wins over the file.
 */
#include "dais/field.h"

#ifdef __cplusplus
extern "C" {
#endif

struct dais_config_v1 {
    /**
     * [setup] Reads the plugin's section into `ret_config`, a struct of the shape; its views stay
     * valid as long as the plugin. DAIS_E_INVALID after the errors were reported.
     */
    int32_t (*read)(const struct dais_shape *shape, void *ret_config);
    /**
     * [setup] A secret of `bytes` length kept in a 0600 file of the data directory under `name`,
     * made on first use. With an external database it must be given by the environment variable
     * `env` (base64 or plain, hashed to length) and is never generated. Valid for ever.
     */
    int32_t (*secret)(const char *name, const char *env, uint32_t bytes, struct dais_str *ret_key);
    /** [any] Absolute path of the folder for the plugin's files below the data directory. */
    struct dais_str (*data_dir)(void);
};

DAIS_SLOT const struct dais_config_v1 *dais_config;
#define DAIS_NEED_CONFIG DAIS_NEED(config, "dais.config/1", 0)

#ifdef __cplusplus
}
#endif
