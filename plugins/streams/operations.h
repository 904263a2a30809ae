/* SPDX-License-Identifier: MIT */
#pragma once
/* What other plugins may amend, refuse and hear of: dais/hooks.h tells how. */
#include "dais/hooks.h"

enum { OPERATIONS_CREATE, OPERATIONS_UPDATE, OPERATIONS_DELETE };

/** Clears up behind accounts that were removed. */
extern const struct dais_hook operations_hooks[];

/** stream.create, stream.update and stream.delete. */
extern const struct dais_operation operations_table[];

/** What travels with stream.create and stream.update; what is not given stays as it is. */
struct operations_stream {
    uint64_t present;
    struct dais_str id; /**< absent before a stream is made */
    struct dais_str owner_id;
    struct dais_str actor_id;
    struct dais_str playback_id;
    struct dais_str title;
    struct dais_str description;
    struct dais_str scheduled_for;
};

/** What travels with stream.delete. */
struct operations_gone {
    uint64_t present;
    struct dais_str id;
    struct dais_str actor_id;
};
