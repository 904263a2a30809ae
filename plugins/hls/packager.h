/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One stream from packets to snapshots, on its home worker.
 *
 *   packager_new → packager_track, packager_packet … → packager_gap → … → packager_end
 *
 * The rules are segmenter.c's; here cuts become shared buffers, the window is held within its
 * bounds of segments and bytes, and each new segment puts a new snapshot on the board. The stream
 * appears on the board when each track has a segment and the target duration is known.
 */
#include "dais/media.h"

/** A stream being packaged. Opaque. */
struct packager;

/**
 * Starts a stream, not before the clock and above what the board has of its name, which is taken
 * off: nobody takes the end of the last show for this one. NULL: no memory.
 */
struct packager *packager_new(const struct dais_stream_info *info);

/** A track was announced. One track of each kind is packaged; others are left out. */
void packager_track(struct packager *packager, const struct dais_track *track);

/** Takes a packet. */
void packager_packet(struct packager *packager, const struct dais_packet *packet);

/** The encoder is gone or another one takes over: what waits becomes a last segment. */
void packager_gap(struct packager *packager);

/**
 * The stream is over: as packager_gap, the playlists say so, and all is freed. What is on the board
 * goes off it after hls_config.linger_s, unless a stream of the same name has begun by then.
 */
void packager_end(struct packager *packager);
