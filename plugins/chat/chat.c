/* SPDX-License-Identifier: MIT */
#include "chat.h"

#include "emoji.h"
#include "links.h"
#include "text.h"
#include "words.h"

const char *const chat_writers[] = {"everyone", "speakers", "creators", "moderators", NULL};
const char *const chat_links[] = {"allow", "block", NULL};
const char *const chat_word_actions[] = {"refuse", "mask", NULL};

/* In the order of CHAT_SETTINGS_FIELDS. */
enum setting_row {
    ROW_ENABLED,
    ROW_DELAYED,
    ROW_DELAY_SECONDS,
    ROW_FOLLOWERS_ONLY,
    ROW_FOLLOWERS_MIN_AGE_SECONDS,
    ROW_SLOW_MODE_SECONDS,
    ROW_WRITERS,
    ROW_LINKS,
    ROW_MESSAGE_MAX,
    ROW_EDIT_WINDOW_SECONDS,
    ROW_SHOW_JOINS,
    ROW_BLOCKED_WORDS,
    ROW_BLOCKED_WORD_ACTION
};

static const struct dais_field SETTINGS[] = {
    CHAT_SETTINGS_FIELDS,
    DAIS_FIELD_END,
};

static const struct dais_field SETTINGS_PUBLIC[] = {CHAT_SETTINGS_PUBLIC_FIELDS, DAIS_FIELD_END};

const struct dais_shape chat_settings_shape = DAIS_SHAPE("ChatSettings", struct chat_settings,
                                                         SETTINGS);
const struct dais_shape chat_settings_public_shape = DAIS_SHAPE(
    "ChatSettingsPublic", struct chat_settings, SETTINGS_PUBLIC);

/** Fills the verdict, if somebody wants it. Gives the error. */
static int32_t refuse(struct chat_verdict *verdict, int32_t error, const char *field,
                      const char *detail)
{
    if (verdict)
        *verdict = (struct chat_verdict){.error = error, .field = field, .detail = detail};
    return error;
}

/** As refuse, and says when it may be tried again. */
static int32_t refuse_until(struct chat_verdict *verdict, int32_t error, int64_t left_ms,
                            const char *detail)
{
    refuse(verdict, error, NULL, detail);
    if (verdict)
        verdict->retry_ms = (uint64_t)left_ms;
    return error;
}

struct chat_settings chat_settings_default(void)
{
    return (struct chat_settings){
        .enabled = 1,
        .delay_seconds = CHAT_DELAY_SECONDS,
        .message_max = CHAT_MESSAGE_MAX,
        .edit_window_seconds = CHAT_EDIT_WINDOW_SECONDS,
        .writers = DAIS_STR_INIT("everyone"),
        .links = DAIS_STR_INIT("allow"),
        .blocked_word_action = DAIS_STR_INIT("refuse"),
    };
}

/** Copies a member if its row was given. */
#define TAKE(row, member)                                                                          \
    do {                                                                                           \
        if (dais_has(change->present, row))                                                        \
            settings->member = change->member;                                                     \
    } while (0)

void chat_settings_merge(struct chat_settings *settings, const struct chat_settings *change)
{
    TAKE(ROW_ENABLED, enabled);
    TAKE(ROW_DELAYED, delayed);
    TAKE(ROW_DELAY_SECONDS, delay_seconds);
    TAKE(ROW_FOLLOWERS_ONLY, followers_only);
    TAKE(ROW_FOLLOWERS_MIN_AGE_SECONDS, followers_min_age_seconds);
    TAKE(ROW_SLOW_MODE_SECONDS, slow_mode_seconds);
    TAKE(ROW_WRITERS, writers);
    TAKE(ROW_LINKS, links);
    TAKE(ROW_MESSAGE_MAX, message_max);
    TAKE(ROW_EDIT_WINDOW_SECONDS, edit_window_seconds);
    TAKE(ROW_SHOW_JOINS, show_joins);
    TAKE(ROW_BLOCKED_WORDS, blocked_words);
    TAKE(ROW_BLOCKED_WORD_ACTION, blocked_word_action);
}

