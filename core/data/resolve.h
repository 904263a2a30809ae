/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The addresses of a database that is named by host names. libpq would look them up where it begins
 * to connect, and a name server that is slow would hold up the worker; here a job does it. One
 * resolver serves all connections of a worker: it remembers what was found for some seconds, and
 * what is older is still used while it is looked up again.
 */
#include "dais/error.h"

#include <stdbool.h>
#include <stdint.h>

#define RESOLVE_TEXT_BYTES 1024u

/** What libpq takes as host, hostaddr and port: lists of the same length, separated by commas. */
struct addresses {
    char hosts[RESOLVE_TEXT_BYTES];
    char numbers[RESOLVE_TEXT_BYTES];
    char ports[RESOLVE_TEXT_BYTES];
};

/** One for each worker; embed it. */
struct resolver {
    const char *conninfo; /* private, as all below */
    struct addresses found;
    uint64_t until_ms; /* then `found` is looked up again */
    bool is_needed;
    bool is_found;
    bool is_running;
    bool told; /* that the name is not known stands in the log */
};

/** Readies a resolver. `conninfo` is borrowed. */
void resolver_init(struct resolver *resolver, const char *conninfo);

/**
 * Where to connect to; NULL when `conninfo` says it without names. DAIS_E_UNAVAILABLE: not known
 * yet, ask again in a while. [worker]
 */
DAIS_CHECK_RESULT int32_t resolver_get(struct resolver *resolver,
                                       const struct addresses **ret_addresses);

/** Whether there are names to be looked up. [any thread] */
bool resolve_is_needed(const char *conninfo);

/** Looks them up, and blocks. DAIS_E_UNAVAILABLE: none is known; DAIS_E_LIMIT. [job] */
DAIS_CHECK_RESULT int32_t resolve_all(const char *conninfo, struct addresses *ret_addresses);
