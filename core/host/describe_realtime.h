/* SPDX-License-Identifier: MIT */
#pragma once
/* What describe.h says of real-time clients: namespaces, events both ways, endpoints, rooms. */

struct table;

/** Appends the sections "spaces", "events", "events_out", "endpoints" and "rooms". [main thread,
 * worker without giving way] */
void describe_realtime(struct table *table);
