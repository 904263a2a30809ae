/* SPDX-License-Identifier: MIT */
#pragma once
/* The plugin's section of the configuration, read and judged once in `init`. */
#include "dais/config.h"
#include "store.h"
#include "work.h"

/** The section as it stands in dais.yaml. */
struct mail_config {
    uint64_t present;
    struct dais_str url;
    struct dais_str from;
    struct dais_str from_name;
    struct dais_str username;
    struct dais_str password;
    struct dais_str tls;
    struct dais_str ca_file;
    int64_t timeout_s;
    int64_t attempts;
    int64_t retry_s;
    int64_t keep_days;
    int64_t recipient_max;
    int64_t waiting_max;
};

/** [setup] Reads the section. DAIS_E_INVALID after the errors were reported. */
DAIS_CHECK_RESULT int32_t plugin_config_read(void);

/** [any] What was read. */
const struct mail_config *plugin_config(void);

/** [setup] The account to send with; `url` is NULL where messages are printed. */
struct smtp_account plugin_config_account(void);

/** [setup] How to send. */
struct work_setup plugin_config_work(void);

/** [setup] How much may be queued. */
struct store_bounds plugin_config_bounds(void);
