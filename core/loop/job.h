/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Jobs: blocking or long work on a pool of threads, in classes.
 *
 * A class bounds how many of its jobs run at once and how many wait, so that password hashing can
 * not starve file work. The main thread starts the pool before the workers and stops it after them.
 */
#include "dais/error.h"
#include "dais/types.h"

#define JOB_CLASSES_MAX 16u

/** Of a class: half of the cores, at least one; the other half stays with the workers. */
#define JOB_HALF_OF_CORES UINT32_MAX

/** A class of work. */
struct job_class {
    const char *name;     /**< "cpu", "disk", "password" */
    uint32_t running_max; /**< at once, or JOB_HALF_OF_CORES; 0: the number of cores */
    uint32_t waiting_max; /**< 0: limit `job_queue` */
};

/** "cpu", "disk", "password", "mail" and "database". */
extern const struct job_class job_classes_default[];
extern const uint32_t job_classes_default_count;

/**
 * Starts `threads` threads (0: limit `job_threads`) for these classes (copied; their names are
 * borrowed). `thread_start(index)` runs first on each thread; may be NULL. DAIS_E_MEMORY,
 * DAIS_E_INVALID, DAIS_E_STATE when already started.
 */
DAIS_CHECK_RESULT int32_t jobs_start(uint32_t threads, const struct job_class *classes,
                                     uint32_t count, void (*thread_start)(uint32_t index));

/** Waits for all jobs and ends the threads. After the workers have stopped. */
void jobs_stop(void);

/** Jobs of all classes. */
struct job_counts {
    uint32_t waiting;
    uint32_t running;
};

/** How many jobs there are now. Any thread. */
struct job_counts jobs_count(void);

/** The number of a class, for job_run. DAIS_E_NOT_FOUND. Any thread. */
DAIS_CHECK_RESULT int32_t job_class_find(struct dais_str name, uint32_t *ret_class);

/**
 * [fiber] [suspends] Runs `fn(arg)` on a thread of the pool and returns what it returned. `arg`
 * stays with the caller, whose stack may hold it. DAIS_E_LIMIT when the class's queue is full ·
 * DAIS_E_CANCELLED when cancelled before it began · DAIS_E_STATE outside a fiber. Once begun it
 * is waited for.
 */
DAIS_CHECK_RESULT int32_t job_run(uint32_t class_number, int32_t (*fn)(void *arg), void *arg);
