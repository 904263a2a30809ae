/* SPDX-License-Identifier: MIT */
#include "compose.h"

#include <stdio.h>
#include <time.h>

/** Bytes in one encoded word: with "Subject: " before it the line stays within 76 characters. */
#define WORD_BYTES 39u
/** A subject up to this length goes as it is, when it can. */
#define PLAIN_SUBJECT_BYTES_MAX 67u
/** Lines of a 7bit body; RFC 5322 §2.1.1 allows 998 bytes. */
#define PLAIN_LINE_BYTES_MAX 900u
/** Characters of base64 in a line, RFC 2045 §6.8. */
#define BASE64_LINE_CHARS 76u
/** All that compose_write adds to what the caller gave, headers and their folding included. */
#define FRAME_BYTES 2048u

/** Where the next byte goes. */
struct pen {
    char *at;
};

static void put(struct pen *pen, struct dais_str text)
{
    if (text.len)
        memcpy(pen->at, text.ptr, text.len);
    pen->at += text.len;
}

static void put_text(struct pen *pen, const char *text)
{
    put(pen, dais_cstr(text));
}

/** One group of base64: `count` (1 to 3) bytes as four characters. */
static void put_group(struct pen *pen, const uint8_t *bytes, uint32_t count)
{
    static const char ALPHABET[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = (uint32_t)bytes[0] << 16 | (count > 1 ? (uint32_t)bytes[1] << 8 : 0) |
                    (count > 2 ? bytes[2] : 0);
    *pen->at++ = ALPHABET[bits >> 18];
    *pen->at++ = ALPHABET[bits >> 12 & 63];
    *pen->at++ = count > 1 ? ALPHABET[bits >> 6 & 63] : '=';
    *pen->at++ = count > 2 ? ALPHABET[bits & 63] : '=';
}

static int is_ascii(struct dais_str text)
{
    for (uint64_t i = 0; i < text.len; i++)
        if ((uint8_t)text.ptr[i] >= 0x80)
            return 0;
    return 1;
}

/** How much of `text` goes into one encoded word: whole characters. */
static uint64_t word_len(struct dais_str text)
{
    uint64_t len = text.len < WORD_BYTES ? text.len : WORD_BYTES;
    while (len < text.len && len > 0 && ((uint8_t)text.ptr[len] & 0xc0) == 0x80)
        len--;
    return len;
}

/** RFC 2047 §2, folded between the words. */
static void put_words(struct pen *pen, struct dais_str text)
{
    while (text.len > 0) {
        uint64_t len = word_len(text);
        put_text(pen, "=?UTF-8?B?");
        for (uint64_t i = 0; i < len; i += 3)
            put_group(pen, (const uint8_t *)text.ptr + i, len - i < 3 ? (uint32_t)(len - i) : 3);
        put_text(pen, "?=");
        text = dais_str(text.ptr + len, text.len - len);
        if (text.len > 0)
            put_text(pen, "\r\n ");
    }
}

static int is_encoded_word(struct dais_str text)
{
    for (uint64_t i = 0; i + 1 < text.len; i++)
        if (text.ptr[i] == '=' && text.ptr[i + 1] == '?')
            return 1;
    return 0;
}

static int has_outer_space(struct dais_str text)
{
    return text.len && (text.ptr[0] == ' ' || text.ptr[text.len - 1] == ' ');
}

static void put_subject(struct pen *pen, struct dais_str subject)
{
    put_text(pen, "Subject: ");
    if (subject.len <= PLAIN_SUBJECT_BYTES_MAX && is_ascii(subject) && !is_encoded_word(subject) &&
        !has_outer_space(subject))
        put(pen, subject);
    else
        put_words(pen, subject);
    put_text(pen, "\r\n");
}

/** A quoted string, RFC 5322 §3.2.4, or encoded words. */
static void put_name(struct pen *pen, struct dais_str name)
{
    if (!is_ascii(name) || is_encoded_word(name) || name.len > PLAIN_SUBJECT_BYTES_MAX) {
        put_words(pen, name);
        put_text(pen, "\r\n ");
        return;
    }
    *pen->at++ = '"';
    for (uint64_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '"' || name.ptr[i] == '\\')
            *pen->at++ = '\\';
        *pen->at++ = name.ptr[i];
    }
    put_text(pen, "\"\r\n ");
}

