/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The commands of a peer (RTMP 1.0 §7.2 and what encoders add to it): connect, createStream,
 * publish and the ways to stop. Called by session.c with each command message; answers through
 * reply.c.
 */
#include "session.h"

/**
 * Handles one command on message stream `stream`. Returns 1 with an event (SESSION_PUBLISH or
 * SESSION_UNPUBLISH), 0 when it was dealt with, DAIS_E_INVALID for a command that is broken or out
 * of order, DAIS_E_LIMIT where it asks for too much.
 */
int32_t command_handle(struct session *session, uint32_t stream, struct dais_str body,
                       struct session_event *ret_event) DAIS_CHECK_RESULT;
