/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The media hub (dais/media.h): from publishers on any worker to observers on the stream's home.
 *
 * hub.c is the publisher's side: handles, mail out, the bound on what is under way. stream.c is the
 * home's side: the streams, who may publish them, the grace period, and the calls to the observers.
 * The two talk by mail alone (message.h), also where publisher and home are the same worker.
 *
 * A stream is told to the observers that were there when it began, until it ends: an observer that
 * is taken off hears of no new stream, and a new one of no stream that runs already.
 *
 * "[parked]": before the workers start, or while they are parked (loop/park.h).
 */
#include "base/owner.h"
#include "dais/media.h"

/** How many observers there may be, those of all live generations of all plugins together. */
#define HUB_OBSERVERS_MAX 64u
/** Longest name of a stream, in bytes. */
#define HUB_NAME_BYTES_MAX 64u
/** Longest identity or source of a publisher that is kept, in bytes; the rest is cut off. */
#define HUB_SOURCE_BYTES_MAX 128u

/** [setup] Registers the hub's metrics and forgets earlier observers. */
DAIS_CHECK_RESULT int32_t hub_init(void);

/**
 * What hub_observe would answer, without effect, when `more` observers are to come in all.
 * DAIS_E_LIMIT past HUB_OBSERVERS_MAX, DAIS_E_INVALID without a name. [main thread]
 */
DAIS_CHECK_RESULT int32_t hub_observe_check(const struct dais_media_observer *observer,
                                            uint32_t more);

/**
 * Adds an observer, borrowed until it is taken off and observes no stream; its calls are charged to
 * `owner`. As hub_observe_check. [parked]
 */
DAIS_CHECK_RESULT int32_t hub_observe(const struct owner *owner,
                                      const struct dais_media_observer *observer);

/** Takes an observer off (unknown: ignored); the streams that it began stay with it. [parked] */
void hub_unobserve(const struct dais_media_observer *observer);

/** How many streams this observer observes now. [any thread] */
uint32_t hub_observed(const struct dais_media_observer *observer);

/** Readies this worker; from the worker's start callback. DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t hub_worker_start(void);

/** Ends the streams of this worker and gives everything back; from the worker's stop callback. */
void hub_worker_stop(void);

/** As the functions of dais_media_v1. */
DAIS_CHECK_RESULT int32_t hub_publish(const struct dais_publish *request,
                                      dais_handle *ret_publisher);
DAIS_CHECK_RESULT int32_t hub_track(dais_handle publisher, const struct dais_track *track);
DAIS_CHECK_RESULT int32_t hub_packet(dais_handle publisher, const struct dais_packet *packet);
void hub_unpublish(dais_handle publisher, uint32_t clean);
DAIS_CHECK_RESULT int32_t hub_stop(struct dais_str stream);
