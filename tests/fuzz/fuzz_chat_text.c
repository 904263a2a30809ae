/* SPDX-License-Identifier: MIT */
/*
 * Texts of chat: the bytes are a pattern, a newline and a text, both of any kind. The text stands
 * at the end of a block of its own size, so that nothing may be read behind it.
 */
#include <stdlib.h>
#include <string.h>

#include "chat.h"
#include "emoji.h"
#include "links.h"
#include "text.h"
#include "unicode.h"
#include "words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(int is_so)
{
    if (!is_so)
        abort();
}

/** How many code points; -1: it is no UTF-8. */
static int64_t count(struct dais_str text)
{
    int64_t characters = 0;
    for (uint64_t at = 0; at < text.len; characters++) {
        const uint64_t before = at;
        if (unicode_next(text, &at) == UNICODE_INVALID)
            return -1;
        require(at > before && at <= text.len);
    }
    return characters;
}

static int is_within(struct dais_str part, struct dais_str text)
{
    return part.ptr >= text.ptr && part.ptr + part.len <= text.ptr + text.len;
}

static void check_emoji(struct dais_str text)
{
    for (uint64_t at = 0; at < text.len; at++) {
        uint64_t bytes = emoji_at(text, at);
        require(at + bytes <= text.len);
        require(bytes == 0 || emoji_is_one(dais_str(text.ptr + at, bytes)));
    }
}

static void check_links(struct dais_str text, int64_t characters)
{
    struct dais_str link;
    int32_t error = links_find(text, &link);
    require(error == DAIS_OK || characters < 0);
    require(error || !link.ptr || (link.len > 0 && is_within(link, text)));
}

static void check_words(struct dais_str pattern, struct dais_str text, char *buf)
{
    struct words_found found;
    int any = 0, again = 0;
    const int64_t characters = count(text);
    int32_t error = words_find(&pattern, 1, text, &any, &found);
    require((error != DAIS_OK) == (characters < 0 || characters > WORDS_TEXT_MAX));
    if (error)
        return;
    require(words_find(&pattern, 1, text, &again, NULL) == DAIS_OK && again == any);
    uint64_t masked = words_mask(text, &found, buf);
    require(masked <= text.len && count(dais_str(buf, masked)) == characters);
    require(any || (masked == text.len && (masked == 0 || memcmp(buf, text.ptr, masked) == 0)));
}

static void check_chat(struct dais_str pattern, struct dais_str text, char *buf)
{
    static const struct chat_sender SENDER = {.roles = DAIS_ROLE_ATTENDEE};
    struct chat_settings settings = chat_settings_default();
    struct chat_verdict verdict = {0};
    struct dais_str stored = text;
    settings.blocked_words = (struct dais_list){&pattern, 1};
    settings.blocked_word_action = dais_cstr("mask");
    settings.links = dais_cstr("block");
    if (chat_check_text(&settings, &SENDER, &stored, buf, &verdict)) {
        require(verdict.detail && stored.ptr == text.ptr && stored.len == text.len);
        return;
    }
    const int64_t characters = count(stored);
    require(characters >= 1 && characters <= settings.message_max);
    require(is_within(stored, text) || (stored.ptr == buf && stored.len <= text.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *bytes = (const char *)data;
    const char *newline = len > 0 ? memchr(data, '\n', len) : NULL;
    struct dais_str pattern = dais_str(bytes, newline ? (uint64_t)(newline - bytes) : 0);
    const uint64_t skip = newline ? pattern.len + 1 : 0;
    char *copy = malloc(len - skip + 1), *buf = malloc(len - skip + 1);
    require(copy && buf);
    char *begin = copy + 1; /* a view of no bytes stands behind the block, too */
    memcpy(begin, bytes + skip, len - skip);
    struct dais_str text = dais_str(begin, len - skip), trimmed = text;
    const char *wrong = text_check(&trimmed, CHAT_MESSAGE_MAX_MAX);
    require(wrong || (count(trimmed) > 0 && is_within(trimmed, text)));
    require(wrong || count(text) >= 0);
    (void)words_pattern_ok(text);
    check_emoji(text);
    check_links(text, count(text));
    check_words(pattern, text, buf);
    check_chat(pattern, text, buf);
    free(copy);
    free(buf);
    return 0;
}
