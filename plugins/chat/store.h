/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The messages. Rooms are in store_rooms.h, bars and reports in store_moderation.h; these are the
 * only files of the plugin with SQL. Each has a table of statements of its own; plugin.c registers
 * all that store_tables names.
 *
 * Functions that take a transaction run in it, or alone where it is NULL. Views in results live as
 * long as the running fiber. Errors of the database (dais/db.h) come through as they are; beside
 * them stands what each function adds. An id that is no uuid is DAIS_E_INVALID.
 *
 * A message is *there* unless it is deleted, cleared with its room, or its author's account is
 * gone. One that is held back (chat delay) is there, too; whoever shows it looks at `is_released`.
 */
#include "card.h"
#include "dais/db.h"
#include "dais/random.h"

/** All tables of statements of the plugin, for plugin.c; the last is NULL. */
extern const struct dais_statement *const store_tables[];

/** Bounds that the statements hold. What would pass one of them is refused with STORE_FULL, which
 * is no error of the database: DAIS_E_LIMIT is its own, when too many wait for it. */
#define STORE_FULL DAIS_E_RANGE
#define STORE_PAGE_MAX 100
#define STORE_PINS_MAX 5u
#define STORE_REACTION_KINDS_MAX 20u
/** Characters of a message that answers to it show. */
#define STORE_REPLY_CHARACTERS 100u

/** Somebody who wrote. All absent and 0 for rows of the system. */
struct store_author {
    struct dais_str id;
    struct dais_str name;
    struct dais_str avatar_url; /**< absent: none */
    int64_t uid;
};

/** The message that another one answers. Absent: it answers none, or that one is gone. */
struct store_reply {
    struct dais_str id;
    struct dais_str user_id;
    struct dais_str user_name;
    struct dais_str text; /**< its beginning */
};

/** A message. */
struct store_message {
    struct dais_str id;
    struct dais_str room_id;
    struct store_author author;
    struct dais_str type; /**< comment, gift, system, join, leave */
    struct dais_str text;
    struct dais_str client_id; /**< absent: the client gave none */
    struct store_reply reply;
    struct dais_str mentions;   /**< JSON, ["<user id>", …]; never absent */
    struct dais_str reactions;  /**< JSON, [{"emoji", "count"}, …], oldest first; never absent */
    struct dais_str data;       /**< JSON; absent: none */
    struct dais_str created_at; /**< RFC 3339, UTC, milliseconds */
    struct dais_str edited_at;  /**< absent: never */
    int64_t created_ms;         /**< Unix time of created_at */
    uint8_t is_pinned;
    uint8_t is_edited;
    uint8_t is_released; /**< everybody may see it */
    uint8_t is_delayed;  /**< it is held back still: not is_released */
    uint8_t reserved[4];
};

/** A message to be stored. */
struct store_new {
    struct dais_str id; /**< of dais_random->uuid7; its time is the message's */
    struct dais_str author_id;
    struct dais_str text;
    struct dais_str client_id;       /**< absent: none */
    struct store_reply reply;        /**< as store_about found it, or absent */
    const struct dais_str *mentions; /**< ids of accounts that store_about found */
    uint32_t mention_count;
    uint32_t reserved;
    int64_t delay_ms; /**< how long it is held back; 0: not at all */
    int64_t slow_ms;  /**< between two messages of this author; 0: no slow mode */
};

/** Why nothing was stored; the error is store_add's. */
struct store_refusal {
    /** DENIED: when the bar ends, Unix time in ms; 0: never. */
    int64_t barred_until_ms;
    /** LIMIT: how long is still to wait. */
    int64_t retry_ms;
    /** DENIED: by a bar; otherwise the owner has blocked the author. */
    uint8_t is_barred;
    uint8_t reserved[7];
};

/**
 * [fiber] [suspends] Stores a comment as decided by `card`, in one statement, and gives it back
 * with its author. With slow_ms it takes the author's turn in the same statement, so that of many
 * sends on any workers and processes one is stored. DAIS_E_STATE: the card is stale, see card.h ·
 * DAIS_E_CONFLICT: the author has used client_id in this room: store_by_client has the message ·
 * DAIS_E_DENIED: barred or blocked · DAIS_E_LIMIT: slow mode · DAIS_E_NOT_FOUND: the room or the
 * author is gone. `ret_refusal` is filled on DENIED and LIMIT.
 */
