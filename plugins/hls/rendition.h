/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One track of a stream as it is held in memory: its segments and the init segments that they need.
 * Used by packager.c alone, on the stream's home worker.
 */
#include "dais/mem.h"
#include "segmenter.h"
#include "snapshot.h"
#include "window.h"

/** Init segments held: one for each segment of the window, that of the open one and the newest. */
#define RENDITION_INITS_MAX (WINDOW_SEGMENTS_MAX + 2)
/** A window is not made shorter than this to save memory (RFC 8216 §6.2.2). */
#define RENDITION_SEGMENTS_MIN 3u

/** The init segment of one configuration. */
struct rendition_init {
    uint64_t number;
    struct dais_buf *record; /**< avcC or AudioSpecificConfig */
    struct dais_buf *file;
};

/** State; zeroed at first. */
struct rendition {
    bool announced;            /**< by the publisher of now */
    bool present;              /**< it belongs to the stream as players see it */
    uint32_t index;            /**< of the hub's track */
    struct track track;        /**< its record is that of the newest init segment */
    uint32_t frames_per_1000s; /**< measured over the first segment */
    struct window window;
    uint64_t init_last;
    uint32_t init_count;
    struct rendition_init inits[RENDITION_INITS_MAX];
};

/**
 * Takes the configuration `record`: the newest init segment again where it has not changed,
 * otherwise a new one. `track` is its parsed form. DAIS_E_MEMORY.
 */
int32_t rendition_configure(struct rendition *rendition, struct dais_buf *record,
                            const struct track *track) DAIS_CHECK_RESULT;

/** Appends what was cut as `media` (whose reference it takes; NULL: a gap). */
void rendition_append(struct rendition *rendition, const struct segmenter_cut *cut,
                      struct dais_buf *media);

/** Lets go of the oldest segment; there is one. */
void rendition_drop_oldest(struct rendition *rendition);

/** Lets go of all segments. */
void rendition_clear(struct rendition *rendition);

/** Lets go of everything. */
void rendition_fini(struct rendition *rendition);

/** The files of a rendition as a snapshot lists them; memory of the caller. */
struct rendition_files {
    struct snapshot_file inits[RENDITION_INITS_MAX];
    struct snapshot_file segments[WINDOW_SEGMENTS_MAX];
};

/** Fills in init and media segments of `source`, which then points into `files`. */
void rendition_list(const struct rendition *rendition, struct rendition_files *files,
                    struct snapshot_source *source);
