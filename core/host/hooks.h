/* SPDX-License-Identifier: MIT */
#pragma once
/* What net asks of the layers that it does not know: identities, the database, sockets, rates. */
#include "net/http.h"

/** For http_new. */
extern const struct http_hooks host_hooks;
