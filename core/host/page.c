/* SPDX-License-Identifier: MIT */
#include "host/page.h"

#include "host/host.h"
#include "host/state.h"

#include <link.h>
#include <stdio.h>
#include <string.h>

/** What is looked for among the loaded files, and what was found. */
struct search {
    uint64_t inside;
    struct host_text found;
};

static struct host_plugin_page *page_of(uint32_t owner)
{
    struct host *host = host_get();
    return host->options.pages && owner < HOST_OWNERS_MAX ? &host->options.pages[owner] : NULL;
}

void page_name(uint32_t owner, const char *id)
{
    struct host_plugin_page *page = page_of(owner);
    if (page)
        snprintf(page->id, sizeof page->id, "%s", id);
}

static int look_at(struct dl_phdr_info *info, size_t bytes, void *arg)
{
    struct search *search = arg;
    struct host_text text = {.base = info->dlpi_addr};
    int holds = 0;
    (void)bytes;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uint64_t low = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type != PT_LOAD)
            continue;
        holds |= search->inside >= low && search->inside < low + segment->p_memsz;
        if (segment->p_flags & PF_X) {
            text.low = low;
            text.high = low + segment->p_memsz;
        }
    }
    if (holds)
        search->found = text;
    return holds;
}

void page_text(uint32_t owner, uint32_t generation, const void *inside)
{
    struct host_plugin_page *page = page_of(owner);
    struct search search = {.inside = (uint64_t)(uintptr_t)inside};
    if (!page || !dl_iterate_phdr(look_at, &search))
        return;
    struct host_text *oldest = &page->texts[0];
    for (uint32_t i = 1; i < HOST_PAGE_TEXTS; i++)
        if (page->texts[i].generation < oldest->generation)
            oldest = &page->texts[i];
    search.found.generation = generation;
    *oldest = search.found;
}

void page_serves(uint32_t owner, uint32_t generation, const char *path, uint64_t swapped_ms)
{
    struct host_plugin_page *page = page_of(owner);
    if (!page)
        return;
    memcpy(page->previous, page->path, sizeof page->previous);
    snprintf(page->path, sizeof page->path, "%s", path ? path : "");
    atomic_store(&page->generation, generation);
    atomic_store(&page->swapped_ms, swapped_ms);
}
