/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What `dais doctor` looks at: one function for each concern, each printing one line or several
 * through doctor_say. A finding says how things are and, unless they are fine, what to do about it.
 * Nothing is changed by looking.
 */
#include "base/str.h"
#include "proc/reach.h"

struct config;

enum doctor_grade { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

/** What is examined, and the worst that was found. */
struct doctor {
    const struct config *config;
    struct runas account;
    char data_dir[REACH_PATH_BYTES];
    bool server_runs; /**< on this data directory */
    enum doctor_grade worst;
};

/** Prints one finding. `remedy` is NULL when there is nothing to do. */
__attribute__((format(printf, 4, 5))) void doctor_say(struct doctor *doctor,
                                                      enum doctor_grade grade, const char *remedy,
                                                      const char *format, ...);

/** Whose account the service runs under. First of all. */
void doctor_account(struct doctor *doctor);

/** Data directory, disk space, whether a server runs on it. */
void doctor_data(struct doctor *doctor);

/** PostgreSQL's programs, or the address of another database. */
void doctor_database(struct doctor *doctor);

/** The HTTP addresses. */
void doctor_ports(struct doctor *doctor);

/** The certificates of TLS: whether they can be read, and how long they last. */
void doctor_certificates(struct doctor *doctor);

/** File descriptors, memory mappings, shared memory, backlog. */
void doctor_kernel(struct doctor *doctor);

/** Programs that are started as children. */
void doctor_programs(struct doctor *doctor);
