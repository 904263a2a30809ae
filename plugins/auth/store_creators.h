/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who asked to become a creator, and what was decided. auth.users.creator is the state now; every
 * step changes it and the request in one statement, so of two that race one finds nothing to do.
 */
#include "dais/field.h"
#include "store.h"

extern const struct dais_statement store_creators_statements[];

/** A request. */
struct store_request {
    struct dais_str id;
    struct dais_str user_id;
    struct dais_str name; /**< of the account */
    struct dais_str status;
    struct dais_str message;
    struct dais_str note;
    struct dais_str reviewer_id; /**< absent: not reviewed, or by nobody who still exists */
    struct dais_str created_at;
    struct dais_str reviewed_at; /**< absent: not reviewed */
};

/** A decision. */
struct store_review {
    struct dais_str request_id;
    struct dais_str status; /**< "approved" or "rejected" */
    struct dais_str note;
    struct dais_str reviewer_id;
};

/** A page of requests, with the number that the next one goes on from. */
struct store_request_page {
    struct dais_list requests; /**< items are store_request */
    int64_t last_number;
};

/**
 * [fiber] [suspends] Asks for an account. DAIS_E_CONFLICT: it has asked or is a creator, or was
 * rejected less than `wait_days` ago.
 */
DAIS_CHECK_RESULT int32_t store_request_add(struct dais_str user_id, struct dais_str message,
                                            int64_t wait_days, struct store_request *ret_request);

/** [fiber] [suspends] The latest request of an account. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_request_latest(struct dais_str user_id,
                                               struct store_request *ret_request);

/**
 * [fiber] [suspends] Requests in a state (absent: all), newest first; `before` is the last number
 * of the page before, 0 for the first page.
 */
DAIS_CHECK_RESULT int32_t store_requests(struct dais_str status, int64_t before, int64_t limit,
                                         struct store_request_page *ret_page);

/** [fiber] [suspends] Decides. DAIS_E_NOT_FOUND · DAIS_E_CONFLICT: it is decided already. */
DAIS_CHECK_RESULT int32_t store_review(struct dais_tx *tx, const struct store_review *review,
                                       struct store_request *ret_request);

/** [fiber] [suspends] Sets the state without a request; one that waits is closed. DAIS_E_NOT_FOUND.
 */
DAIS_CHECK_RESULT int32_t store_creator_set(struct dais_tx *tx, struct dais_str user_id,
                                            struct dais_str status, struct dais_str reviewer_id);
