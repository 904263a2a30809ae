/* SPDX-License-Identifier: MIT */
#include "api.h"

#include <stdio.h>

#include "dais/bus.h"
#include "dais/log.h"
#include "dais/media.h"
#include "dais/svc/roomsource.h"
#include "keys.h"
#include "live_card.h"
#include "operations.h"
#include "store.h"
#include "streams.h"

struct streams_config api_config;

struct id_path {
    uint64_t present;
    struct dais_str id;
};

struct list_query {
    uint64_t present;
    struct dais_str status;
    struct dais_str playback_id;
    struct dais_str after;
    int64_t limit;
};

struct edit_body {
    uint64_t present;
    struct dais_str title;
    struct dais_str description;
    struct dais_str scheduled_for;
};

/** A stream as it is answered: the row, its addresses, and the key for its owner. */
struct stream_answer {
    struct store_stream row;
    struct dais_str playback_url;
    struct dais_str server_url;
    struct dais_str stream_key;
    int64_t viewers;
};

struct list_answer {
    struct dais_list streams;
    struct dais_str next;
};

static const char *const STATUSES[] = {"upcoming", "live", "ended", NULL};

static const struct dais_field ID_FIELDS[] = {
    DAIS_FIELD(struct id_path, id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36, "the stream"),
    DAIS_FIELD_END,
};
const struct dais_shape api_id_shape = DAIS_SHAPE("StreamId", struct id_path, ID_FIELDS);

static const struct dais_field LIST_QUERY_FIELDS[] = {
    DAIS_FIELD_ENUM("status", struct list_query, status, 0, STATUSES, NULL,
                    "only streams in this state"),
    DAIS_FIELD_NAMED("playbackId", struct list_query, playback_id, DAIS_KIND_STRING, 0, 1, 64,
                     "only the stream with this public name"),
    DAIS_FIELD(struct list_query, after, DAIS_KIND_UUID, 0, 36, 36,
               "the `next` of the page before"),
    {"limit", DAIS_KIND_INT, 0, (uint32_t)offsetof(struct list_query, limit), 0, 1, 100, "50", NULL,
     NULL, NULL, "streams per page"},
    DAIS_FIELD_END,
};
const struct dais_shape api_list_query_shape = DAIS_SHAPE("StreamListQuery", struct list_query,
                                                          LIST_QUERY_FIELDS);

#define EDIT_FIELDS(title_flags)                                                                   \
    DAIS_FIELD(struct edit_body, title, DAIS_KIND_STRING, title_flags, 1, STREAMS_TITLE_MAX,       \
               "what viewers read first"),                                                         \
        DAIS_FIELD(struct edit_body, description, DAIS_KIND_STRING, 0, 0, STREAMS_DESCRIPTION_MAX, \
                   "plain text"),                                                                  \
        DAIS_FIELD_NAMED("scheduledFor", struct edit_body, scheduled_for, DAIS_KIND_TIME, 0, 0,    \
                         40, "when it is planned to begin"),                                       \
        DAIS_FIELD_END

static const struct dais_field CREATE_FIELDS[] = {EDIT_FIELDS(DAIS_FIELD_REQUIRED)};
const struct dais_shape api_create_shape = DAIS_SHAPE("StreamCreate", struct edit_body,
                                                      CREATE_FIELDS);
static const struct dais_field CHANGE_FIELDS[] = {EDIT_FIELDS(0)};
const struct dais_shape api_change_shape = DAIS_SHAPE("StreamChange", struct edit_body,
                                                      CHANGE_FIELDS);

