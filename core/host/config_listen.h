/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Where the server listens and by which certificates: from the keys `http.listen` and `tls` to what
 * the layers below are given. For config.c.
 */
#include "dais/field.h"
#include "dais/mem.h"
#include "host/config.h"

struct config_values;
struct report;

/** The section `tls`. */
struct config_tls {
    uint64_t present;
    struct dais_list listen;
    struct dais_list certificates; /* of struct config_certificate */
};

extern const struct dais_shape config_tls_shape;

/** Fills http_listen, tls_listen and tls_pairs; what is wrong goes to the report. DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t config_listen_take(const struct config_values *values,
                                             struct dais_arena *arena, struct report *report,
                                             struct config *config);
