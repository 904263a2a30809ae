/* SPDX-License-Identifier: MIT */
#include "live.h"

#include "cheer.h"

static int32_t cheer(struct dais_call *call, const void *data)
{
    const struct dais_caller caller = dais_caller_socket(call);
    return cheer_add(&caller, data);
}

const struct dais_event live_events[] = {
    {.name = "template:cheer",
     .access = DAIS_ACCESS_USER,
     .data_shape = &cheer_event,
     .ack_shape = &cheer_told,
     .handler = cheer,
     .summary = "Cheer in a room"},
    {.name = NULL},
};

const struct dais_event_out live_documents[] = {
    {"template:cheered", NULL, &cheer_told, "Somebody cheers"},
    {NULL, NULL, NULL, NULL},
};
