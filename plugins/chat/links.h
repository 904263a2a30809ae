/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Links in texts: "https://…" and other schemes, "www.…", and bare domains ("example.com",
 * "пример.рф"), also in full-width letters and with invisible characters in between. A bare domain
 * is one whose top level exists: a country's two letters, one of the common names, or anything with
 * a path behind it. So "3.5", "e.g." and "end.Then" are none, while "node.so" is taken for one.
 */
#include "dais/error.h"
#include "dais/types.h"

/**
 * Finds the first link of a text; it becomes an absent view where there is none, otherwise one of
 * `text`, up to the white space behind it. Linear in the text. DAIS_E_INVALID: it is no UTF-8
 * before a link.
 */
DAIS_CHECK_RESULT int32_t links_find(struct dais_str text, struct dais_str *ret_link);
