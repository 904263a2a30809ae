/* SPDX-License-Identifier: MIT */
#pragma once
/* What letters about an account say: pure text, no I/O. */
#include "store_links.h"

/** Room for the text of any letter, with its NUL. */
#define LINKS_TEXT_BYTES 1536
/** Longest address of the pages that the configuration may give. */
#define LINKS_URL_BYTES_MAX 400

/** What a letter with a link is made of. */
struct links_letter {
    uint32_t purpose;    /**< enum store_link_purpose */
    int64_t life_s;      /**< of the link */
    const char *secret;  /**< what opens it */
    struct dais_str url; /**< address of the pages; absent: the letter shows the secret as a code */
};

/** The subject of a letter with a link. */
const char *links_subject(uint32_t purpose);

/** The kind of a letter with a link, as dais.mailer/1 wants one. */
const char *links_kind(uint32_t purpose);

/** The text of a letter with a link. DAIS_E_TOO_LARGE: the url is too long. */
DAIS_CHECK_RESULT int32_t links_text(const struct links_letter *letter,
                                     char ret_text[LINKS_TEXT_BYTES]);