int32_t chat_settings_check(const struct chat_settings *settings, int64_t message_max,
                            struct chat_verdict *ret_verdict)
{
    const struct dais_str *words = settings->blocked_words.items;
    if (settings->message_max > message_max)
        return refuse(ret_verdict, DAIS_E_INVALID, "messageMax",
                      "Messages may not be as long as that on this server.");
    if (settings->blocked_words.count > CHAT_BLOCKED_WORDS_MAX)
        return refuse(ret_verdict, DAIS_E_INVALID, "blockedWords",
                      "At most 200 words can be blocked.");
    for (uint64_t i = 0; i < settings->blocked_words.count; i++) {
        if (!words_pattern_ok(words[i]))
            return refuse(ret_verdict, DAIS_E_INVALID, "blockedWords",
                          "A blocked word has 1 to 50 characters.");
    }
    return DAIS_OK;
}

int chat_is_moderator(const struct chat_sender *sender)
{
    return sender->owner || sender->moderator ||
           (sender->roles & (DAIS_ROLE_MODERATOR | DAIS_ROLE_ADMIN)) != 0;
}

/** Whether nobody but the owner and admins is above `sender`. */
static int is_above_moderators(const struct chat_sender *sender)
{
    return sender->owner || (sender->roles & DAIS_ROLE_ADMIN) != 0;
}

int32_t chat_check_open(int open, struct chat_verdict *ret_verdict)
{
    return open ? DAIS_OK : refuse(ret_verdict, DAIS_E_CONFLICT, NULL, "The room is closed.");
}

int32_t chat_may_write(const struct chat_settings *settings, const struct chat_sender *sender,
                       struct chat_verdict *ret_verdict)
{
    if (!settings->enabled)
        return refuse(ret_verdict, DAIS_E_CONFLICT, NULL, "The chat is turned off.");
    if (chat_is_moderator(sender) || dais_str_eq(settings->writers, dais_cstr("everyone")))
        return DAIS_OK;
    if (dais_str_eq(settings->writers, dais_cstr("speakers")))
        return (sender->roles & DAIS_ROLE_SPEAKER) != 0
                   ? DAIS_OK
                   : refuse(ret_verdict, DAIS_E_DENIED, NULL, "Only speakers may write here.");
    if (dais_str_eq(settings->writers, dais_cstr("creators")))
        return (sender->roles & DAIS_ROLE_CREATOR) != 0
                   ? DAIS_OK
                   : refuse(ret_verdict, DAIS_E_DENIED, NULL, "Only creators may write here.");
    return refuse(ret_verdict, DAIS_E_DENIED, NULL, "Only moderators may write here.");
}

int chat_needs_follow(const struct chat_settings *settings, const struct chat_sender *sender)
{
    return settings->followers_only && !chat_is_moderator(sender);
}

int32_t chat_check_follow(const struct chat_settings *settings, int64_t follow_age_s,
                          struct chat_verdict *ret_verdict)
{
    if (follow_age_s < 0)
        return refuse(ret_verdict, DAIS_E_DENIED, NULL, "Only followers may write here.");
    const int64_t left_s = settings->followers_min_age_seconds - follow_age_s;
    if (left_s > 0)
        return refuse_until(ret_verdict, DAIS_E_DENIED, left_s * 1000,
                            "You do not follow for long enough to write here.");
    return DAIS_OK;
}

int64_t chat_slow_ms(const struct chat_settings *settings, const struct chat_sender *sender)
{
    return chat_is_moderator(sender) ? 0 : settings->slow_mode_seconds * 1000;
}

int32_t chat_check_slow(int64_t left_ms, struct chat_verdict *ret_verdict)
{
    if (left_ms <= 0)
        return DAIS_OK;
    return refuse_until(ret_verdict, DAIS_E_LIMIT, left_ms,
                        "Slow mode is on: wait a little before you write again.");
}

int64_t chat_delay_ms(const struct chat_settings *settings, const struct chat_sender *sender)
{
    return settings->delayed && !chat_is_moderator(sender) ? settings->delay_seconds * 1000 : 0;
}

