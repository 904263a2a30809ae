/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who may not take part: bans, which have no end, and time-outs, which have one.
 *
 * A bar is a row. It counts from its commit on: the statement that stores a message looks for it.
 * A time-out is over when its time is, nothing has to be done for that. Told are the sockets of the
 * account (chat:barred, chat:unbarred), and the moderators who joined with chat:join (chat:bars).
 */
#include "dais/caller.h"
#include "dais/field.h"

#include "who.h"

struct card;
struct dais_tx;
struct store_bar;

/** Longest time-out, and how far back deleteMessages reaches, in seconds. */
#define BARS_SECONDS_MAX (366 * 86400)
#define BARS_DELETE_SECONDS_MAX (7 * 86400)
/** Longest reason in characters. */
#define BARS_REASON_MAX 500
/** Bars of a page. */
#define BARS_PAGE_MAX 100

struct bars_put {
    uint64_t present;
    struct who_room room;
    struct dais_str user_id;
    int64_t seconds;         /**< of a time-out; 0: a ban */
    struct dais_str reason;  /**< absent: none */
    int64_t delete_messages; /**< also deletes what the account wrote in so many seconds */
};
extern const struct dais_shape bars_put_event; /**< {room, userId, seconds?, …} */
extern const struct dais_shape bars_put_body;  /**< {seconds?, reason?, deleteMessages?} */

struct bars_lift {
    uint64_t present;
    struct who_room room;
    struct dais_str user_id;
};
extern const struct dais_shape bars_lift_event; /**< {room, userId} */

struct bars_list {
    uint64_t present;
    struct who_room room;
    int64_t before; /**< number of a bar; 0: the newest */
    int64_t limit;
};
extern const struct dais_shape bars_list_query; /**< {before?, limit?} */

extern const struct dais_shape bars_bar;    /**< answer: one bar */
extern const struct dais_shape bars_page;   /**< answer: {bars, next?} */
extern const struct dais_shape bars_change; /**< event chat:bars to moderators */

/**
 * [fiber] [suspends] Bars an account, or changes the bar that it has; answers with the bar. DENIED:
 * as chat_may_bar · NOT_FOUND: no such room or account.
 */
DAIS_CHECK_RESULT int32_t bars_put(const struct dais_caller *caller, const struct bars_put *in);

/** [fiber] [suspends] Ends a bar; without one it is no error. DENIED · NOT_FOUND, as bars_put. */
DAIS_CHECK_RESULT int32_t bars_lift(const struct dais_caller *caller, const struct bars_lift *in);

/** [fiber] [suspends] Bars in force, newest first. DENIED · NOT_FOUND: no such room. */
DAIS_CHECK_RESULT int32_t bars_list(const struct dais_caller *caller, const struct bars_list *in);

/* --- for others who bar, with the room's lock --- */

/** Who is to be barred by whom. */
struct bars_order {
    const struct card *card;
    struct chat_sender actor;
    struct dais_str by;      /**< account of the actor */
    struct dais_str user_id; /**< whom */
    struct dais_str reason;  /**< absent: none */
    int64_t seconds;         /**< of a time-out; 0: a ban */
};

/** [fiber] [suspends] Asks the rules and stores the bar, in `tx` if there is one. Tells nobody:
 * bars_tell behind the commit. DENIED · NOT_FOUND: no such account. */
DAIS_CHECK_RESULT int32_t bars_store(struct dais_tx *tx, const struct bars_order *order,
                                     struct store_bar *ret_bar, struct chat_verdict *ret_verdict);

/** [fiber] [suspends] Behind the commit: tells the account and the moderators, ends its typing. */
void bars_tell(const struct card *card, const struct store_bar *bar);

/** [fiber] [suspends] Behind that, without the lock since it may take a second: waits until nothing
 * of who was barred is on its way into the database any more. */
void bars_settle(void);
