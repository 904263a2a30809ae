/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The routes by topic, each beside its handlers, as plugin.c registers them; and what the handlers
 * of all topics share.
 */
#include "dais/http.h"

#include "store.h"

extern const struct dais_route api_routes[];             /* api.c: register, login, me, password */
extern const struct dais_route api_sessions_routes[];    /* api_sessions.c */
extern const struct dais_route api_keys_routes[];        /* api_keys.c */
extern const struct dais_route api_users_routes[];       /* api_users.c */
extern const struct dais_route api_creators_routes[];    /* api_creators.c */
extern const struct dais_route api_follows_routes[];     /* api_follows.c */
extern const struct dais_route api_invitations_routes[]; /* api_invitations.c */
extern const struct dais_route api_letters_routes[];     /* api_letters.c: reset, verification */

/** Longest message or note that people write to each other about an account, in characters. */
#define API_NOTE_MAX 2000
/** Rows of a page, at most. */
#define API_PAGE_MAX 100
/** Longest cursor as a client gives it. */
#define API_CURSOR_MAX 511

/** A path with one id. */
struct api_id {
    uint64_t present;
    struct dais_str id;
};

/** The page of a list that is asked for. */
struct api_page {
    uint64_t present;
    struct dais_str cursor;
    int64_t limit;
};

extern const struct dais_shape api_user_shape; /**< of struct store_user */
extern const struct dais_shape api_id_shape;
extern const struct dais_shape api_page_shape;
extern const struct dais_shape api_done_shape;

/** The row of a query's `limit`, for shapes that have further rows. */
#define API_LIMIT_FIELD(struct_type)                                                               \
    {                                                                                              \
        "limit", DAIS_KIND_INT, 0, (uint32_t)offsetof(struct_type, limit), 0, 1, API_PAGE_MAX,     \
            "50", NULL, NULL, NULL, "rows per page"                                                \
    }
/** The row of a query's `cursor`. */
#define API_CURSOR_FIELD(struct_type)                                                              \
    DAIS_FIELD(struct_type, cursor, DAIS_KIND_STRING, 0, 1, API_CURSOR_MAX,                        \
               "the `next` of the page before")
/** The row of an answer's `next`. */
#define API_NEXT_FIELD(struct_type)                                                                \
    DAIS_FIELD(struct_type, next, DAIS_KIND_STRING, DAIS_FIELD_NULLABLE, 1, API_CURSOR_MAX,        \
               "give it as `cursor` for the next page; null at the end")

/** [fiber] Answers {"ok":true}. */
DAIS_CHECK_RESULT int32_t api_done(struct dais_req *req);

/** [fiber] Answers 202 {"ok":true}: what was asked for is done later, or in vain. */
DAIS_CHECK_RESULT int32_t api_accepted(struct dais_req *req);

/** [fiber] Answers 204 without a body. */
DAIS_CHECK_RESULT int32_t api_nothing(struct dais_req *req);

/** [fiber] Answers 429, with the seconds after which to try again. */
DAIS_CHECK_RESULT int32_t api_wait(struct dais_req *req, int64_t wait_s, const char *detail);

/** [fiber] The caller's account; a route that asks has a caller. */
struct dais_str api_caller(const struct dais_req *req);

/** [fiber] Whether a machine is calling, which may not change what opens the account. */
int api_is_machine(const struct dais_req *req);

/** [fiber] Answers 403 to a machine. */
DAIS_CHECK_RESULT int32_t api_refuse_machine(struct dais_req *req);

#define API_TOO_MANY_TRIES "too many wrong tries; wait before the next one"

/**
 * [fiber] [suspends] Whether `password`, the body's `field`, is the caller's own: DAIS_OK, or
 * answers and returns 1, or an error. Wrong tries are throttled.
 */
DAIS_CHECK_RESULT int32_t api_check_password(struct dais_req *req, const char *field,
                                             struct dais_str password);

/**
 * [fiber] The number that a page sorted by numbers goes on from; 0 for the first one.
 * DAIS_E_INVALID: not a cursor of ours.
 */
DAIS_CHECK_RESULT int32_t api_page_number(const struct api_page *page, int64_t *ret_number);

/** [fiber] Answers 400 to a cursor that is not ours. */
DAIS_CHECK_RESULT int32_t api_bad_cursor(struct dais_req *req);

/**
 * [fiber] The cursor behind the last row of a page, in the fiber's arena; absent where the page is
 * not full, so it was the last one.
 */
DAIS_CHECK_RESULT int32_t api_next(uint64_t count, int64_t limit, int64_t number,
                                   struct dais_str term, struct dais_str *ret_next);