int32_t chat_check_bar(int64_t until_ms, int64_t now_ms, struct chat_verdict *ret_verdict)
{
    if (until_ms == 0)
        return refuse(ret_verdict, DAIS_E_DENIED, NULL, "You are banned from this chat.");
    if (until_ms <= now_ms)
        return DAIS_OK;
    return refuse_until(ret_verdict, DAIS_E_DENIED, until_ms - now_ms,
                        "You may not write in this chat for the moment.");
}

/** The words of a text that is otherwise good. */
static int32_t check_words(const struct chat_settings *settings, struct dais_str *text, char *buf,
                           struct chat_verdict *verdict)
{
    const int masks = dais_str_eq(settings->blocked_word_action, dais_cstr("mask"));
    const struct dais_str *words = settings->blocked_words.items;
    struct words_found found;
    int any = 0;
    int32_t error = words_find(words, settings->blocked_words.count, *text, &any,
                               masks ? &found : NULL);
    if (error || (any && !masks))
        return refuse(verdict, DAIS_E_INVALID, "message",
                      "The message has a word that is not wanted here.");
    if (any)
        *text = dais_str(buf, words_mask(*text, &found, buf));
    return DAIS_OK;
}

int32_t chat_check_text(const struct chat_settings *settings, const struct chat_sender *sender,
                        struct dais_str *text, char *buf, struct chat_verdict *ret_verdict)
{
    const int64_t characters_max = settings->message_max < CHAT_MESSAGE_MAX_MAX
                                       ? settings->message_max
                                       : CHAT_MESSAGE_MAX_MAX;
    struct dais_str checked = *text, link = {NULL, 0};
    const char *wrong = text_check(&checked, characters_max);
    if (wrong)
        return refuse(ret_verdict, DAIS_E_INVALID, "message", wrong);
    if (!chat_is_moderator(sender)) {
        int32_t error = DAIS_OK;
        if (dais_str_eq(settings->links, dais_cstr("block")))
            error = links_find(checked, &link);
        if (error || link.ptr)
            return refuse(ret_verdict, DAIS_E_INVALID, "message", "Links are not wanted here.");
        error = check_words(settings, &checked, buf, ret_verdict);
        if (error)
            return error;
    }
    *text = checked;
    return DAIS_OK;
}

int32_t chat_may_edit(const struct chat_settings *settings, int64_t created_ms, int64_t now_ms,
                      struct chat_verdict *ret_verdict)
{
    if (now_ms - created_ms < settings->edit_window_seconds * 1000)
        return DAIS_OK;
    return refuse(ret_verdict, DAIS_E_DENIED, NULL, "This message can no longer be edited.");
}

int32_t chat_may_delete(const struct chat_sender *sender, int is_author,
                        struct chat_verdict *ret_verdict)
{
    if (is_author || chat_is_moderator(sender))
        return DAIS_OK;
    return refuse(ret_verdict, DAIS_E_DENIED, NULL,
                  "Only its author and moderators may delete a message.");
}

int32_t chat_may_moderate(const struct chat_sender *sender, struct chat_verdict *ret_verdict)
{
    if (chat_is_moderator(sender))
        return DAIS_OK;
    return refuse(ret_verdict, DAIS_E_DENIED, NULL, "Only moderators of this chat may do this.");
}

int32_t chat_may_appoint(const struct chat_sender *sender, struct chat_verdict *ret_verdict)
{
    if (is_above_moderators(sender))
        return DAIS_OK;
    return refuse(ret_verdict, DAIS_E_DENIED, NULL, "Only the owner of the room may do this.");
}

int32_t chat_may_bar(const struct chat_sender *actor, const struct chat_sender *target,
                     struct chat_verdict *ret_verdict)
{
    int32_t error = chat_may_moderate(actor, ret_verdict);
    if (error)
        return error;
    if (is_above_moderators(target))
        return refuse(ret_verdict, DAIS_E_DENIED, NULL,
                      "The owner of the room and admins cannot be barred.");
    if (chat_is_moderator(target) && !is_above_moderators(actor))
        return refuse(ret_verdict, DAIS_E_DENIED, NULL,
                      "Only the owner of the room may bar a moderator.");
    return DAIS_OK;
}

int chat_emoji_ok(struct dais_str text)
{
    return emoji_is_one(text);
}
