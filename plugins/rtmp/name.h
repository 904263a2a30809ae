/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Where an encoder puts its stream key. RTMP knows an application, a URL and a stream name; the key
 * may be the name itself ("live/KEY", of which only the last part counts), or stand in a query
 * behind the name, the application or the URL ("show?key=KEY", "?token=KEY"). command.c asks once
 * per publish; session.h carries the answer on.
 */
#include "dais/types.h"

/** Views into what name_parse was given. */
struct name_parts {
    struct dais_str name; /**< last part of the stream name's path; may be empty */
    struct dais_str key;  /**< the key to try; empty when there is none */
    /** A second thing that may be the key ("NAME?token=…"); absent when there is none. */
    struct dais_str other_key;
};

/** Takes a stream name apart; any view may be absent. Values of a query are taken as they stand. */
struct name_parts name_parse(struct dais_str stream_name, struct dais_str app,
                             struct dais_str tc_url);

/** What stands before the query of `text`. */
struct dais_str name_without_query(struct dais_str text);
