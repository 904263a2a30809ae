/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Work under another account. PostgreSQL refuses to run as root, and root must not touch files in a
 * folder that belongs to somebody else (symbolic links). So everything that concerns the cluster is
 * done by a forked child that has become its owner for good. For an ordinary user that is himself.
 */
#include "dais/error.h"

#include <stdint.h>
#include <sys/types.h>

#define RUNAS_NAME_BYTES 64u
/** Room for the line that tells what went wrong, its NUL included. */
#define RUNAS_MESSAGE_BYTES 512u

/** An account. */
struct runas {
    uid_t uid;
    gid_t gid;
    uint32_t other; /**< 1: not this process's own, to be entered after a fork */
    char name[RUNAS_NAME_BYTES];
};

/**
 * The account named `name`, or the first that exists of "dais" and "postgres" for NULL. When this
 * process is not root it is always its own. DAIS_E_NOT_FOUND with a line in `message`.
 */
DAIS_CHECK_RESULT int32_t runas_find(const char *name, char *message, struct runas *ret_account);

/** Makes this process the account's, for good: only in a forked child. DAIS_E_DENIED. */
DAIS_CHECK_RESULT int32_t runas_enter(const struct runas *account);

/** What runs in the child; `message` (RUNAS_MESSAGE_BYTES) reaches the caller. */
typedef int32_t (*runas_fn)(void *arg, char *message);

/**
 * Runs `fn(arg, message)` in a child that is the account's, waits for it and returns what it
 * returned. DAIS_E_INTERNAL when the child could not be made or died.
 */
DAIS_CHECK_RESULT int32_t runas_call(const struct runas *account, runas_fn fn, void *arg,
                                     char *message);

/** Writes one line into `message` (RUNAS_MESSAGE_BYTES), cut where it is too long. */
__attribute__((format(printf, 2, 3))) void runas_say(char *message, const char *format, ...);
