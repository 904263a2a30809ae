/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the supervisor has noted about the plugins, as the server process hears it: read from the
 * shared page once, before the host is made.
 */
#include "host/host.h"
#include "proc/slots.h"

/** Fills quarantine, pinned copies, crashes and `release` of the options; borrowed from the page.
 */
void notes_apply(struct slots *slots, struct host_options *options);
