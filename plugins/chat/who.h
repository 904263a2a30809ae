/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who acts in which room: the beginning of every handler. A handler finds the card of the room that
 * its input names, learns what the caller is there, and asks the rules (chat.h); whatever says no
 * leaves a verdict, and who_refused makes it the answer:
 *
 *     struct chat_verdict verdict;
 *     const struct card *card;
 *     struct chat_sender sender;
 *     int32_t error = who_room(&in->room, NULL, &card, &verdict);
 *     if (!error)
 *         error = who_moderates(caller, card, &sender, &verdict);
 *     if (error)
 *         return who_refused(caller, error, &verdict);
 *
 * A verdict that nobody filled is one without a detail: the client then gets the plain problem of
 * the error's code.
 */
#include "chat.h"
#include "dais/caller.h"

struct card;
struct dais_lock;

/** The room that an input names: exactly one of the three is given. A member of the struct of every
 * input that names a room, with the rows WHO_ROOM_FIELDS. */
struct who_room {
    struct dais_str room_id;
    struct dais_str session_id;
    struct dais_str live_stream_id; /**< of kind "live" only */
};

/** The rows of a `struct who_room room` in `struct_type`. */
#define WHO_ROOM_FIELDS(struct_type)                                                               \
    DAIS_FIELD_NAMED("roomId", struct_type, room.room_id, DAIS_KIND_UUID, 0, 36, 36, "the room"),  \
        DAIS_FIELD_NAMED("sessionId", struct_type, room.session_id, DAIS_KIND_UUID, 0, 36, 36,     \
                         "the room, by its other name"),                                           \
        DAIS_FIELD_NAMED("liveStreamId", struct_type, room.live_stream_id, DAIS_KIND_UUID, 0, 36,  \
                         36, "the room of a live stream")

/** The path "…/:id" of a room or of a message. */
struct who_id {
    uint64_t present;
    struct dais_str id;
};
extern const struct dais_shape who_id_shape;

/** A room named by the path of a request. */
static inline struct who_room who_room_of(struct dais_str id)
{
    return (struct who_room){.room_id = id};
}

/**
 * [fiber] [suspends] Finds the card of a room; `kind` NULL: of any kind. INVALID: not exactly one
 * is named · NOT_FOUND · UNAVAILABLE. Valid as long as the fiber.
 */
DAIS_CHECK_RESULT int32_t who_room(const struct who_room *room, const char *kind,
                                   const struct card **ret_card, struct chat_verdict *ret_verdict);

/** [fiber] What the caller is in the room. DAIS_E_UNAUTHENTICATED for a guest. */
DAIS_CHECK_RESULT int32_t who_of(const struct dais_caller *caller, const struct card *card,
                                 struct chat_sender *ret_sender);

/** [fiber] As who_of, and DAIS_E_DENIED with a verdict for whoever is no moderator of the room. */
DAIS_CHECK_RESULT int32_t who_moderates(const struct dais_caller *caller, const struct card *card,
                                        struct chat_sender *ret_sender,
                                        struct chat_verdict *ret_verdict);

/** [fiber] As who_moderates, for its owner and admins. */
DAIS_CHECK_RESULT int32_t who_owns(const struct dais_caller *caller, const struct card *card,
                                   struct chat_sender *ret_sender,
                                   struct chat_verdict *ret_verdict);

/**
 * [fiber] [suspends] As who_moderates, and takes the room's lock for what only moderators do. Who
 * was dismissed while he waited for it is refused: it is asked before and behind. `*card` is the
 * newest one then. With an error the lock is not held.
 */
DAIS_CHECK_RESULT int32_t who_locks(const struct dais_caller *caller, const struct card **card,
                                    struct chat_sender *ret_sender,
                                    struct chat_verdict *ret_verdict, struct dais_lock **ret_lock);

/** Fills a verdict; returns `error`. */
static inline int32_t who_says(struct chat_verdict *verdict, int32_t error, const char *field,
                               const char *detail)
{
    *verdict = (struct chat_verdict){.error = error, .field = field, .detail = detail};
    return error;
}

/**
 * [fiber] Makes `error` the answer: by the verdict when it has a detail and is of this error, else
 * as it is (a hook's veto keeps its own words). A handler returns what this returns.
 */
DAIS_CHECK_RESULT int32_t who_refused(const struct dais_caller *caller, int32_t error,
                                      const struct chat_verdict *verdict);