static const struct dais_field STREAM_FIELDS[] = {
    DAIS_FIELD_NAMED("id", struct stream_answer, row.id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36,
                     36, "the stream"),
    DAIS_FIELD_NAMED("ownerId", struct stream_answer, row.owner_id, DAIS_KIND_UUID,
                     DAIS_FIELD_REQUIRED, 36, 36, "account that owns it"),
    DAIS_FIELD_NAMED("title", struct stream_answer, row.title, DAIS_KIND_STRING,
                     DAIS_FIELD_REQUIRED, 1, STREAMS_TITLE_MAX, "what viewers read first"),
    DAIS_FIELD_NAMED("description", struct stream_answer, row.description, DAIS_KIND_STRING,
                     DAIS_FIELD_REQUIRED, 0, STREAMS_DESCRIPTION_MAX, "plain text"),
    DAIS_FIELD_NAMED("status", struct stream_answer, row.status, DAIS_KIND_STRING,
                     DAIS_FIELD_REQUIRED, 1, 20, "upcoming, live or ended"),
    DAIS_FIELD_NAMED("playbackId", struct stream_answer, row.playback_id, DAIS_KIND_STRING,
                     DAIS_FIELD_REQUIRED, 1, 64, "public name, part of the playback address"),
    DAIS_FIELD_NAMED("playbackUrl", struct stream_answer, playback_url, DAIS_KIND_STRING,
                     DAIS_FIELD_REQUIRED, 1, STREAMS_URL_BYTES, "HLS master playlist"),
    DAIS_FIELD_NAMED("serverUrl", struct stream_answer, server_url, DAIS_KIND_STRING,
                     DAIS_FIELD_REQUIRED, 1, STREAMS_URL_BYTES, "where the encoder connects"),
    DAIS_FIELD_NAMED("streamKey", struct stream_answer, stream_key, DAIS_KIND_STRING, 0, 1,
                     KEYS_KEY_LEN, "secret for the encoder; only its owner sees it"),
    DAIS_FIELD_NAMED("scheduledFor", struct stream_answer, row.scheduled_for, DAIS_KIND_TIME,
                     DAIS_FIELD_NULLABLE, 0, 40, "when it is planned to begin"),
    DAIS_FIELD_NAMED("startedAt", struct stream_answer, row.started_at, DAIS_KIND_TIME,
                     DAIS_FIELD_NULLABLE, 0, 40, "when it last went live"),
    DAIS_FIELD_NAMED("endedAt", struct stream_answer, row.ended_at, DAIS_KIND_TIME,
                     DAIS_FIELD_NULLABLE, 0, 40, "when it last ended"),
    DAIS_FIELD_NAMED("createdAt", struct stream_answer, row.created_at, DAIS_KIND_TIME,
                     DAIS_FIELD_REQUIRED, 0, 40, "when it was made"),
    DAIS_FIELD_NAMED("viewerCount", struct stream_answer, viewers, DAIS_KIND_INT,
                     DAIS_FIELD_REQUIRED, 0, INT32_MAX, "who watches now, each viewer once"),
    DAIS_FIELD_END,
};
const struct dais_shape api_stream_shape = DAIS_SHAPE("Stream", struct stream_answer,
                                                      STREAM_FIELDS);

static const struct dais_field LIST_FIELDS[] = {
    DAIS_FIELD_NESTED("streams", struct list_answer, streams, DAIS_KIND_LIST, DAIS_FIELD_REQUIRED,
                      100, &api_stream_shape, "newest first"),
    DAIS_FIELD(struct list_answer, next, DAIS_KIND_UUID, DAIS_FIELD_NULLABLE, 36, 36,
               "give it as `after` for the next page; null at the end"),
    DAIS_FIELD_END,
};
const struct dais_shape api_list_shape = DAIS_SHAPE("StreamList", struct list_answer, LIST_FIELDS);

