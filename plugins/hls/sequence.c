/* SPDX-License-Identifier: MIT */
#include "sequence.h"

#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dais/fiber.h"
#include "dais/log.h"
#include "dais/mem.h"
#include "hls.h"

#define BASE_KEY "base"

/* Shared by all workers: set once, or only ever raised. */
static _Atomic uint64_t base;
static _Atomic uint64_t used;
static _Atomic uint64_t reserved; /* no number from here on is used yet */
static atomic_bool is_reserving;
static char path[PATH_MAX];
static char path_next[PATH_MAX]; /* written first, then renamed */

/* What a job does: reads the number of the file, and raises it to `wanted`. */
struct block {
    uint64_t found;
    uint64_t wanted;
};

static uint64_t read_number(void)
{
    char text[32] = "";
    FILE *stream = fopen(path, "re");
    if (stream == NULL) {
        return 1; /* the first start */
    }
    const bool read = fgets(text, sizeof(text), stream) != NULL;
    fclose(stream);
    const uint64_t number = read ? strtoull(text, NULL, 10) : 0;
    return number > 0 ? number : 1;
}

static int32_t write_number(uint64_t number)
{
    FILE *stream = fopen(path_next, "we");
    if (stream == NULL) {
        return DAIS_E_INTERNAL;
    }
    bool written = fprintf(stream, "%" PRIu64 "\n", number) > 0;
    written = fclose(stream) == 0 && written;
    return written && rename(path_next, path) == 0 ? DAIS_OK : DAIS_E_INTERNAL;
}

static int32_t raise_number(void *arg)
{
    struct block *block = arg;
    block->found = read_number();
    if (block->wanted == 0) {
        block->wanted = block->found + SEQUENCE_BLOCK;
    }
    return block->wanted <= block->found ? DAIS_OK : write_number(block->wanted);
}

static const struct dais_job RAISE = {"hls_sequence", "disk", raise_number};

/* One at a time, also among the generations of this plugin: all have the same file. */
static int32_t raise_file(struct block *block)
{
    struct dais_lock *lock;
    int32_t code = dais_fiber->lock(dais_cstr("sequence"), &lock);
    if (code != DAIS_OK) {
        return code;
    }
    code = dais_fiber->job(&RAISE, block);
    dais_fiber->unlock(lock);
    return code;
}

/* The base of the generations before this one; 0 when this is the first. */
static uint64_t base_of_older(void)
{
    uint64_t number = 0;
    const struct dais_buf *there = dais_shared->get(&hls_sequence_board, dais_cstr(BASE_KEY));
    if (there != NULL) {
        memcpy(&number, there->data, sizeof(number));
    }
    return number;
}

static int32_t show_base(uint64_t number)
{
    struct dais_buf *buf = dais_mem->buf_new(sizeof(number));
    if (buf == NULL) {
        return DAIS_E_MEMORY;
    }
    memcpy(buf->data, &number, sizeof(number));
    const int32_t code = dais_shared->put(&hls_sequence_board, dais_cstr(BASE_KEY), buf);
    dais_mem->buf_unref(buf);
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
    const uint64_t older = base_of_older();
    if (older > 0) {
        atomic_store(&base, older); /* the first use looks what is reserved */
        return DAIS_OK;
    }
    struct block block = {0};
    int32_t code = raise_file(&block);
    if (code == DAIS_OK) {
        code = show_base(block.found);
    }
    if (code == DAIS_OK) {
        atomic_store(&reserved, block.wanted);
        atomic_store(&base, block.found);
    }
    return code;
}

uint64_t sequence_base(void)
{
    return atomic_load(&base);
}

/* The first number that nobody has used, with half a block to spare. */
static uint64_t needed(void)
{
    return atomic_load(&base) + atomic_load(&used) + 1 + SEQUENCE_BLOCK / 2;
}

static void reserve(uint64_t cookie)
{
    struct block block = {.wanted = needed() + SEQUENCE_BLOCK / 2};
    if (raise_file(&block) == DAIS_OK) {
        atomic_store(&reserved, block.wanted > block.found ? block.wanted : block.found);
    } else {
        dais_logf(DAIS_WARN, "the discontinuity sequence could not be written, a restart may "
                             "confuse players");
    }
    atomic_store(&is_reserving, false);
}

static const struct dais_task RESERVE = {"hls_sequence", reserve};

void sequence_use(uint64_t count)
{
    uint64_t known = atomic_load(&used);
    while (known < count && !atomic_compare_exchange_weak(&used, &known, count)) {
    }
    dais_handle task;
    if (sequence_base() == 0 || needed() <= atomic_load(&reserved) ||
        atomic_exchange(&is_reserving, true)) {
        return;
    }
    if (dais_fiber->spawn(&RESERVE, 0, &task) != DAIS_OK) {
        atomic_store(&is_reserving, false); /* the next segment asks again */
    }
}
