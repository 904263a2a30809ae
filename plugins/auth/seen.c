/* SPDX-License-Identifier: MIT */
#include "seen.h"

#include "dais/fiber.h"
#include "dais/mem.h"

#define ID_LEN 36
#define WORKERS_MAX 64

/** What one worker saw of one kind: "{id,id,…" without its end. */
struct collection {
    uint32_t count;
    char text[SEEN_IDS_MAX * (ID_LEN + 1) + 1];
};

/* By worker; each is touched by its own alone. */
static struct collection *collections[WORKERS_MAX];

int32_t seen_worker_start(uint32_t worker)
{
    if (worker >= WORKERS_MAX)
        return DAIS_OK; /* its sessions are noted by nobody, which harms none */
    collections[worker] = dais_mem->state_alloc(STORE_SEEN_KINDS * sizeof *collections[worker]);
    return collections[worker] ? DAIS_OK : DAIS_E_MEMORY;
}

void seen_worker_stop(uint32_t worker)
{
    if (worker >= WORKERS_MAX)
        return;
    dais_mem->state_free(collections[worker]);
    collections[worker] = NULL;
}

static struct collection *own(enum store_seen_kind kind)
{
    uint32_t worker = dais_fiber->worker();
    return worker < WORKERS_MAX && collections[worker] ? &collections[worker][kind] : NULL;
}

static int contains(const struct collection *seen, struct dais_str id)
{
    for (uint32_t i = 0; i < seen->count; i++)
        if (memcmp(seen->text + 1 + i * (ID_LEN + 1), id.ptr, ID_LEN) == 0)
            return 1;
    return 0;
}

void seen_note(enum store_seen_kind kind, struct dais_str id)
{
    struct collection *seen = own(kind);
    if (!seen || id.len != ID_LEN || seen->count == SEEN_IDS_MAX || contains(seen, id))
        return;
    char *at = seen->text + seen->count++ * (ID_LEN + 1);
    *at = seen->count == 1 ? '{' : ',';
    memcpy(at + 1, id.ptr, ID_LEN);
}

/** What was collected, as an array of the database, copied since more comes in meanwhile. */
static struct dais_str take(struct collection *seen)
{
    uint64_t len = (uint64_t)seen->count * (ID_LEN + 1);
    seen->text[len] = '}';
    seen->count = 0;
    return dais_mem->arena_dup(dais_mem->arena_self(), dais_str(seen->text, len + 1));
}

void seen_flush(void)
{
    for (int kind = 0; kind < STORE_SEEN_KINDS; kind++) {
        struct collection *seen = own((enum store_seen_kind)kind);
        if (!seen || seen->count == 0 || !dais_db->available())
            continue;
        struct dais_str ids = take(seen);
        if (ids.ptr && store_seen((enum store_seen_kind)kind, ids))
            return; /* they are seen again */
    }
}
