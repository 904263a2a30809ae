/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The dialect of plain WebSocket clients at `/ws`: one JSON object a message.
 *
 *   in   {"event":"chat:send","data":{…},"id":7}            `data` and `id` may be left out
 *   out  {"event":"chat:message","data":{…}}
 *        {"event":"chat:message","data":{…},"room":"live:4f…","epoch":5,"seq":12}
 *        {"event":"ack","id":7,"ok":true,"data":{…}}
 *        {"event":"ack","id":7,"ok":false,"error":{problem}}
 *        {"event":"error","data":{"event":"chat:send","error":{problem}}}
 *
 * Data is not looked into: it is valid JSON and goes on as it came. Pure functions, callable on any
 * thread; views point into what was parsed. What is written is text without a frame; errors stay in
 * `out`: look at strbuf_error.
 */
#include "base/json.h"
#include "base/str.h"

#include <stdbool.h>

/** Bytes of an event's name. */
#define ENVELOPE_NAME_BYTES_MAX 128u
/** Bytes of an `id`, a JSON string or number, its quotes included. */
#define ENVELOPE_ID_BYTES_MAX 128u

/** A message of a client. */
struct envelope {
    struct dais_str event; /**< quoted: json_scan_text gives its text */
    struct dais_str data;  /**< any JSON value; absent when it was left out */
    struct dais_str id;    /**< the string or number as it came; absent: no answer is asked for */
};

/** Where a numbered event stands in its room. */
struct envelope_mark {
    struct dais_str room;
    uint64_t epoch; /**< as `seq` below 2^53, so that it is a number to JavaScript */
    uint64_t seq;
};

/** Why a request failed: what a problem document (RFC 9457) says. */
struct envelope_problem {
    int32_t error;      /**< DAIS_E_… */
    const char *detail; /**< NULL or "": none */
    const char *field;  /**< the member that is wrong; NULL or "": none */
    uint64_t retry_ms;  /**< "retryAfter", in whole seconds, rounded up; 0: none */
};

/** What a problem says to people: its detail, else the title of its error. */
const char *envelope_problem_text(const struct envelope_problem *problem);

/**
 * Reads a message. DAIS_E_INVALID when it is no JSON object, has no event, or a member that is
 * unknown, doubled, of the wrong kind or too long: `ret_error` names it.
 */
DAIS_CHECK_RESULT int32_t envelope_parse(struct dais_str text, struct envelope *ret_envelope,
                                         struct json_error *ret_error);

/** Appends an event. `data` is a JSON value or absent, which gives null; `mark` may be NULL. */
void envelope_add_event(struct strbuf *out, struct dais_str name, struct dais_str data,
                        const struct envelope_mark *mark);

/** Appends the members `"room":…,"epoch":…,"seq":…`, as they stand in other dialects too. */
void envelope_add_mark(struct strbuf *out, const struct envelope_mark *mark);

/** Appends the answer to the message with `id`, JSON as it came; absent `data` is left out. */
void envelope_add_ack(struct strbuf *out, struct dais_str id, struct dais_str data);

/** Appends the answer that it failed. */
void envelope_add_failure(struct strbuf *out, struct dais_str id,
                          const struct envelope_problem *problem);

/** Appends the event that tells of a failure nobody waits for; `event` is the failed one's name. */
void envelope_add_error(struct strbuf *out, struct dais_str event,
                        const struct envelope_problem *problem);

/** Appends the data of that event alone, {"event","error"}, for other dialects. */
void envelope_add_error_data(struct strbuf *out, struct dais_str event,
                             const struct envelope_problem *problem);

/** Appends a problem alone: {"title","status","code","detail","field","retryAfter"}. */
void envelope_add_problem(struct strbuf *out, const struct envelope_problem *problem);
