/* SPDX-License-Identifier: MIT */
#pragma once
/* The rules of streams: pure functions, no I/O and no clock. */
#include "dais/abi.h"

/** Room for "http://host:port/hls/<id>/master.m3u8" and its like, with NUL. */
#define STREAMS_URL_BYTES 512
/** Longest title and description, in characters. */
#define STREAMS_TITLE_MAX 200
#define STREAMS_DESCRIPTION_MAX 4000
/** How long a live stream is believed without a sign of life, in seconds. */
#define STREAMS_LEASE_S 15
/** How often a live stream gives a sign of life, in milliseconds. */
#define STREAMS_RENEW_MS 5000

/** The host name of an origin: "http://[::1]:8080" → "[::1]". A view of `origin`. */
struct dais_str streams_origin_host(struct dais_str origin);

/** The address of a stream's master playlist below `base` ("http://host:port"). */
DAIS_CHECK_RESULT int32_t streams_playback_url(struct dais_str base, struct dais_str playback_id,
                                               char ret_url[STREAMS_URL_BYTES]);

/** The address that encoders connect to; the port is left out where it is RTMP's own. */
DAIS_CHECK_RESULT int32_t streams_server_url(struct dais_str host, int64_t port,
                                             char ret_url[STREAMS_URL_BYTES]);
