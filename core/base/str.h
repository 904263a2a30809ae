/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Text: a bounded builder (`struct strbuf`), and rules for views (`struct dais_str`).
 *
 * A builder is made on the heap (strbuf_init, freed by strbuf_fini) or in an arena (strbuf_init_in,
 * nothing to free) or on memory of the caller (strbuf_init_on). Appending never fails visibly: past
 * the maximum, or without memory, the builder keeps an error and ignores what follows; look at
 * strbuf_error once, at the end. The contents are always NUL-terminated behind `len`.
 */
#include "base/arena.h"
#include "dais/error.h"
#include "dais/types.h"

#include <stdarg.h>
#include <stdbool.h>

struct strbuf {
    char *ptr;
    size_t len;
    size_t capacity; /* without the NUL */
    size_t bytes_max;
    struct dais_arena *arena; /* NULL: heap, unless fixed */
    bool fixed;               /* on memory of the caller */
    int32_t error;
};

/** An empty builder on the heap for at most `bytes_max` bytes. Allocates nothing yet. */
void strbuf_init(struct strbuf *out, size_t bytes_max);

/** An empty builder whose contents live in `arena`. */
void strbuf_init_in(struct strbuf *out, struct dais_arena *arena, size_t bytes_max);

/** An empty builder on `bytes` (> 0) of the caller's memory, one of which the final NUL takes. */
void strbuf_init_on(struct strbuf *out, void *memory, size_t bytes);

/** Frees what a heap builder holds; it is empty and usable again. */
void strbuf_fini(struct strbuf *out);

/** Empties without giving memory back; forgets an error. */
void strbuf_clear(struct strbuf *out);

/** Scope guard for builders on the heap. */
#define STRBUF_AUTO __attribute__((cleanup(strbuf_fini)))

/** DAIS_OK, DAIS_E_TOO_LARGE past the maximum, DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t strbuf_error(const struct strbuf *out);

/** What was appended so far; valid until the next append. Never absent. */
struct dais_str strbuf_view(const struct strbuf *out);

/** The contents NUL-terminated; "" when empty. Valid until the next append. */
const char *strbuf_cstr(const struct strbuf *out);

/** Append: bytes, a C string, one character, decimal numbers, printf. */
void strbuf_add(struct strbuf *out, struct dais_str text);
void strbuf_addz(struct strbuf *out, const char *text);
void strbuf_addc(struct strbuf *out, char c);
void strbuf_addi(struct strbuf *out, int64_t value);
void strbuf_addu(struct strbuf *out, uint64_t value);
void strbuf_addf(struct strbuf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void strbuf_addv(struct strbuf *out, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/** Room for `bytes` more, to be written by the caller; they count as appended. NULL on error. */
char *strbuf_extend(struct strbuf *out, size_t bytes);

/** Drops everything behind `len` bytes. */
void strbuf_truncate(struct strbuf *out, size_t len);

/** Appends lower-case hexadecimal / base64url without padding (RFC 4648 §5) / standard base64. */
void strbuf_add_hex(struct strbuf *out, struct dais_str bytes);
void strbuf_add_base64url(struct strbuf *out, struct dais_str bytes);
void strbuf_add_base64(struct strbuf *out, struct dais_str bytes);

/** Strict decoders: append the bytes; DAIS_E_INVALID on a foreign character or a bad length. */
DAIS_CHECK_RESULT int32_t str_decode_hex(struct dais_str text, struct strbuf *out);
DAIS_CHECK_RESULT int32_t str_decode_base64url(struct dais_str text, struct strbuf *out);
DAIS_CHECK_RESULT int32_t str_decode_base64(struct dais_str text, struct strbuf *out);

/** Equal, ignoring the case of ASCII letters. */
bool str_eq_nocase(struct dais_str a, struct dais_str b);

/** Equal to a C string; an absent view equals nothing. */
bool str_eqz(struct dais_str a, const char *b);

/** As str_eqz, ignoring the case of ASCII letters. */
bool str_eqz_nocase(struct dais_str a, const char *b);

/** Equal, in time that depends on the lengths only: for secrets. */
bool str_eq_secret(struct dais_str a, struct dais_str b);

/** Whether the text begins with a C string. */
bool str_has_prefix(struct dais_str text, const char *prefix);
/** As str_has_prefix, at the end. */
bool str_has_suffix(struct dais_str text, const char *suffix);

/** Byte order, as memcmp then length: negative, 0, positive. */
int str_cmp(struct dais_str a, struct dais_str b);

/** The part from `from` with `len` bytes, both clamped to the text. */
struct dais_str str_sub(struct dais_str text, uint64_t from, uint64_t len);

/** Copies `text` to `*at`, where there is room for it, and moves `*at` behind it; the copy. An
 * absent text stays absent. */
struct dais_str str_place(struct dais_str text, char **at);

/** Without ASCII blanks (space, tab, CR, LF) at both ends. */
struct dais_str str_trim(struct dais_str text);

/** Offset of the first `c`, or -1. */
int64_t str_find(struct dais_str text, char c);

/**
 * Takes the text before the next `separator` off the front of `*rest`. False when `*rest` is
 * absent; the last piece leaves it absent. An empty text is one empty piece.
 */
bool str_split(struct dais_str *rest, char separator, struct dais_str *ret_piece);

/** The whole text as a decimal integer within bounds: no blanks, no '+'. DAIS_E_INVALID,
 * DAIS_E_RANGE. */
DAIS_CHECK_RESULT int32_t str_parse_int(struct dais_str text, int64_t min, int64_t max,
                                        int64_t *ret_value);
DAIS_CHECK_RESULT int32_t str_parse_uint(struct dais_str text, uint64_t max, uint64_t *ret_value);

/** The whole text as a finite decimal number. DAIS_E_INVALID. */
DAIS_CHECK_RESULT int32_t str_parse_double(struct dais_str text, double *ret_value);

/** Whether the text is well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong). */
bool str_is_utf8(struct dais_str text);

/** Code points of well-formed UTF-8. */
uint64_t str_utf8_count(struct dais_str text);

/** Length of the well-formed UTF-8 sequence at the start of `bytes`, or 0. */
uint32_t str_utf8_sequence(const uint8_t *bytes, uint64_t len);

/** printf argument pair for a view: printf("%.*s", STR_ARG(view)). */
#define STR_ARG(view) (int)(view).len, ((view).ptr ? (view).ptr : "")
