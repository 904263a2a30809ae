/* SPDX-License-Identifier: MIT */
#pragma once
/* The limits of a description: every maximum of the core, then every allowance of the rate classes,
 * each with value, default, bounds, unit and prose. For describe.c. */
struct table;

/** Adds the section. [any thread] */
void describe_limits(struct table *table);