/** RFC 5322 §3.3, in UTC and in no language but its own. */
static void put_date(struct pen *pen, int64_t unix_s)
{
    static const char DAYS[] = "SunMonTueWedThuFriSat";
    static const char MONTHS[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t seconds = (time_t)unix_s;
    struct tm tm;
    char text[64];
    if (!gmtime_r(&seconds, &tm))
        return;
    int len = snprintf(text, sizeof text, "Date: %.3s, %d %.3s %d %02d:%02d:%02d +0000\r\n",
                       DAYS + (ptrdiff_t)3 * tm.tm_wday, tm.tm_mday,
                       MONTHS + (ptrdiff_t)3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                       tm.tm_sec);
    if (len > 0 && (size_t)len < sizeof text)
        put(pen, dais_str(text, (uint64_t)len));
}

static struct dais_str domain_of(struct dais_str address)
{
    const char *at = memchr(address.ptr, '@', address.len);
    return at ? dais_str(at + 1, address.len - (uint64_t)(at + 1 - address.ptr)) : address;
}

static void put_headers(struct pen *pen, const struct compose_letter *letter)
{
    put_date(pen, letter->unix_s);
    put_text(pen, "From: ");
    if (letter->from_name.len)
        put_name(pen, letter->from_name);
    put_text(pen, "<");
    put(pen, letter->from);
    put_text(pen, ">\r\nTo: <");
    put(pen, letter->to);
    put_text(pen, ">\r\n");
    put_subject(pen, letter->subject);
    put_text(pen, "Message-ID: <");
    put(pen, letter->id);
    put_text(pen, "@");
    put(pen, domain_of(letter->from));
    /* Programs that answer by themselves leave such letters alone (RFC 3834 §5). */
    put_text(pen, ">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                  "Content-Type: text/plain; charset=utf-8\r\n");
}

static int is_plain(struct dais_str text)
{
    uint64_t line = 0;
    for (uint64_t i = 0; i < text.len; i++) {
        line = text.ptr[i] == '\n' ? 0 : line + 1;
        if (line > PLAIN_LINE_BYTES_MAX)
            return 0;
    }
    return is_ascii(text);
}

static void put_lines(struct pen *pen, struct dais_str text)
{
    for (uint64_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\n')
            *pen->at++ = '\r';
        *pen->at++ = text.ptr[i];
    }
    if (text.len && text.ptr[text.len - 1] != '\n')
        put_text(pen, "\r\n");
}

/** A body on its way into base64, whose lines end in CRLF before they are encoded. */
struct encoder {
    struct pen *pen;
    uint8_t group[3];
    uint32_t count;
    uint32_t column;
};

static void encoder_flush(struct encoder *encoder)
{
    if (encoder->count == 0)
        return;
    put_group(encoder->pen, encoder->group, encoder->count);
    encoder->count = 0;
    encoder->column += 4;
    if (encoder->column < BASE64_LINE_CHARS)
        return;
    put_text(encoder->pen, "\r\n");
    encoder->column = 0;
}

static void encoder_put(struct encoder *encoder, char byte)
{
    encoder->group[encoder->count++] = (uint8_t)byte;
    if (encoder->count == sizeof encoder->group)
        encoder_flush(encoder);
}

static void put_base64(struct pen *pen, struct dais_str text)
{
    struct encoder encoder = {.pen = pen};
    for (uint64_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\n')
            encoder_put(&encoder, '\r');
        encoder_put(&encoder, text.ptr[i]);
    }
    encoder_flush(&encoder);
    if (encoder.column > 0)
        put_text(pen, "\r\n");
}

uint64_t compose_bytes_max(const struct compose_letter *letter)
{
    uint64_t headers = letter->id.len + 2 * letter->from.len + letter->to.len +
                       3 * (letter->from_name.len + letter->subject.len);
    /* Every byte a newline: doubled, then four thirds of it, then the ends of the lines. */
    return FRAME_BYTES + headers + 3 * letter->text.len;
}

uint64_t compose_write(const struct compose_letter *letter, char *out)
{
    struct pen pen = {out};
    put_headers(&pen, letter);
    if (is_plain(letter->text)) {
        put_text(&pen, "Content-Transfer-Encoding: 7bit\r\n\r\n");
        put_lines(&pen, letter->text);
    } else {
        put_text(&pen, "Content-Transfer-Encoding: base64\r\n\r\n");
        put_base64(&pen, letter->text);
    }
    return (uint64_t)(pen.at - out);
}