/** The addresses of a stream, as this client should use them. */
static int32_t addresses_fill(struct dais_req *req, struct stream_answer *answer)
{
    char url[STREAMS_URL_BYTES];
    struct dais_str origin = dais_http->origin(req);
    struct dais_str base = origin;
    char configured[STREAMS_URL_BYTES];
    if (api_config.hls_host.len > 0) {
        int len = snprintf(configured, sizeof configured, "http://%.*s",
                           (int)api_config.hls_host.len, api_config.hls_host.ptr);
        if (len < 0 || (size_t)len >= sizeof configured)
            return DAIS_E_INVALID; /* characters are bounded by the table, bytes are here */
        base = dais_str(configured, (uint64_t)len);
    }
    int32_t error = streams_playback_url(base, answer->row.playback_id, url);
    if (error)
        return error;
    answer->playback_url = dais_mem->arena_dup(dais_http->arena(req), dais_cstr(url));

    struct dais_str host = api_config.rtmp_host.len > 0 ? api_config.rtmp_host
                                                        : streams_origin_host(origin);
    error = streams_server_url(host, api_config.rtmp_port, url);
    if (error)
        return error;
    answer->server_url = dais_mem->arena_dup(dais_http->arena(req), dais_cstr(url));
    return answer->playback_url.ptr && answer->server_url.ptr ? DAIS_OK : DAIS_E_MEMORY;
}

static int caller_owns(const struct dais_req *req, const struct store_stream *row)
{
    const struct dais_identity *caller = dais_http->identity(req);
    return caller && dais_str_eq(caller->user_id, row->owner_id);
}

/** Completes an answer whose row is filled. */
static int32_t answer_fill(struct dais_req *req, struct stream_answer *answer)
{
    int32_t error = addresses_fill(req, answer);
    answer->viewers = live_card_viewers(answer->row.id);
    if (error || !caller_owns(req, &answer->row))
        return error;
    char key[KEYS_KEY_LEN + 1];
    error = keys_open(answer->row.playback_id, answer->row.key_sealed, key);
    if (error)
        return error;
    answer->stream_key = dais_mem->arena_dup(dais_http->arena(req), dais_cstr(key));
    return answer->stream_key.ptr ? DAIS_OK : DAIS_E_MEMORY;
}

static int32_t reply_stream(struct dais_req *req, uint32_t status, struct stream_answer *answer)
{
    int32_t error = answer_fill(req, answer);
    if (error)
        return error;
    return dais_http->reply_fields(req, status, &api_stream_shape, answer);
}

int32_t api_list(struct dais_req *req, const struct dais_input *input)
{
    const struct list_query *query = input->query;
    const struct store_page page = {query->status, query->playback_id, query->after, query->limit};
    struct store_stream *rows = NULL;
    uint32_t count = 0;
    int32_t error = store_list(&page, &rows, &count);
    if (error)
        return error;
    struct stream_answer *answers = dais_mem->arena_alloc(dais_http->arena(req),
                                                          (count + 1) * sizeof *answers);
    if (!answers)
        return DAIS_E_MEMORY;
    for (uint32_t i = 0; i < count && !error; i++) {
        answers[i].row = rows[i];
        error = answer_fill(req, &answers[i]);
    }
    if (error)
        return error;
    struct list_answer answer = {.streams = {answers, count}};
    if ((int64_t)count == query->limit)
        answer.next = rows[count - 1].id;
    return dais_http->reply_fields(req, 200, &api_list_shape, &answer);
}

/** Makes the stream that hooks have left of `value`, with a key of its own. */
static int32_t create(const struct dais_operation_run *run, struct operations_stream *value,
                      struct store_stream *ret_row)
{
    struct keys_key key;
    int32_t error = keys_make(value->playback_id, &key);
    if (error)
        return error;
    const struct store_new made = {
        .owner_id = value->owner_id,
        .playback_id = value->playback_id,
        .edit = {value->title, value->description, value->scheduled_for},
        .key = {dais_str((const char *)key.sealed, sizeof key.sealed),
                dais_str((const char *)key.hmac, sizeof key.hmac)},
    };
    error = store_add(run->tx, &made, ret_row);
    if (!error)
        value->id = ret_row->id;
    return error;
}

