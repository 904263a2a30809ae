/* SPDX-License-Identifier: MIT */
/* dais.mem/1: plugin code that runs when memory is freed is marked; lasting memory is counted. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/owner.h"
#include "host/abi.h"
#include "host/state.h"
#include "loop/fiber.h"

/** What a plugin wants to be told when a buffer is gone. */
struct gone_call {
    dais_buf_gone_fn gone;
    void *context;
    struct owner owner;
};

static void call_gone(struct dais_buf *buf, void *context)
{
    struct gone_call call = *(struct gone_call *)context;
    struct owner before = owner_get();
    mem_free(context);
    owner_set(&call.owner);
    call.gone(buf, call.context);
    owner_set(&before);
}

static struct dais_buf *new_with(uint64_t bytes, dais_buf_gone_fn gone, void *context)
{
    if (!gone)
        return buf_new(bytes);
    struct gone_call *call = mem_alloc(sizeof *call);
    if (!call)
        return NULL;
    *call = (struct gone_call){gone, context, owner_get()};
    call->owner.request = 0;
    struct dais_buf *buf = buf_new_with(bytes, call_gone, call);
    if (!buf)
        mem_free(call);
    return buf;
}

#define STATE_MAGIC CHECK_MAGIC_OF('S', 'T', 'A', 'T')

/** Before each block of a plugin's lasting memory. */
struct state_head {
    _Alignas(16) uint32_t magic;
    uint32_t owner;
    uint64_t bytes;
};

static void *state_alloc(uint64_t bytes)
{
    struct plugin *plugin = host_plugin_running();
    uint64_t quota = (uint64_t)limit_get(LIMIT_PLUGIN_STATE_BYTES);
    if (!plugin || bytes > quota)
        return NULL;
    if (atomic_fetch_add(&plugin->state_bytes, bytes) + bytes > quota) {
        atomic_fetch_sub(&plugin->state_bytes, bytes);
        return NULL;
    }
    struct state_head *head = mem_zalloc(1, sizeof *head + bytes);
    if (!head) {
        atomic_fetch_sub(&plugin->state_bytes, bytes);
        return NULL;
    }
    *head = (struct state_head){STATE_MAGIC, plugin->owner, bytes};
    return head + 1;
}

static void state_free(void *state)
{
    if (!state)
        return;
    struct state_head *head = (struct state_head *)state - 1;
    struct plugin *plugin = head->magic == STATE_MAGIC ? host_plugin(head->owner) : NULL;
    if (!plugin) {
        host_misuse("mem.state_free");
        return;
    }
    atomic_fetch_sub(&plugin->state_bytes, head->bytes);
    head->magic = 0;
    mem_free(head);
}

const struct dais_mem_v1 abi_mem = {
    .arena_alloc = arena_alloc,
    .arena_dup = arena_dup,
    .arena_self = fiber_arena,
    .buf_new = buf_new,
    .buf_new_with = new_with,
    .buf_ref = buf_ref,
    .buf_unref = buf_unref,
    .state_alloc = state_alloc,
    .state_free = state_free,
};
