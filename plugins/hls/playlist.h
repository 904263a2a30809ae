/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Text of the playlists (RFC 8216, and the draft that replaces it for EXT-X-GAP).
 *
 * Both functions work like snprintf: they write at most `room` bytes including a NUL and return the
 * whole length without it, so that a first call with no room tells what to allocate.
 */
#include <stddef.h>

#include "window.h"

/** What the master playlist says. One rendition of video and one of audio, either may be missing.
 */
struct playlist_master {
    const struct track *tracks[TRACK_KINDS];   /**< NULL: the stream has no such track */
    const struct window *windows[TRACK_KINDS]; /**< their bit rates */
    uint32_t frames_per_1000s; /**< measured frame rate × 1000, where the stream does not tell */
    bool independent;          /**< every segment so far began with a keyframe */
};

/** What a media playlist says. */
struct playlist_media {
    enum track_kind kind;
    const struct window_segment *segments;
    uint32_t count; /**< at least 1 */
    uint64_t session;
    uint64_t discontinuities; /**< added to those of the segments */
    uint32_t target_s;
    bool ended;
};

/** The master playlist; media playlists are named relative to it. */
size_t playlist_master(const struct playlist_master *master, char *out, size_t room);

/** The media playlist of one track. */
size_t playlist_media(const struct playlist_media *media, char *out, size_t room);
