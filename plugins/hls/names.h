/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Names of files below /hls/<playback id>/.
 *
 *   master.m3u8  video.m3u8  audio.m3u8
 *   v-<session>-i<number>.mp4      init segment (a- for audio)
 *   v-<session>-<msn>.m4s          media segment
 *
 * The session rises with each start of a stream, over restarts too; so a name never means two
 * different things and what it names may be cached for ever.
 */
#include "track.h"

/** Room for any name with its NUL. */
#define NAMES_CHARS 64u

/** What a name names. */
enum names_what { NAMES_MASTER, NAMES_MEDIA, NAMES_INIT, NAMES_SEGMENT };

/** A name, taken apart. */
struct names_file {
    enum names_what what;
    enum track_kind kind; /**< of all but the master playlist */
    uint64_t session;     /**< of init and media segments */
    uint64_t number;      /**< of the init segment, or media sequence number */
};

/** Writes the name of `file` with its NUL. */
void names_write(const struct names_file *file, char ret_name[NAMES_CHARS]);

/** Takes `name` apart. DAIS_E_NOT_FOUND for anything that names_write does not write. */
int32_t names_parse(struct dais_str name, struct names_file *ret_file) DAIS_CHECK_RESULT;
