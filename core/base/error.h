/* SPDX-License-Identifier: MIT */
#pragma once
/* Look-ups in the table of dais/error.h. Unknown codes answer as DAIS_E_INTERNAL. Any thread. */
#include "dais/error.h"

/** The HTTP status a code answers with; 200 for DAIS_OK. */
uint32_t error_status(int32_t code);

/** The stable `code` of the problem document: "not_found"; "ok" for DAIS_OK. */
const char *error_code(int32_t code);

/** The title of the problem document: "There is no such thing". */
const char *error_title(int32_t code);

/** The name in C: "DAIS_E_NOT_FOUND". */
const char *error_name(int32_t code);

/** The nearest code for an `errno` of the C library (ENOENT: DAIS_E_NOT_FOUND …); 0 gives DAIS_OK.
 */
DAIS_CHECK_RESULT int32_t error_from_errno(int system_error);
