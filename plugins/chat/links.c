/* SPDX-License-Identifier: MIT */
#include "links.h"

#include "fold.h"

/* Longest label of a domain (RFC 1035 §2.3.4), and its bytes in UTF-8 when it is kept. */
#define LABEL_CHARACTERS_MAX 63u
#define LABEL_BYTES 64u
#define TOP_LETTERS_MIN 2u

/* Top levels of countries: bit j of row i is set where the letters 'a' + i, 'a' + j are one. */
static const uint32_t COUNTRIES[26] = {
    0x2DF597C, 0x34E73FB, 0x3F27DED, 0x2005610, 0x01E0054, 0x0025700, 0x15FB9F9,
    0x01A3400, 0x00F7818, 0x000D010, 0x342B1D0, 0x13E0507, 0x3FFFCDD, 0x212C975,
    0x0001000, 0x14E3CF1, 0x0000001, 0x0544010, 0x3BE7FDF, 0x26A7EEC, 0x3040441,
    0x0102155, 0x0040020, 0x0000000, 0x0080010, 0x0401001};

/* Common top levels of other kinds, in lower case. */
static const char *const COMMON[] = {
    "academy",   "agency",  "app",      "asia",    "bio",     "biz",    "blog",    "cam",
    "casino",    "center",  "chat",     "click",   "cloud",   "club",   "codes",   "com",
    "company",   "design",  "dev",      "digital", "edu",     "email",  "events",  "exchange",
    "finance",   "fund",    "fyi",      "games",   "global",  "gov",    "group",   "guru",
    "homes",     "icu",     "info",     "ink",     "int",     "jobs",   "lat",     "link",
    "live",      "lol",     "ltd",      "market",  "media",   "mil",    "mobi",    "monster",
    "net",       "network", "news",     "ninja",   "online",  "ooo",    "org",     "party",
    "pics",      "porn",    "press",    "pro",     "pub",     "quest",  "review",  "rocks",
    "sbs",       "school",  "services", "sex",     "shop",    "site",   "social",  "software",
    "solutions", "space",   "store",    "stream",  "studio",  "surf",   "systems", "team",
    "tech",      "tips",    "tools",    "top",     "trade",   "travel", "tube",    "vip",
    "webcam",    "website", "wiki",     "world",   "wtf",     "xyz",    "zip",     "zone",
    "бел",       "бг",      "дети",     "ею",      "католик", "ком",    "мкд",     "мон",
    "москва",    "онлайн",  "орг",      "рус",     "рф",      "сайт",   "срб",     "укр",
    "қаз",       "ελ",      "ευ",       "հայ",     "გე",      "קום",    "ישראל",   "مصر",
    "السعودية",  "امارات",  "ایران",    "المغرب",  "الجزائر", "شبكة",   "موقع",    "भारत",
    "संगठन",      "ভারত",    "বাংলা",    "இந்தியா",  "ไทย",     "คอม",    "中国",    "中國",
    "公司",      "网络",    "網絡",     "在线",    "中文网",  "网站",   "网址",    "商城",
    "商店",      "集团",    "香港",     "台湾",    "台灣",    "新加坡", "澳門",    "みんな",
    "コム",      "한국",    "닷컴",     "닷넷",
};

/** One label of what may be a domain. */
struct label {
    char text[LABEL_BYTES]; /**< in lower case */
    uint64_t len;
    uint32_t characters;
    uint32_t letters;
    int cut; /**< it was too long to be kept, and is no top level */
};

/** A run of labels and dots, as far as it was read. */
struct run {
    struct dais_str text;
    uint64_t at;
    struct label label;   /**< that is being read */
    uint32_t labels;      /**< good ones in a row before it */
    uint32_t digits_only; /**< the one before it has no letter */
    uint32_t www;         /**< the first one is "www" */
    int bare;             /**< a domain with a top level that exists */
    int any;              /**< a domain with something for a top level */
};

/** The next character in lower case, without what is not seen; 0 at the end. `at` goes behind. */
static uint32_t next_shown(struct dais_str text, uint64_t *at)
{
    while (*at < text.len) {
        uint32_t code = unicode_next(text, at);
        if (code == UNICODE_INVALID)
            return code;
        if (!unicode_is_invisible(code))
            return fold_case(code);
    }
    return 0;
}

static int is_label_part(uint32_t code)
{
    return code == '-' || unicode_is_mark(code) || fold_word(code) != FOLD_APART;
}

