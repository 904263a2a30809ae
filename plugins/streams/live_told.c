/* SPDX-License-Identifier: MIT */
#include "live_told.h"

#include "streams.h"

#define TOLD(field_name, member, kind, flags, high, text)                                          \
    DAIS_FIELD_NAMED(field_name, struct live_told, member, kind, flags, 0, high, text)
#define STREAM_KEY                                                                                 \
    TOLD("streamKey", playback_id, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 64, "public name")
#define LIVE_ID TOLD("liveStreamId", id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, "the stream")
#define VIEWERS                                                                                    \
    TOLD("viewerCount", viewers, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, INT32_MAX, "who watches")
#define IS_LIVE                                                                                    \
    TOLD("isLive", is_live, DAIS_KIND_BOOL, DAIS_FIELD_REQUIRED, 1, "whether media flows")
/** From where a client resumes that loses its connection before the first numbered event. */
#define MARK                                                                                       \
    TOLD("room", room, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 64, "to resume it by"),              \
        TOLD("epoch", epoch, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, INT64_MAX, "of its numbers"),     \
        TOLD("seq", seq, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, INT64_MAX, "of its newest event")
#define PLAYBACK_ID                                                                                \
    TOLD("playbackId", playback_id, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 64, "public name")

static const struct dais_field STREAM_KEY_FIELDS[] = {
    DAIS_FIELD_NAMED("streamKey", struct live_told_key, stream_key, DAIS_KIND_STRING,
                     DAIS_FIELD_REQUIRED, 1, 64, "public name of the stream"),
    DAIS_FIELD_NAMED("userId", struct live_told_key, user_id, DAIS_KIND_STRING, 0, 0, 128,
                     "not looked at: who it is says the token"),
    DAIS_FIELD_END,
};
const struct dais_shape live_told_stream_key = DAIS_SHAPE("StreamKey", struct live_told_key,
                                                          STREAM_KEY_FIELDS);

static const struct dais_field LIVE_ID_FIELDS[] = {
    DAIS_FIELD_NAMED("liveStreamId", struct live_told_id, live_stream_id, DAIS_KIND_UUID,
                     DAIS_FIELD_REQUIRED, 36, 36, "the stream"),
    DAIS_FIELD_END,
};
const struct dais_shape live_told_live_id = DAIS_SHAPE("LiveStreamId", struct live_told_id,
                                                       LIVE_ID_FIELDS);

static const struct dais_field JOINED_FIELDS[] = {STREAM_KEY, VIEWERS, IS_LIVE, MARK,
                                                  DAIS_FIELD_END};
const struct dais_shape live_told_joined = DAIS_SHAPE("StreamJoined", struct live_told,
                                                      JOINED_FIELDS);

static const struct dais_field LIVE_JOINED_FIELDS[] = {LIVE_ID, VIEWERS, IS_LIVE, MARK,
                                                       DAIS_FIELD_END};
const struct dais_shape live_told_live_joined = DAIS_SHAPE("LiveJoined", struct live_told,
                                                           LIVE_JOINED_FIELDS);

static const struct dais_field VIEWER_FIELDS[] = {STREAM_KEY, VIEWERS, DAIS_FIELD_END};
const struct dais_shape live_told_viewer = DAIS_SHAPE("StreamViewer", struct live_told,
                                                      VIEWER_FIELDS);

static const struct dais_field LIVE_VIEWER_FIELDS[] = {
    LIVE_ID, VIEWERS,
    TOLD("viewer", viewer, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 128, "who came or left"),
    DAIS_FIELD_END};
const struct dais_shape live_told_live_viewer = DAIS_SHAPE("LiveViewer", struct live_told,
                                                           LIVE_VIEWER_FIELDS);

static const struct dais_field COUNT_FIELDS[] = {LIVE_ID, PLAYBACK_ID, VIEWERS,
                                                 TOLD("peakViewerCount", peak, DAIS_KIND_INT,
                                                      DAIS_FIELD_REQUIRED, INT32_MAX,
                                                      "most at a time since the room was empty"),
                                                 DAIS_FIELD_END};
const struct dais_shape live_told_count = DAIS_SHAPE("ViewersCount", struct live_told,
                                                     COUNT_FIELDS);

static const struct dais_field CREATED_FIELDS[] = {
    LIVE_ID,
    PLAYBACK_ID,
    TOLD("title", title, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, STREAMS_TITLE_MAX,
         "what viewers read first"),
    TOLD("status", status, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 20, "live"),
    TOLD("startedAt", started_at, DAIS_KIND_TIME, DAIS_FIELD_NULLABLE, 40, "when it went live"),
    DAIS_FIELD_END};
const struct dais_shape live_told_created = DAIS_SHAPE("LiveCreated", struct live_told,
                                                       CREATED_FIELDS);

static const struct dais_field ENDED_FIELDS[] = {LIVE_ID, PLAYBACK_ID, DAIS_FIELD_END};
const struct dais_shape live_told_ended = DAIS_SHAPE("LiveEnded", struct live_told, ENDED_FIELDS);

static const struct dais_field STREAM_ENDED_FIELDS[] = {STREAM_KEY, DAIS_FIELD_END};
const struct dais_shape live_told_stream_ended = DAIS_SHAPE("StreamEnded", struct live_told,
                                                            STREAM_ENDED_FIELDS);

static const struct dais_field REFUSAL_FIELDS[] = {
    DAIS_FIELD(struct live_told_refusal, error, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 200,
               "a sentence"),
    DAIS_FIELD_NAMED("streamKey", struct live_told_refusal, stream_key, DAIS_KIND_STRING, 0, 0, 64,
                     "public name"),
    DAIS_FIELD(struct live_told_refusal, code, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 40,
               "STREAM_NOT_FOUND"),
    DAIS_FIELD_END,
};
const struct dais_shape live_told_refusal = DAIS_SHAPE("StreamError", struct live_told_refusal,
                                                       REFUSAL_FIELDS);
