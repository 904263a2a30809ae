/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Live streams: the observer of the media hub. A stream lives on its home worker, from its begin to
 * its end in the code that saw it begin. After the end nothing of it is left here: the window stays
 * on the board for a while, so that viewers see the show to its end.
 */
#include "dais/media.h"

/** Registered with the hub in `init`. */
extern const struct dais_media_observer live_observer;
