/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the server process does when it crashes: a signal handler that writes into the shared page
 * (slots.h) which thread died, of what, where, whose code it ran, and the way there; then it dies
 * as it would have. It runs on a stack of its own, so that overflows are told too, and calls
 * nothing that is not async-signal-safe. Not under sanitizers, which have handlers of their own.
 *
 *     fault_open, once, before other threads → fault_thread_start on each thread
 */
#include "dais/error.h"

struct slots;

/** Takes the signals of a crash over. DAIS_E_INTERNAL when the kernel refuses. [main thread] */
DAIS_CHECK_RESULT int32_t fault_open(struct slots *slots);

/** Gives this thread, whose slot is `slot`, a stack for the handler. [that thread] */
void fault_thread_start(uint32_t slot);
