/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The rules of chat: pure functions on plain structs. No I/O, no clock, no call of the SDK: whoever
 * asks has looked up the facts and gives the time.
 *
 * A rule that refuses gives its error and fills a *verdict*, from which an answer is written as it
 * is: the error code, the field that is wrong, one sentence for people, and when it may be tried
 * again. A rule that allows gives DAIS_OK and leaves the verdict alone. Every verdict may be NULL.
 *
 *   send   chat_check_open → chat_may_write → chat_check_text → chat_needs_follow?
 *          chat_check_follow
 *
 *   edit   chat_check_open → chat_may_write → chat_may_edit → chat_check_text
 *
 * What a text may hold is decided by text.h, words.h, links.h and emoji.h, which stand alone.
 */
#include "dais/field.h"
#include "dais/svc/identity.h"

/** Bounds of the settings, and what a text may be at most; characters are Unicode code points. */
#define CHAT_MESSAGE_MAX 500
#define CHAT_MESSAGE_MAX_MAX 2000
#define CHAT_DELAY_SECONDS 4
#define CHAT_DELAY_SECONDS_MAX 60
#define CHAT_SLOW_SECONDS_MAX 3600
#define CHAT_FOLLOW_AGE_SECONDS_MAX (365 * 86400)
#define CHAT_EDIT_WINDOW_SECONDS 300
#define CHAT_EDIT_WINDOW_SECONDS_MAX 86400
#define CHAT_BLOCKED_WORDS_MAX 200

/** The bytes that a text of the greatest length takes. */
#define CHAT_TEXT_BYTES_MAX (4 * CHAT_MESSAGE_MAX_MAX)

/** How a room's chat is set. What was not set stands as in chat_settings_default(). */
struct chat_settings {
    uint64_t present; /**< when read: bit i is set when row i of the shape was given */
    uint8_t enabled;
    uint8_t delayed; /**< others than moderators see messages `delay_seconds` later */
    uint8_t followers_only;
    uint8_t show_joins; /**< rows of kind join and leave are written */
    uint8_t reserved[4];
    int64_t delay_seconds;
    int64_t followers_min_age_seconds;   /**< how long one has to follow before one may write */
    int64_t slow_mode_seconds;           /**< between two messages of one user; 0: off */
    int64_t message_max;                 /**< characters of a text */
    int64_t edit_window_seconds;         /**< how long an author may edit; 0: never */
    struct dais_str writers;             /**< everyone | speakers | creators | moderators */
    struct dais_str links;               /**< allow | block */
    struct dais_list blocked_words;      /**< of struct dais_str, patterns of words.h */
    struct dais_str blocked_word_action; /**< refuse | mask */
};

/** Why something was refused. `field` is NULL for the whole; texts are constants. */
struct chat_verdict {
    int32_t error; /**< DAIS_E_… */
    uint32_t reserved;
    const char *field;
    const char *detail; /**< one English sentence */
    uint64_t retry_ms;  /**< when it may be tried again; 0: it is not known, or never */
};

/** What `writers`, `links` and `blocked_word_action` may be; each ends with NULL. */
extern const char *const chat_writers[];
extern const char *const chat_links[];
extern const char *const chat_word_actions[];

#define CHAT_SETTING(name, member, kind, low, high, text)                                          \
    DAIS_FIELD_NAMED(name, struct chat_settings, member, kind, 0, low, high, text)
