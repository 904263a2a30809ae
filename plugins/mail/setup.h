/* SPDX-License-Identifier: MIT */
#pragma once
/* The plugin's section of the configuration, read and judged once in `init`. */
#include "dais/config.h"
#include "sender.h"
#include "store.h"

/** The section as it stands in dais.yaml. */
struct setup {
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
DAIS_CHECK_RESULT int32_t setup_read(void);

/** [any] What was read. */
const struct setup *setup_get(void);

/** [setup] The account to send with; `url` is NULL where messages are printed. */
struct smtp_account setup_account(void);

/** [setup] How to send. */
struct sender_setup setup_sender(void);

/** [setup] How much may be queued. */
struct store_bounds setup_bounds(void);
