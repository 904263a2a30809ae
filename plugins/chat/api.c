/* SPDX-License-Identifier: MIT */
#include "api.h"

#include "edit.h"
#include "history.h"
#include "react.h"
#include "room.h"
#include "send.h"
#include "told.h"
#include "typing.h"

static struct dais_str id_of(const struct dais_input *input)
{
    const struct who_id *path = input->path;
    return path->id;
}

/** A room of any kind, or of a live stream. */
static struct who_room room_of(const struct dais_input *input)
{
    return who_room_of(id_of(input));
}

static struct who_room live_of(const struct dais_input *input)
{
    return (struct who_room){.live_stream_id = id_of(input)};
}

static int32_t page(struct dais_req *req, const struct who_room *room,
                    const struct dais_input *input, const struct dais_shape *answer)
{
    const struct dais_caller caller = dais_caller_http(req);
    return history_page(&caller, room, input->query, answer);
}

int32_t api_chat_page(struct dais_req *req, const struct dais_input *input)
{
    const struct who_room room = room_of(input);
    return page(req, &room, input, &history_chat_page);
}

int32_t api_stream_page(struct dais_req *req, const struct dais_input *input)
{
    const struct who_room room = live_of(input);
    return page(req, &room, input, &history_stream_page);
}

int32_t api_live_page(struct dais_req *req, const struct dais_input *input)
{
    const struct who_room room = live_of(input);
    return page(req, &room, input, &history_live_page);
}

static int32_t send(struct dais_req *req, const struct who_room *room,
                    const struct dais_input *input, const struct dais_shape *answer)
{
    const struct dais_caller caller = dais_caller_http(req);
    struct send in = *(const struct send *)input->body;
    in.room = *room;
    return send_message(&caller, &in, answer);
}

int32_t api_chat_send(struct dais_req *req, const struct dais_input *input)
{
    const struct who_room room = room_of(input);
    return send(req, &room, input, &told_chat_message);
}

int32_t api_stream_send(struct dais_req *req, const struct dais_input *input)
{
    const struct who_room room = live_of(input);
    return send(req, &room, input, &told_stream_message);
}

int32_t api_live_send(struct dais_req *req, const struct dais_input *input)
{
    const struct who_room room = live_of(input);
    return send(req, &room, input, &told_live_message);
}

int32_t api_edit(struct dais_req *req, const struct dais_input *input)
{
    const struct dais_caller caller = dais_caller_http(req);
    struct edit in = *(const struct edit *)input->body;
    in.message_id = id_of(input);
    return edit_message(&caller, &in);
}

int32_t api_react(struct dais_req *req, const struct dais_input *input)
{
    const struct dais_caller caller = dais_caller_http(req);
    struct react in = *(const struct react *)input->body;
    in.message_id = id_of(input);
    return react_set(&caller, &in);
}

int32_t api_room(struct dais_req *req, const struct dais_input *input)
{
    const struct dais_caller caller = dais_caller_http(req);
    const struct who_room room = room_of(input);
    return room_state(&caller, &room);
}

int32_t api_typing(struct dais_req *req, const struct dais_input *input)
{
    const struct dais_caller caller = dais_caller_http(req);
    struct typing in = *(const struct typing *)input->body;
    in.room = room_of(input);
    return typing_tell(&caller, &in);
}
