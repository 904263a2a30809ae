/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The certificates of the configuration: read at the start (net/tls.h), and again by
 * `dais tls reload`.
 */
#include "dais/cli.h"
#include "dais/error.h"

struct config;
struct report;
struct tls;

/**
 * Reads what `tls.certificates` names; NULL when it names none. DAIS_E_INVALID after file and
 * reason were added to `report`, DAIS_E_MEMORY. [main thread]
 */
DAIS_CHECK_RESULT int32_t certificates_open(const struct config *config, struct report *report,
                                            struct tls **ret_tls);

/** The verb `tls reload`. [fiber, suspends] */
int32_t certificates_reload(struct dais_cli *cli, const void *input);
