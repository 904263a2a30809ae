/* SPDX-License-Identifier: MIT */
#pragma once
/* What is said of streams on sockets, and the shapes in which each kind of client takes it. */
#include "dais/field.h"

struct live_told_key {
    uint64_t present;
    struct dais_str stream_key;
    struct dais_str user_id;
};

struct live_told_id {
    uint64_t present;
    struct dais_str live_stream_id;
};

/** What is told of a stream; each shape takes what its clients know. */
struct live_told {
    struct dais_str id;
    struct dais_str playback_id;
    struct dais_str title;
    struct dais_str status;
    struct dais_str started_at;
    struct dais_str viewer;
    struct dais_str room; /* its name as clients resume it, and where its numbers stand */
    int64_t epoch;
    int64_t seq;
    int64_t viewers;
    int64_t peak;
    uint8_t is_live;
};

struct live_told_refusal {
    struct dais_str error;
    struct dais_str stream_key;
    struct dais_str code;
};

extern const struct dais_shape live_told_stream_key;
extern const struct dais_shape live_told_live_id;
extern const struct dais_shape live_told_joined;
extern const struct dais_shape live_told_live_joined;
extern const struct dais_shape live_told_viewer;
extern const struct dais_shape live_told_live_viewer;
extern const struct dais_shape live_told_count;
extern const struct dais_shape live_told_created;
extern const struct dais_shape live_told_ended;
extern const struct dais_shape live_told_stream_ended;
extern const struct dais_shape live_told_refusal;
