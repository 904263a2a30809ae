/* SPDX-License-Identifier: MIT */
#include "text.h"

#include "emoji.h"
#include "unicode.h"

static const char NOT_UTF8[] = "The message is not valid UTF-8.";
static const char EMPTY[] = "The message is empty.";
static const char TOO_LONG[] = "The message is longer than this chat allows.";
static const char CONTROLS[] = "The message has control characters.";
static const char LINES[] = "The message has more than 10 lines.";
static const char UNKNOWN[] = "The message has characters without a common meaning.";
static const char DIRECTION[] =
    "The message turns the direction of text and does not turn it back.";
static const char MARKS[] = "The message has more than 4 marks upon one character.";
static const char EMOJI[] = "The message has more than 50 emoji.";
static const char HIDDEN[] = "The message has hidden text.";
static const char NOTHING[] = "The message shows nothing.";

/* Explicit directions (UAX #9 §2). */
#define EMBEDDING_LEFT 0x202Au
#define EMBEDDING_RIGHT 0x202Bu
#define EMBEDDING_END 0x202Cu
#define OVERRIDE_LEFT 0x202Du
#define OVERRIDE_RIGHT 0x202Eu
#define ISOLATE_FIRST 0x2066u
#define ISOLATE_LAST 0x2068u
#define ISOLATE_END 0x2069u

/** What is known of the text up to some place. */
struct scan {
    int64_t characters;
    uint64_t emoji_end; /**< where the last emoji ends */
    uint32_t emoji;
    uint32_t newlines;
    uint32_t marks;    /**< in a row */
    uint32_t depth;    /**< directions that are open */
    uint32_t isolates; /**< bit 0 is the innermost: whether it is an isolate */
    uint32_t visible;
};

static int open_direction(struct scan *scan, uint32_t isolate)
{
    if (scan->depth == TEXT_BIDI_MAX)
        return 0;
    scan->isolates = scan->isolates << 1 | isolate;
    scan->depth++;
    return 1;
}

static void close_direction(struct scan *scan)
{
    scan->isolates >>= 1;
    scan->depth--;
}

/** Whether directions are in order behind `code`: what is closed was open, and within its line. */
static int direction_ok(struct scan *scan, uint32_t code)
{
    if (code == '\n')
        return scan->depth == 0;
    if (code == EMBEDDING_LEFT || code == EMBEDDING_RIGHT || code == OVERRIDE_LEFT ||
        code == OVERRIDE_RIGHT)
        return open_direction(scan, 0);
    if (code >= ISOLATE_FIRST && code <= ISOLATE_LAST)
        return open_direction(scan, 1);
    if (code == EMBEDDING_END) {
        if (scan->depth == 0 || (scan->isolates & 1u) != 0)
            return 0;
        close_direction(scan);
    } else if (code == ISOLATE_END) {
        if (scan->isolates == 0)
            return 0;
        while ((scan->isolates & 1u) == 0)
            close_direction(scan); /* an isolate's end closes what is open inside it */
        close_direction(scan);
    }
    return 1;
}

/** What is wrong with the long tail of Unicode; `in_emoji`: the character is a part of an emoji. */
static const char *look_beyond_ascii(struct scan *scan, uint32_t code, int in_emoji)
{
    if (unicode_is_unassignable(code))
        return UNKNOWN;
    if (!direction_ok(scan, code))
        return DIRECTION;
    if (unicode_is_tag(code) && !in_emoji)
        return HIDDEN;
    int mark = unicode_is_mark(code);
    scan->marks = mark ? scan->marks + 1 : 0;
    if (scan->marks > TEXT_MARKS_MAX)
        return MARKS;
    scan->visible |= !mark && !unicode_is_space(code) && !unicode_is_invisible(code);
    return NULL;
}

/** What is wrong with the character `code`; see look_beyond_ascii. */
static const char *look(struct scan *scan, uint32_t code, int in_emoji)
{
    if (unicode_is_control(code) && code != '\n')
        return CONTROLS;
    if (code >= 0x80)
        return look_beyond_ascii(scan, code, in_emoji);
    scan->marks = 0;
    scan->visible |= code > ' ';
    if (code != '\n')
        return NULL;
    if (++scan->newlines >= TEXT_LINES_MAX)
        return LINES;
    return direction_ok(scan, code) ? NULL : DIRECTION;
}

/** Counts the emoji that begins at `at`, if one does; whether what is there is a part of one. */
static int count_emoji(struct scan *scan, struct dais_str text, uint64_t at)
{
    if (at < scan->emoji_end)
        return 1;
    uint64_t bytes = emoji_at(text, at);
    scan->emoji += bytes > 0;
    scan->emoji_end = at + bytes;
    return bytes > 0;
}

/** The text without white space around it; gives why not. */
static const char *trim(struct dais_str text, struct dais_str *ret_trimmed)
{
    uint64_t begin = text.len, end = 0;
    for (uint64_t at = 0; at < text.len;) {
        const uint64_t before = at;
        uint32_t code = unicode_next(text, &at);
        if (code == UNICODE_INVALID)
            return NOT_UTF8;
        if (unicode_is_space(code))
            continue;
        if (end == 0)
            begin = before;
        end = at;
    }
    *ret_trimmed = end > begin ? dais_str(text.ptr + begin, end - begin) : dais_str(text.ptr, 0);
    return NULL;
}

const char *text_check(struct dais_str *text, int64_t characters_max)
{
    struct dais_str trimmed;
    const char *wrong = trim(*text, &trimmed);
    if (wrong || trimmed.len == 0)
        return wrong ? wrong : EMPTY;
    struct scan scan = {0};
    for (uint64_t at = 0; at < trimmed.len;) {
        int in_emoji = count_emoji(&scan, trimmed, at);
        wrong = look(&scan, unicode_next(trimmed, &at), in_emoji);
        if (wrong)
            return wrong;
        if (++scan.characters > characters_max)
            return TOO_LONG;
        if (scan.emoji > TEXT_EMOJI_MAX)
            return EMOJI;
    }
    if (scan.depth > 0)
        return DIRECTION;
    if (!scan.visible)
        return NOTHING;
    *text = trimmed;
    return NULL;
}
