/* SPDX-License-Identifier: MIT */
#pragma once
/* The tables of streams: the only file of the plugin with SQL. */
#include "dais/db.h"

/** The statement that finds a stream's owner, for the route table. */
#define STORE_OWNER 0

extern const struct dais_statement store_statements[];

/** A stream. The views live as long as the running fiber. */
struct store_stream {
    struct dais_str id;
    struct dais_str owner_id;
    struct dais_str title;
    struct dais_str description;
    struct dais_str playback_id;
    struct dais_str status;        /**< upcoming, live, ended */
    struct dais_str scheduled_for; /**< RFC 3339, or absent */
    struct dais_str started_at;
    struct dais_str ended_at;
    struct dais_str created_at;
    struct dais_str key_sealed;
    int64_t session; /**< the last that held it, 0: none did */
};

/** What a new or changed stream holds; absent views leave a stream as it is. */
struct store_edit {
    struct dais_str title;
    struct dais_str description;
    struct dais_str scheduled_for;
};

/** The columns that hold a key. */
struct store_key {
    struct dais_str sealed;
    struct dais_str hmac;
};

/** A stream to be made. */
struct store_new {
    struct dais_str owner_id;
    struct dais_str playback_id;
    struct store_edit edit;
    struct store_key key;
};

/** What others may know of a stream as a room. The views live as long as the running fiber. */
struct store_room {
    struct dais_str id;
    struct dais_str owner_id;
    struct dais_str title;
};

/** Public names of streams. They live as long as the running fiber. */
struct store_names {
    const struct dais_str *items;
    uint32_t count;
};

/** A page of the list: newest first, after the stream `after` (absent: from the newest). */
struct store_page {
    struct dais_str status;      /**< absent for all */
    struct dais_str playback_id; /**< absent for all */
    struct dais_str after;
    int64_t limit;
};

/** [fiber] [suspends] Adds a stream, in `tx` unless it is NULL. */
DAIS_CHECK_RESULT int32_t store_add(struct dais_tx *tx, const struct store_new *made,
                                    struct store_stream *ret_stream);

/** [fiber] [suspends] Finds a stream. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_get(struct dais_str id, struct store_stream *ret_stream);

/** [fiber] [suspends] A page of streams, in the fiber's arena. */
DAIS_CHECK_RESULT int32_t store_list(const struct store_page *page,
                                     struct store_stream **ret_streams, uint32_t *ret_count);

/** [fiber] [suspends] Changes what `edit` gives, in `tx` unless it is NULL. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_change(struct dais_tx *tx, struct dais_str id,
                                       const struct store_edit *edit,
                                       struct store_stream *ret_stream);

/** [fiber] [suspends] Gives a stream another key. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_rekey(struct dais_str id, const struct store_key *key,
                                      struct store_stream *ret_stream);

/**
 * [fiber] [suspends] Removes a stream, in `tx` unless it is NULL. DAIS_E_CONFLICT while it is live,
 * DAIS_E_NOT_FOUND.
 */
DAIS_CHECK_RESULT int32_t store_remove(struct dais_tx *tx, struct dais_str id);

/**
 * [fiber] [suspends] Removes all streams of an account in `tx`, live ones too, and tells their
 * public names.
 */
DAIS_CHECK_RESULT int32_t store_remove_all(struct dais_tx *tx, struct dais_str owner_id,
                                           struct store_names *ret_names);

/**
 * [fiber] [suspends] The public names of an account's streams when it may not publish: it is gone
 * or disabled, or neither an approved creator nor an admin. None when it may.
 */
DAIS_CHECK_RESULT int32_t store_unapproved(struct dais_str owner_id, struct store_names *ret_names);

/**
 * [fiber] [suspends] Finds a stream by the look-up value of its key. DAIS_E_NOT_FOUND: there is
 * none, or its owner may not publish.
 */
DAIS_CHECK_RESULT int32_t store_by_key(struct dais_str hmac, struct store_stream *ret_stream);

/**
 * [fiber] [suspends] Marks a stream live and believed for STREAMS_LEASE_S. DAIS_E_NOT_FOUND: there
 * is no such stream any more · DAIS_E_CONFLICT: a later session holds it, or its owner may not
 * publish.
 */
DAIS_CHECK_RESULT int32_t store_hold(struct dais_str playback_id, int64_t session);

/** [fiber] [suspends] Marks a stream ended, unless a later session holds it. */
DAIS_CHECK_RESULT int32_t store_end(struct dais_str playback_id, int64_t session);

/** [fiber] [suspends] Marks every stream ended whose lease ran out a while ago. */
DAIS_CHECK_RESULT int32_t store_sweep(void);

/** [fiber] [suspends] A stream as a room; the oldest of an account. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_room(struct dais_str id, struct store_room *ret_room);
DAIS_CHECK_RESULT int32_t store_room_of(struct dais_str owner_id, struct store_room *ret_room);