int32_t api_create(struct dais_req *req, const struct dais_input *input)
{
    const struct edit_body *body = input->body;
    struct dais_str caller = dais_http->identity(req)->user_id;
    char playback_id[KEYS_PLAYBACK_LEN + 1];
    keys_playback_id(playback_id);
    struct operations_stream value = {.owner_id = caller,
                                      .actor_id = caller,
                                      .playback_id = dais_cstr(playback_id),
                                      .title = body->title,
                                      .description = body->description,
                                      .scheduled_for = body->scheduled_for};
    struct stream_answer answer = {0};
    struct dais_operation_run run;
    int32_t error = dais_operation_begin(&run, &operations_table[OPERATIONS_CREATE], NULL, &value);
    if (!error)
        error = create(&run, &value, &answer.row);
    error = dais_operation_end(&run, error);
    if (error)
        return error;
    return reply_stream(req, 201, &answer);
}

int32_t api_get(struct dais_req *req, const struct dais_input *input)
{
    const struct id_path *path = input->path;
    struct stream_answer answer = {0};
    int32_t error = store_get(path->id, &answer.row);
    if (error)
        return error;
    return reply_stream(req, 200, &answer);
}

/** Who remembers the room of a stream forgets it. */
static void room_changed(struct dais_str id)
{
    if (dais_bus->publish(DAIS_TOPIC_ROOM_CHANGED, id, dais_str(NULL, 0)))
        dais_logf(DAIS_WARN, "that a stream has changed was not told, others learn it later");
}

int32_t api_change(struct dais_req *req, const struct dais_input *input)
{
    const struct id_path *path = input->path;
    const struct edit_body *body = input->body;
    struct operations_stream value = {.id = path->id,
                                      .actor_id = dais_http->identity(req)->user_id,
                                      .title = body->title,
                                      .description = body->description,
                                      .scheduled_for = body->scheduled_for};
    struct stream_answer answer = {0};
    struct dais_operation_run run;
    int32_t error = dais_operation_begin(&run, &operations_table[OPERATIONS_UPDATE], NULL, &value);
    if (!error) {
        const struct store_edit edit = {value.title, value.description, value.scheduled_for};
        error = store_change(run.tx, value.id, &edit, &answer.row);
        value.owner_id = answer.row.owner_id;
        value.playback_id = answer.row.playback_id;
    }
    error = dais_operation_end(&run, error);
    if (error)
        return error;
    room_changed(path->id);
    return reply_stream(req, 200, &answer);
}

int32_t api_remove(struct dais_req *req, const struct dais_input *input)
{
    const struct id_path *path = input->path;
    int32_t removed = DAIS_OK;
    struct operations_gone value = {.id = path->id, .actor_id = dais_http->identity(req)->user_id};
    struct dais_operation_run run;
    int32_t error = dais_operation_begin(&run, &operations_table[OPERATIONS_DELETE], NULL, &value);
    if (!error)
        error = removed = store_remove(run.tx, path->id);
    error = dais_operation_end(&run, error);
    if (removed == DAIS_E_CONFLICT)
        return dais_http->fail(req, removed, NULL, "the stream is live; end it first");
    if (error)
        return error;
    room_changed(path->id);
    return dais_http->reply(req, 204, NULL, dais_str(NULL, 0));
}

int32_t api_regenerate_key(struct dais_req *req, const struct dais_input *input)
{
    const struct id_path *path = input->path;
    struct stream_answer answer = {0};
    int32_t error = store_get(path->id, &answer.row);
    if (error)
        return error;
    struct keys_key key;
    error = keys_make(answer.row.playback_id, &key);
    if (error)
        return error;
    const struct store_key columns = {dais_str((const char *)key.sealed, sizeof key.sealed),
                                      dais_str((const char *)key.hmac, sizeof key.hmac)};
    error = store_rekey(path->id, &columns, &answer.row);
    if (error)
        return error;
    /* Whoever publishes with the old key has to stop; that nobody does is the usual case. */
    error = dais_media->stop(answer.row.playback_id);
    if (error && error != DAIS_E_NOT_FOUND)
        return error;
    return reply_stream(req, 200, &answer);
}
