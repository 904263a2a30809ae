/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The User-Agent of a login made readable: "Firefox on Linux". A pure function; what it does not
 * know it shows by the first word that the client calls itself, so that a list of sessions says
 * something in any case.
 */
#include "dais/types.h"

/** Longest name, with its NUL. */
#define DEVICE_NAME_BYTES 96

/**
 * Writes the name of the device behind `user_agent`, an absent or empty one included: "unknown
 * device". The result is printable UTF-8 as long as the header is.
 */
void device_name(struct dais_str user_agent, char ret_name[DEVICE_NAME_BYTES]);
