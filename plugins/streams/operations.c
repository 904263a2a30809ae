/* SPDX-License-Identifier: MIT */
#include "operations.h"

#include "live.h"
#include "store.h"
#include "streams.h"

#define FIXED(struct_type, name, member, kind, high, text)                                         \
    DAIS_FIELD_NAMED(name, struct_type, member, kind, DAIS_FIELD_FIXED, 1, high, text)

#define STREAM_FIELDS(title_flags)                                                                 \
    FIXED(struct operations_stream, "id", id, DAIS_KIND_UUID, 36, "the stream"),                   \
        FIXED(struct operations_stream, "ownerId", owner_id, DAIS_KIND_UUID, 36,                   \
              "account that owns it"),                                                             \
        FIXED(struct operations_stream, "actorId", actor_id, DAIS_KIND_UUID, 36,                   \
              "account that acts"),                                                                \
        FIXED(struct operations_stream, "playbackId", playback_id, DAIS_KIND_STRING, 64,           \
              "its public name"),                                                                  \
        DAIS_FIELD(struct operations_stream, title, DAIS_KIND_STRING, title_flags, 1,              \
                   STREAMS_TITLE_MAX, "what viewers read first"),                                  \
        DAIS_FIELD(struct operations_stream, description, DAIS_KIND_STRING, 0, 0,                  \
                   STREAMS_DESCRIPTION_MAX, "plain text"),                                         \
        DAIS_FIELD_NAMED("scheduledFor", struct operations_stream, scheduled_for, DAIS_KIND_TIME,  \
                         0, 0, 40, "when it is planned to begin"),                                 \
        DAIS_FIELD_END

static const struct dais_field CREATE_FIELDS[] = {STREAM_FIELDS(DAIS_FIELD_REQUIRED)};
static const struct dais_shape CREATE = DAIS_SHAPE("StreamCreated", struct operations_stream,
                                                   CREATE_FIELDS);
static const struct dais_field UPDATE_FIELDS[] = {STREAM_FIELDS(0)};
static const struct dais_shape UPDATE = DAIS_SHAPE("StreamUpdated", struct operations_stream,
                                                   UPDATE_FIELDS);

static const struct dais_field DELETE_FIELDS[] = {
    FIXED(struct operations_gone, "id", id, DAIS_KIND_UUID, 36, "the stream"),
    FIXED(struct operations_gone, "actorId", actor_id, DAIS_KIND_UUID, 36, "account that acts"),
    DAIS_FIELD_END,
};
static const struct dais_shape DELETE = DAIS_SHAPE("StreamDeleted", struct operations_gone,
                                                   DELETE_FIELDS);

const struct dais_operation operations_table[] = {
    [OPERATIONS_CREATE] = {"stream.create", &CREATE, "id",
                           "A stream is made; it has no id before it is"},
    [OPERATIONS_UPDATE] = {"stream.update", &UPDATE, "id",
                           "Title, description or schedule of a stream change"},
    [OPERATIONS_DELETE] = {"stream.delete", &DELETE, "id", "A stream that is not live is removed"},
    {NULL, NULL, NULL, NULL},
};

/* --- what accounts leave behind --- */

struct account {
    uint64_t present;
    struct dais_str id;
};

static const struct dais_field ACCOUNT_FIELDS[] = {
    DAIS_FIELD(struct account, id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36, "the account"),
    DAIS_FIELD_END,
};
static const struct dais_shape ACCOUNT = DAIS_SHAPE("StreamsAccount", struct account,
                                                    ACCOUNT_FIELDS);

/** Streams of nobody go; one that is live is cut off. */
static int32_t account_gone(const struct dais_hook_event *event, void *value)
{
    const struct account *account = value;
    struct store_names names = {NULL, 0};
    int32_t error = store_remove_all(event->tx, account->id, &names);
    if (!error)
        live_cut(&names);
    return error;
}

const struct dais_hook operations_hooks[] = {
    {.name = "account_gone",
     .operation = "user.delete",
     .when = DAIS_HOOK_AFTER_COMMIT,
     .value = &ACCOUNT,
     .run = account_gone,
     .summary = "Removes the streams of an account that was removed"},
    {.name = NULL},
};