/** The rows that everybody may see, of a struct that begins with struct chat_settings. */
#define CHAT_SETTINGS_PUBLIC_FIELDS                                                                \
    CHAT_SETTING("isChatEnabled", enabled, DAIS_KIND_BOOL, 0, 0, "Whether anybody may write"),     \
        CHAT_SETTING("isChatDelayed", delayed, DAIS_KIND_BOOL, 0, 0,                               \
                     "Whether messages are shown late to all but moderators"),                     \
        CHAT_SETTING("chatDelaySeconds", delay_seconds, DAIS_KIND_INT, 1, CHAT_DELAY_SECONDS_MAX,  \
                     "How late, in seconds"),                                                      \
        CHAT_SETTING("isChatFollowersOnly", followers_only, DAIS_KIND_BOOL, 0, 0,                  \
                     "Whether only followers of the owner may write"),                             \
        CHAT_SETTING("followersMinAgeSeconds", followers_min_age_seconds, DAIS_KIND_INT, 0,        \
                     CHAT_FOLLOW_AGE_SECONDS_MAX,                                                  \
                     "How long they have to follow before, in seconds"),                           \
        CHAT_SETTING("slowModeSeconds", slow_mode_seconds, DAIS_KIND_INT, 0,                       \
                     CHAT_SLOW_SECONDS_MAX, "Seconds between two messages of one user; 0: off"),   \
        DAIS_FIELD_ENUM("writers", struct chat_settings, writers, 0, chat_writers, NULL,           \
                        "Who may write"),                                                          \
        DAIS_FIELD_ENUM("links", struct chat_settings, links, 0, chat_links, NULL,                 \
                        "Whether messages may have links"),                                        \
        CHAT_SETTING("messageMax", message_max, DAIS_KIND_INT, 1, CHAT_MESSAGE_MAX_MAX,            \
                     "Most characters of a message"),                                              \
        CHAT_SETTING("editWindowSeconds", edit_window_seconds, DAIS_KIND_INT, 0,                   \
                     CHAT_EDIT_WINDOW_SECONDS_MAX,                                                 \
                     "How long authors may edit, in seconds; 0: never"),                           \
        CHAT_SETTING("showJoins", show_joins, DAIS_KIND_BOOL, 0, 0,                                \
                     "Whether the chat tells who joins and leaves")
/** All rows; chat_settings_merge takes them in this order. */
#define CHAT_SETTINGS_FIELDS                                                                       \
    CHAT_SETTINGS_PUBLIC_FIELDS,                                                                   \
        DAIS_FIELD_NESTED("blockedWords", struct chat_settings, blocked_words, DAIS_KIND_LIST, 0,  \
                          CHAT_BLOCKED_WORDS_MAX, NULL,                                            \
                          "Words that messages may not have; \"foo*\" also finds \"food\""),       \
        DAIS_FIELD_ENUM("blockedWordAction", struct chat_settings, blocked_word_action, 0,         \
                        chat_word_actions, NULL, "What becomes of a message that has one")

/** Names and bounds of all settings, for reading and writing; no row has a fallback or must be
 * given, so that a change names only what it changes. */
extern const struct dais_shape chat_settings_shape;
/** The same struct as everybody may see it: without the blocked words and what becomes of them. */
extern const struct dais_shape chat_settings_public_shape;

/** The settings of a room where nobody has set anything; `present` is 0. Views are constants. */
struct chat_settings chat_settings_default(void);

/** Takes over what `change`, read by chat_settings_shape, has given. Views stay those of `change`.
 */
void chat_settings_merge(struct chat_settings *settings, const struct chat_settings *change);

/**
 * Whether settings that a client gave can stand: what the shape's bounds do not see. `message_max`
 * is the configuration's bound. DAIS_E_INVALID with the field.
 */
DAIS_CHECK_RESULT int32_t chat_settings_check(const struct chat_settings *settings,
                                              int64_t message_max,
                                              struct chat_verdict *ret_verdict);

/** Who writes, or acts, in a room. A guest is nobody's sender. */
struct chat_sender {
    uint32_t roles;    /**< DAIS_ROLE_… */
    uint8_t owner;     /**< the room is his */
    uint8_t moderator; /**< of this room */
    uint8_t reserved[2];
};

/** Whether `sender` moderates the room: its owner, its moderators, moderators and admins of the
 * whole service. */
int chat_is_moderator(const struct chat_sender *sender);

