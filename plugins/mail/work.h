/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who sends what waits: a timer looks for messages that are due and starts up to WORK_TASKS_MAX
 * tasks, each of which claims a message, tries it, writes down what came of it, and claims the
 * next. Several processes share one outbox; a claim that its owner never concluded runs out.
 */
#include "dais/timers.h"
#include "smtp.h"

/** Messages under way at once in a process; the class "mail" has as many jobs. */
#define WORK_TASKS_MAX 4

/** How messages are sent. The strings are NUL-terminated. */
struct work_setup {
    const char *from;
    struct dais_str from_name;
    int prints; /**< no server is known: messages are printed into the log */
    int64_t attempts_max;
    int64_t retry_ms;
    int64_t timeout_ms;
};

/** Where each metric stands; filled in `init`. */
struct work_metrics {
    uint32_t sent;
    uint32_t failed;
    uint32_t dead;
};

/** [setup] Remembers how to send. */
void work_init(const struct work_setup *setup, const struct work_metrics *metrics);

/** [fiber] [suspends] Starts tasks for what is due. */
void work_look(void);

/** [fiber] [suspends] Cuts attempts short and waits until all tasks have put theirs back. */
void work_stop(void);
