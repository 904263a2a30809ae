/* SPDX-License-Identifier: MIT */
#include "store.h"

#include "dais/mem.h"
#include "store_many.h"
#include "store_moderation.h"
#include "store_rooms.h"
#include "store_rows.h"
#include "store_settle.h"
#include "store_time.h"

/* The author, read once for the guards and for the answer. */
#define AUTHOR                                                                                     \
    "WITH u AS (SELECT id, uid, name, avatar_url FROM auth.users_public WHERE id = $3::uuid), "
#define NOT_BARRED "AND NOT " STORE_BARRED("r.id", "u.id") " "
/* What a decision on a card rests on. */
#define GUARDS                                                                                     \
    "FROM chat.rooms r, u WHERE r.id = $2::uuid AND r.version = $4::bigint " NOT_BARRED            \
    "AND NOT EXISTS (SELECT FROM auth.blocks_public k "                                            \
    "WHERE k.blocker_id = r.owner_id AND k.blocked_id = u.id) "
#define ADDED                                                                                      \
    "added AS (INSERT INTO chat.messages (id, room_id, author_id, type, text, client_id, "         \
    "reply_to, mentions, created_at, visible_at, is_released) "
#define VALUES                                                                                     \
    "'comment', $5::text, $6::text, $7::uuid, $8::uuid[], $9::timestamptz, "                       \
    "CASE WHEN $10::bigint > 0 THEN now() + $10::bigint * interval '1 millisecond' END, "          \
    "$10::bigint = 0 "
#define ONCE "ON CONFLICT (author_id, room_id, client_id) DO NOTHING RETURNING id) "
#define AUTHOR_OUT "SELECT u.uid, u.name, nullif(u.avatar_url, '') FROM u, added"
#define USED                                                                                       \
    "EXISTS (SELECT FROM chat.messages d WHERE d.author_id = $3::uuid AND d.room_id = $2::uuid "   \
    "AND d.client_id = $6::text) "

/* When a bar ends, 0: never; how long the last turn was ago, negative. */
#define BARRED_UNTIL STORE_MS("coalesce(b.until, 'epoch')")
#define SINCE_TURN STORE_MS("p.last_at - clock_timestamp()")

enum { ADD, ADD_PACED, WHY, POST, REPLY, ACCOUNTS, FOLLOW_AGE };

