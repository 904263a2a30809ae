/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a client presents in the request that opens its connection: `?token=…&guest=…`, or the token
 * as "Authorization: Bearer …". The query wins.
 */
#include "base/str.h"

struct dais_req;

/** Longest token; one of ours has about 400 bytes. */
#define CREDENTIALS_TOKEN_BYTES_MAX 4096u

/** Views into the request or its arena. */
struct credentials {
    struct dais_str token; /**< absent: none; a broken one is text that is no token */
    struct dais_str guest;
};

/**
 * Reads them from `query` and the headers of `req`. DAIS_E_INVALID when one is longer than it may
 * be. [worker]
 */
DAIS_CHECK_RESULT int32_t credentials_read(struct dais_str query, struct dais_req *req,
                                           struct credentials *ret_credentials);
