/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One stream from packets to snapshots, on its home worker.
 *
 *   packager_new → packager_track, packager_packet … → packager_gap → … → packager_end →
 * packager_free
 *
 * The rules are segmenter.c's; here cuts become shared buffers, the window is held within its
 * bounds of segments and bytes, and each new segment puts a new snapshot on the board. The stream
 * appears on the board when each track has a segment and the target duration is known.
 */
#include "dais/media.h"

/** A stream being packaged. Opaque. */
struct packager;

/** What a stream that begins again goes on from; zeros when it never was. */
struct packager_last {
    uint64_t msn;
    uint64_t discontinuities;
};

/** Starts a stream, above `last` and not before the clock. NULL: no memory. */
struct packager *packager_new(const struct dais_stream_info *info, struct packager_last last);

/** Takes the stream off the board and frees all. */
void packager_free(struct packager *packager);

/** A track was announced. One track of each kind is packaged; others are left out. */
void packager_track(struct packager *packager, const struct dais_track *track);

/** Takes a packet. */
void packager_packet(struct packager *packager, const struct dais_packet *packet);

/** The encoder is gone or another one takes over: what waits becomes a last segment. */
void packager_gap(struct packager *packager);

/** The stream is over: as packager_gap, and the playlists say so. */
void packager_end(struct packager *packager);

/** The playback id; valid as long as the packager. */
struct dais_str packager_name(const struct packager *packager);

/** What the next show of this name goes on from. */
struct packager_last packager_last(const struct packager *packager);
