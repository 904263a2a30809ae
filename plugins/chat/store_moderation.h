/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Bars and reports. A bar counts from its commit on: the statements of store.h that store something
 * for an account look for it. A time-out that is over counts no more, its row stays a while.
 */
#include "dais/db.h"

extern const struct dais_statement store_moderation_statements[];

/** Open reports of a room at most. */
#define STORE_REPORTS_OPEN_MAX 1000u

/** A bar in force. Views live as long as the running fiber. */
struct store_bar {
    struct dais_str user_id;
    struct dais_str user_name;
    struct dais_str until;  /**< RFC 3339; absent: a ban */
    struct dais_str reason; /**< absent: none */
    struct dais_str by;     /**< id of the moderator */
    struct dais_str created_at;
    int64_t until_ms; /**< Unix time; 0: a ban */
    int64_t number;   /**< its place in the list, for the next page */
};

struct store_bar_new {
    struct dais_str room_id;
    struct dais_str user_id;
    struct dais_str by;
    struct dais_str reason; /**< absent: none */
    int64_t seconds;        /**< of a time-out; 0: a ban */
};

/** [fiber] [suspends] Bars an account, or changes its bar. DAIS_E_NOT_FOUND: no such room or
 * account. */
DAIS_CHECK_RESULT int32_t store_bar_put(struct dais_tx *tx, const struct store_bar_new *bar,
                                        struct store_bar *ret_bar);

/** [fiber] [suspends] Ends a bar. DAIS_E_NOT_FOUND: there was none in force. */
DAIS_CHECK_RESULT int32_t store_bar_remove(struct dais_tx *tx, struct dais_str room_id,
                                           struct dais_str user_id);

/** [fiber] [suspends] The bar in force of an account. DAIS_E_NOT_FOUND: there is none. */
DAIS_CHECK_RESULT int32_t store_bar_of(struct dais_str room_id, struct dais_str user_id,
                                       struct store_bar *ret_bar);

/** [fiber] [suspends] Bars in force, newest first, after the one with the number `before` (0: from
 * the newest); in the fiber's arena. */
DAIS_CHECK_RESULT int32_t store_bars(struct dais_str room_id, int64_t before, int64_t limit,
                                     struct store_bar **ret_items, uint32_t *ret_count);

/** A report. Views live as long as the running fiber. */
struct store_report {
    struct dais_str id;
    struct dais_str room_id;
    struct dais_str message_id;
    struct dais_str message; /**< its text, deleted or not */
    struct dais_str author_id;
    struct dais_str author_name; /**< absent: the account is gone */
    struct dais_str reporter_id;
    struct dais_str reporter_name; /**< absent: the account is gone */
    struct dais_str reason;
    struct dais_str note;        /**< absent: none */
    struct dais_str status;      /**< open, dismissed, deleted, barred */
    struct dais_str resolved_by; /**< absent while open */
    struct dais_str resolved_at;
    struct dais_str created_at;
};

struct store_report_new {
    struct dais_str id; /**< of dais_random->uuid7 */
    struct dais_str message_id;
    struct dais_str reporter_id;
    struct dais_str reason;
    struct dais_str note; /**< absent: none */
};

/**
 * [fiber] [suspends] Adds a report, or finds the one that this account made of the message
 * (`ret_added` 0). DAIS_E_NOT_FOUND: the message is not there, or held back · DAIS_E_DENIED: barred
 * · STORE_FULL: STORE_REPORTS_OPEN_MAX are open.
 */
DAIS_CHECK_RESULT int32_t store_report_add(const struct store_report_new *report,
                                           struct store_report *ret_report, uint8_t *ret_added);

/** [fiber] [suspends] A report. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_report_get(struct dais_tx *tx, struct dais_str id,
                                           struct store_report *ret_report);

/** A page of reports. */
struct store_report_page {
    struct dais_str room_id;
    struct dais_str before; /**< id: only older ones; absent: the newest */
    int64_t limit;
    uint8_t open_only;
};

/** [fiber] [suspends] A page, newest first, in the fiber's arena. */
DAIS_CHECK_RESULT int32_t store_reports(const struct store_report_page *page,
                                        struct store_report **ret_items, uint32_t *ret_count);

/**
 * [fiber] [suspends] Resolves all open reports of the message that the report `id` is about, as
 * `status`, in the name of `by`. DAIS_E_CONFLICT: that one is not open.
 */
DAIS_CHECK_RESULT int32_t store_report_resolve(struct dais_tx *tx, struct dais_str id,
                                               struct dais_str status, struct dais_str by);
