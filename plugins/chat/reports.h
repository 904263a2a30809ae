/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What people report, and the queue from which moderators take it. One report per message and
 * reporter; a room has so many open ones at most. Whatever resolves a report resolves all that are
 * open for the same message, in one transaction with what is done about it.
 */
#include "dais/caller.h"
#include "dais/field.h"

#include "who.h"

/** Longest note in characters, and reports of a page. */
#define REPORTS_NOTE_MAX 500
#define REPORTS_PAGE_MAX 100

struct reports_add {
    uint64_t present;
    struct dais_str message_id;
    struct dais_str reason; /**< spam, harassment, hate, sexual, violence, other */
    struct dais_str note;   /**< absent: none */
};
extern const struct dais_shape reports_add_event; /**< {messageId, reason, note?} */
extern const struct dais_shape reports_add_body;  /**< {reason, note?} */
extern const struct dais_shape reports_added;     /**< answer: {id, status} */

struct reports_list {
    uint64_t present;
    struct who_room room;
    struct dais_str status; /**< open, all */
    struct dais_str before; /**< absent: the newest */
    int64_t limit;
};
extern const struct dais_shape reports_list_query; /**< {status?, before?, limit?} */

struct reports_resolve {
    uint64_t present;
    struct dais_str report_id;
    struct dais_str action; /**< dismiss, delete, bar */
    int64_t seconds;        /**< of the bar; 0: a ban */
};
extern const struct dais_shape reports_resolve_event; /**< {reportId, action, seconds?} */
extern const struct dais_shape reports_resolve_body;  /**< {action, seconds?} */

extern const struct dais_shape reports_report; /**< answer: one report */
extern const struct dais_shape reports_told;   /**< event chat:report: {roomId, report} */
extern const struct dais_shape reports_page;   /**< answer: {reports, next?} */

/**
 * [fiber] [suspends] Reports a message; 201, and 200 the second time. NOT_FOUND: no such message ·
 * DENIED: barred · LIMIT: too many reports are open.
 */
DAIS_CHECK_RESULT int32_t reports_add(const struct dais_caller *caller,
                                      const struct reports_add *in);

/** [fiber] [suspends] The queue, newest first, with the messages' texts, deleted or not. DENIED ·
 * NOT_FOUND: no such room. */
DAIS_CHECK_RESULT int32_t reports_list(const struct dais_caller *caller,
                                       const struct reports_list *in);

/**
 * [fiber] [suspends] Resolves a report and does what was decided; answers with the report. DENIED ·
 * NOT_FOUND · CONFLICT: it is resolved already, in another way.
 */
DAIS_CHECK_RESULT int32_t reports_resolve(const struct dais_caller *caller,
                                          const struct reports_resolve *in);