DAIS_CHECK_RESULT int32_t store_add(struct dais_tx *tx, const struct card *card,
                                    const struct store_new *made, struct store_message *ret_message,
                                    struct store_refusal *ret_refusal);

/** A row that no rule looks at: of the system, or of another plugin. */
struct store_post {
    struct dais_str id; /**< of dais_random->uuid7 */
    struct dais_str room_id;
    struct dais_str type;      /**< gift, system, join, leave */
    struct dais_str author_id; /**< absent: the system's */
    struct dais_str text;
    struct dais_str data; /**< JSON; absent: none */
};

/** [fiber] [suspends] Stores such a row. DAIS_E_NOT_FOUND: no such room or account. */
DAIS_CHECK_RESULT int32_t store_post(struct dais_tx *tx, const struct store_post *post,
                                     struct store_message *ret_message);

/** What a send names: the message that it answers, and accounts. */
struct store_about {
    struct dais_str room_id;
    struct dais_str author_id;
    struct dais_str reply_to; /**< absent: none */
    const struct dais_str *mentions;
    uint32_t mention_count;
};

/**
 * [fiber] [suspends] Looks up what a send names: the message, and which of the accounts exist and
 * have not blocked the author, each once, in the fiber's arena. DAIS_E_NOT_FOUND: the message is
 * not there or in another room.
 */
DAIS_CHECK_RESULT int32_t store_about(const struct store_about *about,
                                      struct store_reply *ret_reply,
                                      const struct dais_str **ret_mentions, uint32_t *ret_count);

/** [fiber] [suspends] Seconds since `user_id` follows `owner_id`; -1: does not. */
DAIS_CHECK_RESULT int32_t store_follow_age(struct dais_str user_id, struct dais_str owner_id,
                                           int64_t *ret_seconds);

/** [fiber] [suspends] The message with this client id. DAIS_E_NOT_FOUND: it is not there (any
 * more, even if the id was used). */
DAIS_CHECK_RESULT int32_t store_by_client(struct dais_str room_id, struct dais_str author_id,
                                          struct dais_str client_id,
                                          struct store_message *ret_message);

/** [fiber] [suspends] A message that is there. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_get(struct dais_tx *tx, struct dais_str id,
                                    struct store_message *ret_message);

/** Messages, in the fiber's arena. */
struct store_list {
    struct store_message *items;
    uint32_t count;
};

/** A page of a room, beginning at its newest message. */
struct store_page {
    struct dais_str room_id;
    struct dais_str before; /**< id: only older ones; absent: the newest */
    struct dais_str viewer; /**< sees his own that are held back; absent: a guest */
    int64_t limit;
    uint8_t sees_all; /**< a moderator: also what is held back */
};

/**
 * [fiber] [suspends] The `limit` newest messages before `before`, oldest first. `ret_more`: there
 * are older ones; the next page goes on before the first item.
 */
DAIS_CHECK_RESULT int32_t store_page(const struct store_page *page, struct store_list *ret_list,
                                     uint8_t *ret_more);

/** [fiber] [suspends] What is pinned in a room, the oldest pin first. */
DAIS_CHECK_RESULT int32_t store_pins(struct dais_str room_id, struct store_list *ret_list);

/** [fiber] [suspends] Changes the text of a message that is there and of `author_id`, if he is not
 * barred. DAIS_E_NOT_FOUND: there is none · DAIS_E_DENIED: barred. */
DAIS_CHECK_RESULT int32_t store_edit(struct dais_tx *tx, struct dais_str id,
                                     struct dais_str author_id, struct dais_str text,
                                     struct store_message *ret_message);

/** [fiber] [suspends] Deletes a message, in the name of `by`. DAIS_E_NOT_FOUND: it is not there;
 * of two who delete one gets DAIS_OK. */
DAIS_CHECK_RESULT int32_t store_remove(struct dais_tx *tx, struct dais_str id, struct dais_str by);

/** Ids, in the fiber's arena. */
struct store_ids {
    const struct dais_str *items;
    uint32_t count;
};