static void label_add(struct label *label, uint32_t code)
{
    label->characters++;
    label->letters += (code >= 'a' && code <= 'z') || code >= 0x80;
    label->cut |= label->len + UNICODE_BYTES_MAX > LABEL_BYTES;
    if (!label->cut)
        label->len += unicode_put(code, label->text + label->len);
}

/** Whether a label is the ASCII form of one in another script (RFC 5890 §2.3.2.1). */
static int is_ace(const struct label *label)
{
    return label->len > 4 && memcmp(label->text, "xn--", 4) == 0;
}

/** Whether a label may be a top level by its form. */
static int has_top_form(const struct label *label)
{
    if (label->cut)
        return 0;
    return is_ace(label) ||
           (label->letters == label->characters && label->letters >= TOP_LETTERS_MIN);
}

static int is_top(const struct label *label, int digits_only)
{
    if (!has_top_form(label))
        return 0;
    const struct dais_str text = dais_str(label->text, label->len);
    if (is_ace(label))
        return 1;
    if (text.len == 2)
        return !digits_only && (COUNTRIES[text.ptr[0] - 'a'] >> (text.ptr[1] - 'a') & 1u) != 0;
    for (uint64_t i = 0; i < sizeof COMMON / sizeof COMMON[0]; i++) {
        if (dais_str_eq(text, dais_cstr(COMMON[i])))
            return 1;
    }
    return 0;
}

/** Hyphens at its end are no part of a label; "example.com-" is a link and a dash. */
static void label_trim(struct label *label)
{
    while (label->len > 0 && !label->cut && label->text[label->len - 1] == '-') {
        label->len--;
        label->characters--;
    }
}

/** A label is complete: what the run has become by it. */
static void label_end(struct run *run)
{
    struct label *label = &run->label;
    label_trim(label);
    int good = label->characters > 0 && label->characters <= LABEL_CHARACTERS_MAX;
    if (good && run->labels > 0) {
        run->any = has_top_form(label);
        run->bare |= is_top(label, run->digits_only != 0);
    }
    if (good && run->labels == 0 && label->len == 3 && memcmp(label->text, "www", 3) == 0)
        run->www = 1;
    run->digits_only = label->letters == 0;
    run->labels = good ? run->labels + 1 : 0;
    *label = (struct label){0};
}

/** What follows a run and makes a link of it: "://" and more, or a path behind a domain. */
static int is_linked(const struct run *run, uint32_t code, uint64_t at)
{
    if (code != ':' && code != '/')
        return 0;
    uint32_t next = next_shown(run->text, &at);
    if (code == '/')
        return run->any && next != 0 && next != UNICODE_INVALID && is_label_part(next);
    if (next != '/' || next_shown(run->text, &at) != '/')
        return 0;
    next = next_shown(run->text, &at);
    return next != 0 && next != UNICODE_INVALID && !unicode_is_space(next);
}

/** Reads a run from `run->at`, which is at its first character. Whether it is a link; gives what
 * the character behind it was: 0 at the end. */
static int read_run(struct run *run, uint32_t *ret_behind)
{
    uint32_t code = 0;
    uint32_t characters = 0;
    for (uint64_t at = run->at; at <= run->text.len; run->at = at) {
        code = next_shown(run->text, &at);
        if (code == '.')
            label_end(run);
        else if (code != 0 && code != UNICODE_INVALID && is_label_part(code))
            label_add(&run->label, code);
        else
            break;
        characters++;
    }
    label_end(run);
    *ret_behind = code;
    if (run->bare || (run->www && run->labels > 1))
        return 1;
    uint64_t at = run->at;
    if (code != 0 && code != UNICODE_INVALID)
        (void)next_shown(run->text, &at);
    return characters > 0 && is_linked(run, code, at);
}

/** From `begin` to the next white space. */
static struct dais_str until_space(struct dais_str text, uint64_t begin)
{
    uint64_t end = begin;
    for (uint64_t at = begin; at < text.len; end = at) {
        uint32_t code = unicode_next(text, &at);
        if (code == UNICODE_INVALID || unicode_is_space(code))
            break;
    }
    return dais_str(text.ptr + begin, end - begin);
}

int32_t links_find(struct dais_str text, struct dais_str *ret_link)
{
    for (uint64_t at = 0; at < text.len;) {
        struct run run = {.text = text, .at = at};
        uint32_t behind;
        if (read_run(&run, &behind)) {
            *ret_link = until_space(text, at);
            return DAIS_OK;
        }
        if (behind == UNICODE_INVALID)
            return DAIS_E_INVALID;
        at = run.at;
        if (behind != 0)
            (void)next_shown(text, &at);
        else
            break;
    }
    *ret_link = dais_str(NULL, 0);
    return DAIS_OK;
}
