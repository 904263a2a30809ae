/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The host's writing on the pages that survive a crash (struct host_plugin_page): which plugin has
 * which index, where the code of its files lies, which copy serves since when. The supervisor reads
 * them when the process has died. Without pages (no supervisor) all of it is nothing.
 *
 *   page_name → { page_text after each dlopen; page_serves when that generation takes over }
 *
 * [main thread]
 */
#include <stdint.h>

/** The plugin with the index `owner` is called `id`. */
void page_name(uint32_t owner, const char *id);

/**
 * A file of `owner` has been loaded as `generation`; `inside` is any address in it, such as its
 * descriptor's. Takes the place of the oldest of HOST_PAGE_TEXTS files.
 */
void page_text(uint32_t owner, uint32_t generation, const void *inside);

/**
 * From now on `owner` is served by `generation`, whose copy is the file `path`. `swapped_ms` is
 * clock_ms() when new code took over from another generation; 0 at the start, and for former code
 * that came back: what it replaced is nothing to go back to.
 */
void page_serves(uint32_t owner, uint32_t generation, const char *path, uint64_t swapped_ms);
