/* SPDX-License-Identifier: MIT */
#include "links.h"

#include <stdio.h>

/** How each kind of letter begins and ends. Nothing in it comes from a user. */
static const struct {
    const char *kind;
    const char *subject;
    const char *page;
    const char *opening;
    const char *closing;
} LETTERS[STORE_LINK_PURPOSES] = {
    [STORE_LINK_RESET] = {"password_reset", "Set a new password", "reset",
                          "Somebody, probably you, asked for a new password for your account.",
                          "If it was not you, you need not do anything: your password stays."},
    [STORE_LINK_VERIFY] = {"email_verify", "Verify your address", "verify",
                           "An account was made with this address. Please show that it is yours.",
                           "If it was not you, you need not do anything."},
    [STORE_LINK_CHANGE] = {"email_change", "Verify your new address", "verify",
                           "Somebody, probably you, wants to use this address for an account.",
                           "If it was not you, you need not do anything."},
};

const char *links_subject(uint32_t purpose)
{
    return LETTERS[purpose].subject;
}

const char *links_kind(uint32_t purpose)
{
    return LETTERS[purpose].kind;
}

/** "60 minutes", "48 hours"; a short life counts as one minute. */
static void span_text(int64_t life_s, char *ret_text, size_t bytes)
{
    int64_t minutes = life_s < 120 ? 1 : life_s / 60;
    if (minutes >= 120)
        (void)snprintf(ret_text, bytes, "%lld hours", (long long)(minutes / 60));
    else
        (void)snprintf(ret_text, bytes, "%lld minute%s", (long long)minutes,
                       minutes == 1 ? "" : "s");
}

int32_t links_text(const struct links_letter *letter, char ret_text[LINKS_TEXT_BYTES])
{
    char life[32];
    char way[LINKS_URL_BYTES_MAX + 128];
    if (letter->url.len > LINKS_URL_BYTES_MAX)
        return DAIS_E_TOO_LARGE;
    span_text(letter->life_s, life, sizeof life);
    if (letter->url.ptr)
        (void)snprintf(way, sizeof way, "Follow this link:\n\n%.*s/%s/?token=%s",
                       (int)letter->url.len, letter->url.ptr, LETTERS[letter->purpose].page,
                       letter->secret);
    else
        (void)snprintf(way, sizeof way, "Use this code:\n\n%s", letter->secret);
    int len = snprintf(
        ret_text, LINKS_TEXT_BYTES, "Hello,\n\n%s %s\n\nIt works once, for %s.\n\n%s\n",
        LETTERS[letter->purpose].opening, way, life, LETTERS[letter->purpose].closing);
    return len > 0 && len < LINKS_TEXT_BYTES ? DAIS_OK : DAIS_E_TOO_LARGE;
}
