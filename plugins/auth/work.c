/* SPDX-License-Identifier: MIT */
#include "work.h"

#include "dais/log.h"
#include "store_invitations.h"
#include "store_links.h"
#include "store_sessions.h"
#include "store_tries.h"

/** Counters of failed tries that are kept; the oldest go. */
#define TRIES_MAX 200000

static void sweep(void)
{
    if (store_sessions_sweep() || store_invitations_sweep() || store_links_sweep())
        dais_logf(DAIS_WARN, "old sessions, invitations and links stay until the next hour");
}

static void sweep_tries(void)
{
    if (store_tries_sweep(TRIES_MAX))
        dais_logf(DAIS_WARN, "old counters of failed tries stay until the next minute");
}

const struct dais_timer work_timers[] = {
    {"sessions_sweep", 3600 * 1000, 0, sweep},
    {"tries_sweep", 60 * 1000, 0, sweep_tries},
    {NULL, 0, 0, NULL},
};
