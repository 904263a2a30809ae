/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Folders of files in memory: read once, then immutable and shared by all workers and by the tables
 * (http_table.h) that refer to them. A name is looked up in a table of the files there are, so no
 * request can reach anything else. While developing (http_config.dev) the file is read again for
 * each request.
 */
#include "base/arena.h"
#include "base/map.h"
#include "dais/http.h"

struct http_owner;

#define HTTP_ETAG_BYTES 24u

/** One file, with its compressed form when "<name>.gz" stands beside it. */
struct http_file {
    struct dais_buf *plain;
    struct dais_buf *gzip; /* NULL: none */
    const char *type;
    char etag[HTTP_ETAG_BYTES];
};

/** One folder that somebody offers. */
struct http_folder {
    uint32_t refs; /* of the main thread alone */
    const struct http_owner *owner;
    const struct dais_static *row;
    struct dais_str prefix;
    const char *path; /* absolute */
    struct map files; /* name below the folder → struct http_file */
    uint64_t bytes;
    struct dais_arena arena; /* for names and rows of files */
    char cache_control[48];
};

/**
 * Reads all files of a folder below its owner's assets; names that begin with a dot and links are
 * left out. The caller has one reference. DAIS_E_NOT_FOUND, DAIS_E_TOO_LARGE, DAIS_E_MEMORY.
 * [main thread]
 */
DAIS_CHECK_RESULT int32_t http_folder_new(const struct http_owner *owner,
                                          const struct dais_static *row,
                                          struct http_folder **ret_folder);

/** One more, or one less, who refers to it; the last one gives all files back. [main thread] */
void http_folder_ref(struct http_folder *folder);
void http_folder_unref(struct http_folder *folder);

/** Reads one file into `ret_file`, whose buffers the caller gives back. DAIS_E_NOT_FOUND … */
DAIS_CHECK_RESULT int32_t http_folder_read(const struct http_folder *folder, const char *name,
                                           struct http_file *ret_file);
