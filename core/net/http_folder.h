/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Folders of files in memory: read once at setup, then immutable and shared by all workers. A name
 * is looked up in a table of the files there are, so no request can reach anything else. While
 * developing (http_config.dev) the file is read again for each request.
 */
#include "base/arena.h"
#include "base/map.h"
#include "dais/http.h"

#define HTTP_ETAG_BYTES 24u

/** One file, with its compressed form when "<name>.gz" stands beside it. */
struct http_file {
    struct dais_buf *plain;
    struct dais_buf *gzip; /* NULL: none */
    const char *type;
    char etag[HTTP_ETAG_BYTES];
};

/** One registered folder. */
struct http_folder {
    struct http_folder *next; /* shorter or equal prefix */
    const struct dais_static *row;
    struct dais_str prefix;
    const char *path; /* absolute */
    struct map files; /* name below the folder → struct http_file */
    uint64_t bytes;
    char cache_control[48];
};

/**
 * Reads all files below `folder->path`; names that begin with a dot and links are left out.
 * DAIS_E_NOT_FOUND, DAIS_E_TOO_LARGE, DAIS_E_MEMORY. [setup]
 */
DAIS_CHECK_RESULT int32_t http_folder_load(struct http_folder *folder, struct dais_arena *arena);

/** Gives all files back. */
void http_folder_fini(struct http_folder *folder);

/** Reads one file into `ret_file`, whose buffers the caller gives back. DAIS_E_NOT_FOUND … */
DAIS_CHECK_RESULT int32_t http_folder_read(const struct http_folder *folder, const char *name,
                                           struct http_file *ret_file);
