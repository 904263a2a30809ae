/* SPDX-License-Identifier: MIT */
#include "sequence.h"

#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "dais/fiber.h"
#include "dais/log.h"

/* Shared by all workers: counters, written by one fiber (base) or only ever raised (used). */
static _Atomic uint64_t base;
static _Atomic uint64_t used;
/* Of the fiber that opens and keeps. */
static uint64_t reserved;
static char path[PATH_MAX];
static char path_next[PATH_MAX]; /* written first, then renamed */

static int32_t read_file(void *arg)
{
    uint64_t *number = arg;
    char text[32] = "";
    *number = 1;
    FILE *stream = fopen(path, "re");
    if (stream == NULL) {
        return DAIS_OK; /* the first start */
    }
    if (fgets(text, sizeof(text), stream) != NULL) {
        const uint64_t read = strtoull(text, NULL, 10);
        *number = read > 0 ? read : 1;
    }
    fclose(stream);
    return DAIS_OK;
}

static int32_t write_file(void *arg)
{
    const uint64_t *number = arg;
    FILE *stream = fopen(path_next, "we");
    if (stream == NULL) {
        return DAIS_E_INTERNAL;
    }
    bool written = fprintf(stream, "%" PRIu64 "\n", *number) > 0;
    written = fclose(stream) == 0 && written;
    return written && rename(path_next, path) == 0 ? DAIS_OK : DAIS_E_INTERNAL;
}

static const struct dais_job READ = {"hls_sequence_read", "disk", read_file};
static const struct dais_job WRITE = {"hls_sequence_write", "disk", write_file};

static int32_t reserve(uint64_t up_to)
{
    const int32_t code = dais_fiber->job(&WRITE, &up_to);
    if (code == DAIS_OK) {
        reserved = up_to;
    }
    return code;
}

int32_t sequence_open(struct dais_str folder)
{
    if (folder.ptr == NULL || folder.len > PATH_MAX - 32) {
        return DAIS_E_INVALID;
    }
    snprintf(path, sizeof(path), "%.*s/discontinuities", (int)folder.len, folder.ptr);
    snprintf(path_next, sizeof(path_next), "%.*s/discontinuities.next", (int)folder.len,
             folder.ptr);
    uint64_t first = 0;
    int32_t code = dais_fiber->job(&READ, &first);
    if (code == DAIS_OK) {
        code = reserve(first + SEQUENCE_BLOCK);
    }
    if (code == DAIS_OK) {
        atomic_store(&base, first);
    }
    return code;
}

uint64_t sequence_base(void)
{
    return atomic_load(&base);
}

void sequence_use(uint64_t count)
{
    uint64_t known = atomic_load(&used);
    while (known < count && !atomic_compare_exchange_weak(&used, &known, count)) {
    }
}

void sequence_keep(void)
{
    const uint64_t next = atomic_load(&base) + atomic_load(&used) + 1;
    if (sequence_base() == 0 || next + SEQUENCE_BLOCK / 2 <= reserved) {
        return;
    }
    if (reserve(next + SEQUENCE_BLOCK) != DAIS_OK) {
        dais_logf(DAIS_WARN, "the discontinuity sequence could not be written, a restart may "
                             "confuse players");
    }
}
