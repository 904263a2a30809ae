/* SPDX-License-Identifier: MIT */
#include "proc/slots.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(SLOTS_MAX == OWNER_LEDGERS_MAX, "each slot has a ledger");

static int32_t map(int fd, struct slots **ret_slots)
{
    void *page = mmap(NULL, sizeof(struct slots), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        return DAIS_E_MEMORY;
    *ret_slots = page;
    return DAIS_OK;
}

int32_t slots_new(struct slots **ret_slots, int *ret_fd)
{
    int fd = memfd_create("dais-slots", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return DAIS_E_MEMORY;
    /* The server process must not be able to cut the memory off under the supervisor. */
    int32_t error = DAIS_E_MEMORY;
    if (ftruncate(fd, sizeof(struct slots)) == 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        error = map(fd, ret_slots);
    if (error != DAIS_OK) {
        close(fd);
        return error;
    }
    *ret_fd = fd;
    return DAIS_OK;
}

int32_t slots_attach(int fd, struct slots **ret_slots)
{
    struct stat file;
    int32_t error = DAIS_E_INVALID;
    if (fstat(fd, &file) == 0 && file.st_size == (off_t)sizeof(struct slots))
        error = map(fd, ret_slots) == DAIS_OK ? DAIS_OK : DAIS_E_INVALID;
    close(fd);
    return error;
}

void slots_free(struct slots *slots)
{
    if (slots != NULL)
        munmap(slots, sizeof *slots);
}

void slots_clear(struct slots *slots)
{
    memset(slots, 0, sizeof *slots);
}

static struct owner read_owner(const struct owner_slot *slot)
{
    return (struct owner){
        .plugin = atomic_load_explicit(&slot->plugin, memory_order_relaxed),
        .generation = atomic_load_explicit(&slot->generation, memory_order_relaxed),
        .callback = atomic_load_explicit(&slot->callback, memory_order_relaxed),
        .request = atomic_load_explicit(&slot->request, memory_order_relaxed),
    };
}

void slots_plugin_id(const struct slots *slots, uint32_t owner, char ret_id[SLOTS_NAME_BYTES])
{
    ret_id[0] = '\0';
    if (owner != OWNER_CORE && owner < HOST_OWNERS_MAX)
        snprintf(ret_id, SLOTS_NAME_BYTES, "%.*s", (int)HOST_OWNER_NAME_BYTES - 1,
                 slots->pages[owner].id);
}

uint32_t slots_suspects(const struct slots *slots, struct slots_suspect *ret_suspects, uint32_t max)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < SLOTS_MAX && count < max; i++) {
        struct owner owner = read_owner(&slots->slots[i]);
        if (owner.plugin == OWNER_CORE || owner.plugin >= HOST_OWNERS_MAX)
            continue;
        struct slots_suspect *suspect = &ret_suspects[count++];
        suspect->slot = i;
        suspect->owner = owner;
        slots_plugin_id(slots, owner.plugin, suspect->name);
    }
    return count;
}

uint32_t slots_plugin_at(const struct slots *slots, uint64_t address, uint32_t *ret_generation)
{
    for (uint32_t owner = 1; owner < HOST_OWNERS_MAX; owner++) {
        const struct host_text *texts = slots->pages[owner].texts;
        for (uint32_t i = 0; i < HOST_PAGE_TEXTS; i++) {
            if (address < texts[i].low || address >= texts[i].high)
                continue;
            *ret_generation = texts[i].generation;
            return owner;
        }
    }
    return OWNER_CORE;
}
