/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Rows that are no messages of people: dais.chat/1 for other plugins, and what chat itself writes:
 * who came and who left (joins.h), and what settings became.
 */
#include "dais/svc/chat.h"

struct card;

/** Bytes of a row's data. */
#define SERVICE_DATA_BYTES_MAX 4096
extern const struct dais_chat_v1 service_table;

/** [fiber] [suspends] Writes a row "system" into a room and tells it. */
DAIS_CHECK_RESULT int32_t service_say(const struct card *card, struct dais_str text);