/** DAIS_E_CONFLICT: the room is not open, for nobody. */
DAIS_CHECK_RESULT int32_t chat_check_open(int open, struct chat_verdict *ret_verdict);

/** DAIS_E_CONFLICT: the chat is off, for moderators, too. DAIS_E_DENIED: the setting `writers`
 * leaves `sender` out. */
DAIS_CHECK_RESULT int32_t chat_may_write(const struct chat_settings *settings,
                                         const struct chat_sender *sender,
                                         struct chat_verdict *ret_verdict);

/** Whether it matters if, and since when, `sender` follows the owner. */
int chat_needs_follow(const struct chat_settings *settings, const struct chat_sender *sender);

/** `follow_age_s`: seconds since the follow; negative: does not follow. DAIS_E_DENIED, with the
 * time that is still to pass if he follows. Only where chat_needs_follow. */
DAIS_CHECK_RESULT int32_t chat_check_follow(const struct chat_settings *settings,
                                            int64_t follow_age_s, struct chat_verdict *ret_verdict);

/** Milliseconds to wait between two messages of `sender`; 0: none. */
int64_t chat_slow_ms(const struct chat_settings *settings, const struct chat_sender *sender);

/** DAIS_E_LIMIT with the time to wait; DAIS_OK when `left_ms` is 0. */
DAIS_CHECK_RESULT int32_t chat_check_slow(int64_t left_ms, struct chat_verdict *ret_verdict);

/** Milliseconds until others than moderators see what `sender` writes; 0: at once. */
int64_t chat_delay_ms(const struct chat_settings *settings, const struct chat_sender *sender);

/** Refuses whoever is barred: DAIS_E_DENIED. `until_ms` is the time-out's end, 0 for a ban; one
 * that is over gives DAIS_OK. */
DAIS_CHECK_RESULT int32_t chat_check_bar(int64_t until_ms, int64_t now_ms,
                                         struct chat_verdict *ret_verdict);

/**
 * Whether a text may be sent by `sender`: its characters and length, links, blocked words. `*text`
 * becomes what is to be stored, in UTF-8: a trimmed view of what it was or, where words are masked,
 * one of `buf`, which has at least as many bytes. DAIS_E_INVALID of field "message".
 */
DAIS_CHECK_RESULT int32_t chat_check_text(const struct chat_settings *settings,
                                          const struct chat_sender *sender, struct dais_str *text,
                                          char *buf, struct chat_verdict *ret_verdict);

/** Whether the author may edit a message of `created_ms`. DAIS_E_DENIED: the window is over. */
DAIS_CHECK_RESULT int32_t chat_may_edit(const struct chat_settings *settings, int64_t created_ms,
                                        int64_t now_ms, struct chat_verdict *ret_verdict);

/** DAIS_E_DENIED: neither the author nor a moderator. */
DAIS_CHECK_RESULT int32_t chat_may_delete(const struct chat_sender *sender, int is_author,
                                          struct chat_verdict *ret_verdict);

/** DAIS_E_DENIED: not a moderator. Pins, clears, bars, reports, settings. */
DAIS_CHECK_RESULT int32_t chat_may_moderate(const struct chat_sender *sender,
                                            struct chat_verdict *ret_verdict);

/** DAIS_E_DENIED: neither the owner nor an admin. Who moderates the room. */
DAIS_CHECK_RESULT int32_t chat_may_appoint(const struct chat_sender *sender,
                                           struct chat_verdict *ret_verdict);

/**
 * Whether `actor` may ban or time out `target`, or end that. DAIS_E_DENIED: he is no moderator, the
 * target is the owner or an admin, or a moderator and the actor is neither owner nor admin. So
 * nobody can bar himself, either.
 */
DAIS_CHECK_RESULT int32_t chat_may_bar(const struct chat_sender *actor,
                                       const struct chat_sender *target,
                                       struct chat_verdict *ret_verdict);

/** Whether `text` is exactly one emoji, as reactions are. */
int chat_emoji_ok(struct dais_str text);
