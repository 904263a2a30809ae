/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the account that runs the service (data/runas.h) can get at: asked by the supervisor as
 * root, before anything is started under that account. Judged by owner, group and mode; access
 * lists are not looked at. Under an ordinary user, who is his own account, the first question is
 * always answered yes.
 */
#include "data/runas.h"

#include <stdbool.h>

/** The account that server process and PostgreSQL run as when the supervisor is root. */
#define REACH_ACCOUNT "dais"
/** How an operator makes it. */
#define REACH_ACCOUNT_HOW                                                                          \
    "useradd --system --user-group --home-dir /var/lib/dais --shell /usr/sbin/nologin dais"

/** Longest path that is looked at, its NUL included. */
#define REACH_PATH_BYTES 1024u

/** Whether the account can walk down to `path` (absolute); what doesn't exist is left out. */
bool reach_enters(const struct runas *account, const char *path);

/** Whether the account can read the file `path` (absolute). */
bool reach_reads(const struct runas *account, const char *path);
