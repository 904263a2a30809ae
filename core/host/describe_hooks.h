/* SPDX-License-Identifier: MIT */
#pragma once
/* The sections "operations" and "hooks" of `dais describe`: who does what, and who is attached. */

struct table;

/** Adds both sections; hooks stand in the order in which they run. [worker without giving way] */
void describe_hooks(struct table *table);
