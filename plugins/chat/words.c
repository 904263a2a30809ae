/* SPDX-License-Identifier: MIT */
#include "words.h"

#include "fold.h"

/** A pattern that is ready to be looked for (Knuth, Morris, Pratt). */
struct needle {
    uint32_t codes[WORDS_PATTERN_MAX];
    uint8_t back[WORDS_PATTERN_MAX]; /**< how much still matches after a mismatch at that place */
    uint32_t len;
    int open_begin, open_end; /**< a word may go on there */
};

/** Where a character of the text stands among all code points, and what stood before it. */
struct seen {
    uint32_t index;
    uint32_t before; /**< folded; 0: none */
};

/** Letters of a text as a set with collisions: what is not in it is not in the text. */
struct letters {
    uint64_t bits[4];
};

static void letters_add(struct letters *letters, uint32_t code)
{
    letters->bits[(code >> 6) & 3] |= 1ull << (code & 63);
}

static int letters_has(const struct letters *letters, uint32_t code)
{
    return (letters->bits[(code >> 6) & 3] >> (code & 63) & 1) != 0;
}

/** Takes the '*'s off the ends of a pattern. */
static struct dais_str strip(struct dais_str pattern, struct needle *needle)
{
    needle->open_begin = pattern.len > 0 && pattern.ptr[0] == '*';
    if (needle->open_begin)
        pattern = dais_str(pattern.ptr + 1, pattern.len - 1);
    needle->open_end = pattern.len > 0 && pattern.ptr[pattern.len - 1] == '*';
    pattern.len -= needle->open_end ? 1 : 0;
    return pattern;
}

/** Folds a pattern; whether it is one, and all its letters are in `letters` (NULL: any). */
static int fold(struct dais_str pattern, const struct letters *letters, struct needle *needle)
{
    needle->len = 0;
    int visible = 0;
    pattern = strip(pattern, needle);
    for (uint64_t at = 0; at < pattern.len;) {
        uint32_t code = unicode_next(pattern, &at);
        if (code == UNICODE_INVALID || unicode_is_control(code))
            return 0;
        code = fold_base(code);
        if (code == 0)
            continue;
        if (needle->len == WORDS_PATTERN_MAX || (letters && !letters_has(letters, code)))
            return 0;
        needle->codes[needle->len++] = code;
        visible |= code != ' ';
    }
    return visible;
}

/** Fills `back`: the longest proper prefix that the codes up to a place end with. */
static void prepare(struct needle *needle)
{
    needle->back[0] = 0;
    for (uint32_t i = 1, k = 0; i < needle->len; i++) {
        while (k > 0 && needle->codes[i] != needle->codes[k])
            k = needle->back[k - 1];
        k += needle->codes[i] == needle->codes[k];
        needle->back[i] = (uint8_t)k;
    }
}

/** Whether a word can end between two characters; 0 stands for the text's ends. */
static int is_boundary(uint32_t before, uint32_t behind)
{
    return before == 0 || behind == 0 || fold_word(before) != FOLD_PART ||
           fold_word(behind) != FOLD_PART;
}

/** The next character that is not passed over, 0 at the end; `*index` counts all of them. */
static uint32_t next_folded(struct dais_str text, uint64_t *at, uint32_t *index)
{
    while (*at < text.len) {
        uint32_t code = fold_base(unicode_next(text, at));
        ++*index;
        if (code != 0)
            return code;
    }
    return 0;
}

static void mark(struct words_found *found, uint32_t begin, uint32_t end)
{
    for (uint32_t i = begin; i < end; i++)
        found->bits[i / 64] |= 1ull << (i % 64);
}

/** Looks for one needle in a text that is valid; stops at the first match without `found`. */
static int search(const struct needle *needle, struct dais_str text, struct words_found *found)
{
    struct seen seen[WORDS_PATTERN_MAX]; /* of the last characters, by their number */
    uint64_t at = 0;
    uint32_t matched = 0, index = 0, before = 0, any = 0;
    uint32_t code = next_folded(text, &at, &index);
    for (uint32_t number = 0; code != 0; number++) {
        seen[number % WORDS_PATTERN_MAX] = (struct seen){index - 1, before};
        before = code;
        while (matched > 0 && needle->codes[matched] != code)
            matched = needle->back[matched - 1];
        matched += needle->codes[matched] == code;
        code = next_folded(text, &at, &index);
        const uint32_t end = code ? index - 1 : index; /* marks upon the last letter go with it */
        if (matched < needle->len)
            continue;
        const struct seen *first = &seen[(number + 1 - matched) % WORDS_PATTERN_MAX];
        matched = needle->back[matched - 1];
        if ((!needle->open_begin && !is_boundary(first->before, needle->codes[0])) ||
            (!needle->open_end && !is_boundary(before, code)))
            continue;
        any = 1;
        if (!found)
            break;
        mark(found, first->index, end);
    }
    return (int)any;
}

int words_pattern_ok(struct dais_str pattern)
{
    struct needle needle;
    uint32_t characters = 0;
    for (uint64_t at = 0; at < pattern.len; characters++) {
        if (unicode_next(pattern, &at) == UNICODE_INVALID)
            return 0;
    }
    return characters <= WORDS_PATTERN_MAX && fold(pattern, NULL, &needle);
}

int32_t words_find(const struct dais_str *patterns, uint64_t count, struct dais_str text,
                   int *ret_any, struct words_found *ret_found)
{
    struct letters letters = {{0}};
    uint32_t characters = 0;
    for (uint64_t at = 0; at < text.len; characters++) {
        uint32_t code = unicode_next(text, &at);
        if (code == UNICODE_INVALID || characters == WORDS_TEXT_MAX)
            return DAIS_E_INVALID;
        letters_add(&letters, fold_base(code));
    }
    if (ret_found)
        memset(ret_found, 0, sizeof *ret_found);
    int any = 0;
    for (uint64_t i = 0; i < count && (ret_found || !any); i++) {
        struct needle needle;
        if (!fold(patterns[i], &letters, &needle))
            continue;
        prepare(&needle);
        any |= search(&needle, text, ret_found);
    }
    *ret_any = any;
    return DAIS_OK;
}

uint64_t words_mask(struct dais_str text, const struct words_found *found, char *buf)
{
    uint64_t len = 0;
    uint32_t index = 0;
    for (uint64_t at = 0; at < text.len; index++) {
        const uint64_t begin = at;
        if (unicode_next(text, &at) == UNICODE_INVALID || index == WORDS_TEXT_MAX)
            break;
        if ((found->bits[index / 64] >> (index % 64) & 1) != 0) {
            buf[len++] = '*';
            continue;
        }
        memcpy(buf + len, text.ptr + begin, at - begin);
        len += at - begin;
    }
    return len;
}
