/* SPDX-License-Identifier: MIT */
#include "sequence.h"

#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dais/config.h"
#include "dais/fiber.h"
#include "dais/log.h"
#include "dais/mem.h"

/* Shared by all workers: counters, written by one fiber (base) or only ever raised (used). */
static _Atomic uint64_t base;
static _Atomic uint64_t used;
static uint64_t reserved;

/* What a job works on: the file, and the number to write where it is not 0. */
struct file {
    char path[PATH_MAX];
    char next[PATH_MAX]; /* written first, then renamed */
    uint64_t number;
};

static int32_t read_file(void *arg)
{
    struct file *file = arg;
    char text[32] = "";
    file->number = 1;
    FILE *stream = fopen(file->path, "re");
    if (stream == NULL) {
        return DAIS_OK; /* the first start */
    }
    if (fgets(text, sizeof(text), stream) != NULL) {
        const uint64_t number = strtoull(text, NULL, 10);
        file->number = number > 0 ? number : 1;
    }
    fclose(stream);
    return DAIS_OK;
}

static int32_t write_file(void *arg)
{
    const struct file *file = arg;
    FILE *stream = fopen(file->next, "we");
    if (stream == NULL) {
        return DAIS_E_INTERNAL;
    }
    bool written = fprintf(stream, "%" PRIu64 "\n", file->number) > 0;
    written = fflush(stream) == 0 && fsync(fileno(stream)) == 0 && written;
    written = fclose(stream) == 0 && written;
    return written && rename(file->next, file->path) == 0 ? DAIS_OK : DAIS_E_INTERNAL;
}

static const struct dais_job READ = {"hls_sequence_read", "disk", read_file};
static const struct dais_job WRITE = {"hls_sequence_write", "disk", write_file};

/* The file's names, in memory that lives as long as the fiber. */
static struct file *file_new(void)
{
    const struct dais_str folder = dais_config->data_dir();
    struct file *file = dais_mem->arena_alloc(dais_mem->arena_self(), sizeof(*file));
    if (file == NULL || folder.ptr == NULL || folder.len > PATH_MAX - 32) {
        return NULL;
    }
    snprintf(file->path, sizeof(file->path), "%.*s/discontinuities", (int)folder.len, folder.ptr);
    snprintf(file->next, sizeof(file->next), "%.*s/discontinuities.next", (int)folder.len,
             folder.ptr);
    return file;
}

static int32_t reserve(struct file *file, uint64_t up_to)
{
    file->number = up_to;
    const int32_t code = dais_fiber->job(&WRITE, file);
    if (code == DAIS_OK) {
        reserved = up_to;
    }
    return code;
}

int32_t sequence_open(void)
{
    struct file *file = file_new();
    int32_t code = file != NULL ? dais_fiber->job(&READ, file) : DAIS_E_MEMORY;
    if (code != DAIS_OK) {
        return code;
    }
    const uint64_t first = file->number;
    code = reserve(file, first + SEQUENCE_BLOCK);
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
    struct file *file = file_new();
    if (file == NULL || reserve(file, next + SEQUENCE_BLOCK) != DAIS_OK) {
        dais_logf(DAIS_WARN, "the discontinuity sequence could not be written, a restart may "
                             "confuse players");
    }
}