static const struct dais_statement statements[] = {
    [ADD] = {"add", AUTHOR ADDED "SELECT $1::uuid, r.id, u.id, " VALUES GUARDS ONCE AUTHOR_OUT,
             DAIS_LANE_BATCH, 10, 0, 0},
    /* The turn is a row of its author's in the room: whoever is second waits for it, and then sees
     * that it was taken. */
    [ADD_PACED] = {"add_paced",
                   AUTHOR
                   "turn AS (INSERT INTO chat.pace AS p (room_id, user_id, last_at) "
                   "SELECT r.id, u.id, statement_timestamp() " GUARDS "AND NOT " USED
                   "ON CONFLICT (room_id, user_id) DO UPDATE SET last_at = excluded.last_at "
                   "WHERE p.last_at + $11::bigint * interval '1 millisecond' <= excluded.last_at "
                   "RETURNING room_id, user_id), " ADDED
                   "SELECT $1::uuid, t.room_id, t.user_id, " VALUES "FROM turn t " ONCE AUTHOR_OUT,
                   DAIS_LANE_POOL, 11, 0, 0},
    [WHY] = {"why",
             "SELECT (r.version = $1::bigint)::int, "
             "(SELECT " BARRED_UNTIL " FROM chat.bars b "
             "WHERE b.room_id = r.id AND b.user_id = u.id "
             "AND (b.until IS NULL OR b.until > now())), "
             "EXISTS (SELECT FROM auth.blocks_public k "
             "WHERE k.blocker_id = r.owner_id AND k.blocked_id = u.id)::int, "
             "EXISTS (SELECT FROM chat.messages d WHERE d.author_id = u.id AND d.room_id = r.id "
             "AND d.client_id = $4::text)::int, "
             "(SELECT " SINCE_TURN " + $5::bigint FROM chat.pace p "
             "WHERE p.room_id = r.id AND p.user_id = u.id) "
             "FROM chat.rooms r, auth.users_public u WHERE r.id = $2::uuid AND u.id = $3::uuid",
             DAIS_LANE_READ, 5, DAIS_STATEMENT_IDEMPOTENT, 0},
    [POST] = {"post",
              "WITH u AS (SELECT id, uid, name, avatar_url FROM auth.users_public "
              "WHERE id = $3::uuid), "
              "added AS (INSERT INTO chat.messages (id, room_id, author_id, type, text, data, "
              "created_at) SELECT $1::uuid, r.id, u.id, $4::text, $5::text, $6::jsonb, "
              "$7::timestamptz FROM chat.rooms r LEFT JOIN u ON true "
              "WHERE r.id = $2::uuid AND ($3::uuid IS NULL OR u.id IS NOT NULL) RETURNING id) "
              "SELECT u.uid, u.name, nullif(u.avatar_url, '') FROM added LEFT JOIN u ON true",
              DAIS_LANE_BATCH, 7, 0, 0},
    [REPLY] = {"reply",
               "SELECT m.id, m.author_id, u.name, left(m.text, 100) FROM chat.messages m "
               "JOIN chat.rooms r ON r.id = m.room_id "
               "LEFT JOIN auth.users_public u ON u.id = m.author_id "
               "WHERE m.id = $1::uuid AND m.room_id = $2::uuid AND m.is_released AND " STORE_THERE,
               DAIS_LANE_READ, 2, DAIS_STATEMENT_IDEMPOTENT, 0},
    [ACCOUNTS] = {"accounts",
                  "SELECT u.id FROM auth.users_public u WHERE u.id = ANY ($1::uuid[]) "
                  "AND NOT EXISTS (SELECT FROM auth.blocks_public k "
                  "WHERE k.blocker_id = u.id AND k.blocked_id = $2::uuid)",
                  DAIS_LANE_READ, 2, DAIS_STATEMENT_IDEMPOTENT, 0},
    [FOLLOW_AGE] = {"follow_age",
                    "SELECT extract(epoch FROM now() - f.created_at)::bigint "
                    "FROM auth.follows_public f "
                    "WHERE f.follower_id = $1::uuid AND f.followee_id = $2::uuid",
                    DAIS_LANE_READ, 2, DAIS_STATEMENT_IDEMPOTENT, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

const struct dais_statement *const store_tables[] = {
    statements,
    store_many_statements,
    store_page_statements,
    store_change_statements,
    store_live_statements,
    store_purge_statements,
    store_rooms_statements,
    store_moderation_statements,
    store_settle_statements,
    NULL,
};

/** The values of `made` as the answers have them, beside its author's. */
static int32_t message_begin(const struct store_new *made, struct dais_str room_id,
                             struct store_message *message)
{
    char *created = dais_mem->arena_alloc(dais_mem->arena_self(), STORE_TIME_BYTES);
    if (!created)
        return DAIS_E_MEMORY;
    *message = (struct store_message){
        .id = made->id,
        .room_id = room_id,
        .author.id = made->author_id,
        .type = dais_cstr("comment"),
        .text = made->text,
        .client_id = made->client_id,
        .reply = made->reply,
        .reactions = dais_cstr("[]"),
        .created_ms = store_time_of_id(made->id),
        .is_released = made->delay_ms == 0,
        .is_delayed = made->delay_ms != 0,
    };
    store_time_text(message->created_ms, created);
    message->created_at = dais_cstr(created);
    return DAIS_OK;
}

static void author_take(const struct dais_rows *rows, struct store_author *author)
{
    author->uid = dais_db->cell_int(rows, 0, 0);
    author->name = dais_db->cell(rows, 0, 1);
    author->avatar_url = dais_db->cell(rows, 0, 2);
}

/** Reads what WHY found; the first reason counts that another try would not change. */
static int32_t reason_take(const struct dais_rows *rows, struct store_refusal *ret_refusal)
{
    struct dais_str until = dais_db->cell(rows, 0, 1);
    int64_t retry_ms = dais_db->cell_int(rows, 0, 4);
    if (dais_db->cell_int(rows, 0, 3))
        return DAIS_E_CONFLICT;
    if (until.ptr) {
        *ret_refusal = (struct store_refusal){.barred_until_ms = dais_db->cell_int(rows, 0, 1),
                                              .is_barred = 1};
        return DAIS_E_DENIED;
    }
    if (dais_db->cell_int(rows, 0, 2)) {
        *ret_refusal = (struct store_refusal){0};
        return DAIS_E_DENIED;
    }
    if (!dais_db->cell_int(rows, 0, 0) || retry_ms <= 0)
        return DAIS_E_STATE; /* stale, or what was in the way is gone by now */
    *ret_refusal = (struct store_refusal){.retry_ms = retry_ms};
    return DAIS_E_LIMIT;
}

/** Why a statement that adds has added nothing. */
static int32_t why(struct dais_tx *tx, const struct card *card, const struct store_new *made,
                   struct store_refusal *ret_refusal)
{
    const struct dais_param params[] = {dais_int(card->version), dais_text(card->id),
                                        dais_text(made->author_id), dais_text(made->client_id),
                                        made->slow_ms > 0 ? dais_int(made->slow_ms) : dais_null()};
    struct dais_rows *rows = NULL;
    int32_t error = store_find(tx, &statements[WHY], params, &rows);
    return error ? error : reason_take(rows, ret_refusal);
}

static int32_t add_alone(struct dais_tx *tx, uint32_t statement, const struct dais_param *params,
                         struct store_author *author)
{
    struct dais_rows *rows = NULL;
    int32_t error = store_find(tx, &statements[statement], params, &rows);
    if (!error)
        author_take(rows, author);
    return error;
}

int32_t store_add(struct dais_tx *tx, const struct card *card, const struct store_new *made,
                  struct store_message *ret_message, struct store_refusal *ret_refusal)
{
    struct store_message message;
    struct dais_str mentions = {NULL, 0};
    int32_t error = message_begin(made, card->id, &message);
    if (!error)
        error = store_array(made->mentions, made->mention_count, &mentions);
    if (!error)
        error = store_json_list(made->mentions, made->mention_count, &message.mentions);
    if (error)
        return error;
    const struct dais_param params[] = {
        dais_text(made->id),       dais_text(card->id),     dais_text(made->author_id),
        dais_int(card->version),   dais_text(made->text),   dais_text(made->client_id),
        dais_text(made->reply.id), dais_text(mentions),     dais_text(message.created_at),
        dais_int(made->delay_ms),  dais_int(made->slow_ms),
    };
    if (!tx && made->slow_ms == 0)
        error = store_many_add(&statements[ADD], params, &message.author);
    else
        error = add_alone(tx, made->slow_ms > 0 ? ADD_PACED : ADD, params, &message.author);
    if (error)
        return error == DAIS_E_NOT_FOUND ? why(tx, card, made, ret_refusal) : error;
    *ret_message = message;
    return DAIS_OK;
}

int32_t store_post(struct dais_tx *tx, const struct store_post *post,
                   struct store_message *ret_message)
{
    const struct store_new made = {
        .id = post->id, .author_id = post->author_id, .text = post->text};
    struct store_message message;
    int32_t error = message_begin(&made, post->room_id, &message);
    if (error)
        return error;
    const struct dais_param params[] = {
        dais_text(post->id),           dais_text(post->room_id), dais_text(post->author_id),
        dais_text(post->type),         dais_text(post->text),    dais_text(post->data),
        dais_text(message.created_at),
    };
    struct dais_rows *rows = NULL;
    error = store_find(tx, &statements[POST], params, &rows);
    if (error)
        return error;
    author_take(rows, &message.author);
    message.type = post->type;
    message.data = post->data;
    message.mentions = dais_cstr("[]");
    *ret_message = message;
    return DAIS_OK;
}

static int32_t reply_find(const struct store_about *about, struct store_reply *ret_reply)
{
    const struct dais_param params[] = {dais_text(about->reply_to), dais_text(about->room_id)};
    struct dais_rows *rows = NULL;
    int32_t error = store_find(NULL, &statements[REPLY], params, &rows);
    if (!error)
        *ret_reply = (struct store_reply){
            .id = dais_db->cell(rows, 0, 0),
            .user_id = dais_db->cell(rows, 0, 1),
            .user_name = dais_db->cell(rows, 0, 2),
            .text = dais_db->cell(rows, 0, 3),
        };
    return error;
}

static int32_t accounts_find(const struct store_about *about, struct store_ids *ret_ids)
{
    struct dais_str array;
    struct dais_rows *rows = NULL;
    int32_t error = store_array(about->mentions, about->mention_count, &array);
    if (error)
        return error;
    const struct dais_param params[] = {dais_text(array), dais_text(about->author_id)};
    error = store_run(NULL, &statements[ACCOUNTS], params, &rows);
    return error ? error : store_ids_take(rows, ret_ids);
}

int32_t store_about(const struct store_about *about, struct store_reply *ret_reply,
                    const struct dais_str **ret_mentions, uint32_t *ret_count)
{
    struct store_reply reply = {0};
    struct store_ids ids = {NULL, 0};
    int32_t error = about->reply_to.ptr ? reply_find(about, &reply) : DAIS_OK;
    if (!error && about->mention_count > 0)
        error = accounts_find(about, &ids);
    if (error)
        return error;
    *ret_reply = reply;
    *ret_mentions = ids.items;
    *ret_count = ids.count;
    return DAIS_OK;
}

int32_t store_follow_age(struct dais_str user_id, struct dais_str owner_id, int64_t *ret_seconds)
{
    const struct dais_param params[] = {dais_text(user_id), dais_text(owner_id)};
    struct dais_rows *rows = NULL;
    int32_t error = store_run(NULL, &statements[FOLLOW_AGE], params, &rows);
    if (error)
        return error;
    int64_t age_s = dais_db->cell_int(rows, 0, 0);
    *ret_seconds = dais_db->rows_count(rows) == 0 ? -1 : age_s < 0 ? 0 : age_s;
    return DAIS_OK;
}