/** What an account wrote in a room. */
struct store_wrote {
    struct dais_str room_id;
    struct dais_str author_id;
    struct dais_str from;    /**< id: only from this one on; absent: from the beginning */
    struct dais_str through; /**< id: only up to this one; absent: all */
};

/** What store_remove_of has deleted. */
struct store_removed {
    struct store_ids first; /**< what the first bite held; all, if it is `count` */
    uint64_t count;
    char newest[DAIS_UUID_BYTES]; /**< the greatest id */
};

/** Messages that one statement deletes at most, and one call. */
#define STORE_REMOVE_BITE 500u
#define STORE_REMOVE_MAX 100000u

/**
 * [fiber] [suspends] Deletes what an account wrote, in the name of `by`, bite by bite, each for
 * itself: with an error the bites before it count, `ret_removed` says so, and the same again
 * deletes the rest. DAIS_E_UNAVAILABLE also: that was STORE_REMOVE_MAX, and there may be more.
 */
DAIS_CHECK_RESULT int32_t store_remove_of(const struct store_wrote *wrote, struct dais_str by,
                                          struct store_removed *ret_removed);

/**
 * [fiber] [suspends] Pins a message that is there, or takes the pin off, with the room's row
 * locked, and gives it back. `ret_changed`: it was not so before. DAIS_E_NOT_FOUND ·
 * DAIS_E_CONFLICT: it is held back · STORE_FULL: STORE_PINS_MAX are pinned.
 */
DAIS_CHECK_RESULT int32_t store_pin(struct dais_tx *tx, struct dais_str id, uint8_t pinned,
                                    struct store_message *ret_message, uint8_t *ret_changed);

/** A reaction. */
struct store_reaction {
    struct dais_str message_id;
    struct dais_str user_id;
    struct dais_str emoji;
    uint8_t value; /**< whether it is to be there */
};

/**
 * [fiber] [suspends] Sets or takes back a reaction, and gives the message with what is so now.
 * `ret_changed`: it was not so before. DAIS_E_NOT_FOUND: the message is not there, or held back ·
 * DAIS_E_DENIED: barred · STORE_FULL: it has STORE_REACTION_KINDS_MAX others.
 */
DAIS_CHECK_RESULT int32_t store_react(const struct store_reaction *reaction,
                                      struct store_message *ret_message, uint8_t *ret_changed);

/**
 * [fiber] [suspends] Clears a room of all messages up to `through` (an id of dais_random->uuid7):
 * they are not there any more, those that are stored later by the same clock included. Raises the
 * room's version: card_drop. DAIS_E_NOT_FOUND.
 */
DAIS_CHECK_RESULT int32_t store_clear(struct dais_tx *tx, struct dais_str room_id,
                                      struct dais_str through);

/** [fiber] [suspends] Rooms with messages that were held back and are due, `limit` at most. */
DAIS_CHECK_RESULT int32_t store_due(int64_t limit, struct store_ids *ret_rooms);

/** [fiber] [suspends] Releases what is due in a room, oldest first, `limit` at most, and gives
 * those that are there. Each is given once, whoever asks. */
DAIS_CHECK_RESULT int32_t store_release(struct dais_str room_id, int64_t limit,
                                        struct store_list *ret_list);

/** [fiber] [suspends] Takes away `limit` messages at most that are older than `before_ms` (Unix
 * time). `ret_count` below `limit`: there are no more. */
DAIS_CHECK_RESULT int32_t store_purge_old(int64_t before_ms, int64_t limit, uint64_t *ret_count);
/** [fiber] [suspends] As store_purge_old: what rooms left behind that store_room_remove took away,
 * and accounts of store_user_gone. */
DAIS_CHECK_RESULT int32_t store_purge_gone(int64_t limit, uint64_t *ret_count);
/** [fiber] [suspends] As store_purge_old: turns in slow mode and time-outs that are long over. */
DAIS_CHECK_RESULT int32_t store_purge_over(int64_t limit, uint64_t *ret_count);

/**
 * [fiber] [suspends] An account goes: its bars, its moderating and its turns at once, its messages
 * and reactions by store_purge_gone. They are not there any more from the moment on at which the
 * account is gone. For user.delete.
 */
DAIS_CHECK_RESULT int32_t store_user_gone(struct dais_tx *tx, struct dais_str user_id);
