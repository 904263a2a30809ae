/* SPDX-License-Identifier: MIT */
#pragma once
/* The page at /docs: docs_page.html as the build embeds it. It draws what /docs/openapi.json says.
 */
#include <stddef.h>

extern const unsigned char docs_page[];
extern const size_t docs_page_bytes;
