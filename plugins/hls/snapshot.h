/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A stream as every worker serves it: one immutable shared buffer with the texts of the playlists
 * and references to the init and media segments.
 *
 * packager.c builds a new one for each new segment and puts it on the board; api.c finds the bytes
 * of a name in it, also when older or newer code of the plugin built it. With the last reference of
 * a snapshot its references of segments go too.
 */
#include "dais/mem.h"
#include "names.h"
#include "playlist.h"

/** A file that a snapshot refers to. */
struct snapshot_file {
    uint64_t number;      /**< media sequence number, or number of the init segment */
    struct dais_buf *buf; /**< all of it is the file */
};

/** A list of files; numbers rise. */
struct snapshot_files {
    const struct snapshot_file *files;
    uint32_t count;
};

/** The layout of these buffers: what another generation of this code has to know to read them. */
#define SNAPSHOT_LAYOUT 1u

/** What the next show of the same name goes on from; zeros when there was none. */
struct snapshot_last {
    uint64_t msn;             /**< of its next segment */
    uint64_t discontinuities; /**< that it had */
};

/** What a snapshot is built from; all of it is borrowed. */
struct snapshot_source {
    uint64_t session;
    struct snapshot_last last;
    uint64_t bytes_kept; /**< media that only this snapshot holds from now on; counted in held.h */
    struct playlist_master master;
    /** By track; count 0: no playlist. Segments that are held but not listed are in `segments`. */
    struct playlist_media media[TRACK_KINDS];
    struct snapshot_files segments[TRACK_KINDS];
    struct snapshot_files inits[TRACK_KINDS];
};

/** Builds a snapshot with one reference, or NULL without memory. */
struct dais_buf *snapshot_build(const struct snapshot_source *source);

/** Where the stream stood. */
struct snapshot_last snapshot_last(const struct dais_buf *snapshot);

/** A piece of a shared buffer. */
struct snapshot_piece {
    struct dais_buf *buf; /**< borrowed from the snapshot, or the snapshot itself */
    uint64_t offset;
    uint64_t len;
};

/** Finds the bytes of `file`. DAIS_E_NOT_FOUND when the snapshot does not have it. */
int32_t snapshot_find(struct dais_buf *snapshot, const struct names_file *file,
                      struct snapshot_piece *ret_piece) DAIS_CHECK_RESULT;
