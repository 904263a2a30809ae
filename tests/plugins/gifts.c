/* SPDX-License-Identifier: MIT */
/* Writes rows into chats, as a plugin with gifts does: dais.chat/1. */
#include "dais/http.h"
#include "dais/svc/chat.h"

struct room_path {
    uint64_t present;
    struct dais_str id;
};

struct gift {
    uint64_t present;
    struct dais_str type;
    struct dais_str text;
    struct dais_str data;
};

struct given {
    struct dais_str id;
};

static const struct dais_field PATH_FIELDS[] = {
    DAIS_FIELD(struct room_path, id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36, "the room"),
    DAIS_FIELD_END,
};
static const struct dais_shape PATH = DAIS_SHAPE("GiftRoom", struct room_path, PATH_FIELDS);

static const struct dais_field GIFT_FIELDS[] = {
    DAIS_FIELD(struct gift, type, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 20, "of the row"),
    DAIS_FIELD(struct gift, text, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 20000, "for people"),
    DAIS_FIELD(struct gift, data, DAIS_KIND_JSON, 0, 0, 0, "for programs"),
    DAIS_FIELD_END,
};
static const struct dais_shape GIFT = DAIS_SHAPE("Gift", struct gift, GIFT_FIELDS);

static const struct dais_field GIVEN_FIELDS[] = {
    DAIS_FIELD(struct given, id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36, "the row"),
    DAIS_FIELD_END,
};
static const struct dais_shape GIVEN = DAIS_SHAPE("Given", struct given, GIVEN_FIELDS);

static int32_t give(struct dais_req *req, const struct dais_input *input)
{
    const struct room_path *path = input->path;
    const struct gift *gift = input->body;
    char type[32] = "";
    struct given given = {{NULL, 0}};
    memcpy(type, gift->type.ptr, gift->type.len < sizeof type ? gift->type.len : sizeof type - 1);
    const struct dais_chat_row row = {.type = type,
                                      .room_id = path->id,
                                      .user_id = dais_http->identity(req)->user_id,
                                      .text = gift->text,
                                      .data = gift->data};
    int32_t error = dais_chat_post(&row, &given.id);
    return error ? error : dais_http->reply_fields(req, 201, &GIVEN, &given);
}

static const struct dais_route ROUTES[] = {
    {.method = "POST",
     .path = "/api/gifts/:id",
     .access = DAIS_ACCESS_USER,
     .status = 201,
     .path_shape = &PATH,
     .body_shape = &GIFT,
     .answer_shape = &GIVEN,
     .handler = give,
     .summary = "Write a row into a room's chat"},
    {.method = NULL},
};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    return dais_http->routes(ROUTES);
}

static const struct dais_need NEEDS[] = {
    DAIS_NEED_CHAT,
    DAIS_NEED_HTTP,
    DAIS_NEED_SERVICES,
    {NULL, NULL, 0, 0},
};

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "gifts",
    .version = "0.1.0",
    .needs = NEEDS,
    .init = init,
};
