/* SPDX-License-Identifier: MIT */
#include "seen.h"

#include "dais/fiber.h"
#include "dais/mem.h"

#define ID_LEN 36
#define WORKERS_MAX 64
/** From the first one that is collected to the write. */
#define FLUSH_MS 1000

/** What one worker saw of one kind: "{id,id,…" without its end. */
struct collection {
    uint32_t count;
    char text[SEEN_IDS_MAX * (ID_LEN + 1) + 1];
};

/** What one worker saw. */
struct seen {
    uint32_t waiting; /* the task that writes it has begun */
    struct collection kinds[STORE_SEEN_KINDS];
};

/* By worker; each is touched by its own alone. */
static struct seen *workers[WORKERS_MAX];

int32_t seen_worker_start(uint32_t worker)
{
    if (worker >= WORKERS_MAX)
        return DAIS_OK; /* its sessions are noted by nobody, which harms none */
    workers[worker] = dais_mem->state_alloc(sizeof *workers[worker]);
    return workers[worker] ? DAIS_OK : DAIS_E_MEMORY;
}

void seen_worker_stop(uint32_t worker)
{
    if (worker >= WORKERS_MAX)
        return;
    dais_mem->state_free(workers[worker]);
    workers[worker] = NULL;
}

static struct seen *own(void)
{
    uint32_t worker = dais_fiber->worker();
    return worker < WORKERS_MAX ? workers[worker] : NULL;
}

static int contains(const struct collection *seen, struct dais_str id)
{
    for (uint32_t i = 0; i < seen->count; i++)
        if (memcmp(seen->text + 1 + i * (ID_LEN + 1), id.ptr, ID_LEN) == 0)
            return 1;
    return 0;
}

/** What was collected, as an array of the database, copied since more comes in meanwhile. */
static struct dais_str take(struct collection *seen)
{
    uint64_t len = (uint64_t)seen->count * (ID_LEN + 1);
    seen->text[len] = '}';
    seen->count = 0;
    return dais_mem->arena_dup(dais_mem->arena_self(), dais_str(seen->text, len + 1));
}

/** Writes what this worker has collected. */
static void flush(struct seen *seen)
{
    for (int kind = 0; kind < STORE_SEEN_KINDS; kind++) {
        if (seen->kinds[kind].count == 0)
            continue;
        struct dais_str ids = take(&seen->kinds[kind]);
        if (ids.ptr && store_seen((enum store_seen_kind)kind, ids))
            return; /* they are seen again */
    }
}

static void run_flush(uint64_t cookie)
{
    struct seen *seen = own();
    (void)cookie;
    int32_t error = dais_fiber->sleep(FLUSH_MS);
    seen->waiting = 0;
    if (!error)
        flush(seen);
}

static const struct dais_task FLUSH = {"seen_flush", run_flush};

void seen_note(enum store_seen_kind kind, struct dais_str id)
{
    struct seen *seen = own();
    if (!seen || id.len != ID_LEN)
        return;
    struct collection *ids = &seen->kinds[kind];
    if (ids->count == SEEN_IDS_MAX || contains(ids, id))
        return;
    char *at = ids->text + ids->count++ * (ID_LEN + 1);
    *at = ids->count == 1 ? '{' : ',';
    memcpy(at + 1, id.ptr, ID_LEN);
    if (!seen->waiting && dais_fiber->spawn(&FLUSH, 0, NULL) == DAIS_OK)
        seen->waiting = 1;
}
