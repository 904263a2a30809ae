/* SPDX-License-Identifier: MIT */
#pragma once
/* The test host itself. */
#include "base/str.h"
#include "testhost.h"

#include <pthread.h>
#include <semaphore.h>

struct config;
struct host;
struct report;

struct testhost {
    char data_dir[64];
    char config_path[96];
    char *database;
    struct config *config;
    struct report *report;
    struct host *host;
    pthread_t thread;
    sem_t known; /* the host serves, or has failed */
    int32_t result;
    uint8_t serves;
    struct strbuf sent;
    struct strbuf received;
};
