/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Services with several providers: for each service the tables of all instances that plugins offer
 * ("dais.roomsource/1:live"). Made when all are loaded, and anew at the swap of a reload; read by
 * everybody in between. Which plugins have started is looked at in each call, so that who fails to
 * start is never among them.
 */
#include "dais/types.h"

struct host;

/** Notes what the current generations of all plugins that take part offer. [main thread before the
 * workers, parked] */
void instances_build(const struct host *host);

/** dais_services_v1.each. [any thread] */
const void *instances_each(const char *name, uint32_t index);
