/* SPDX-License-Identifier: MIT */
#include "operations.h"

#include "dais/mem.h"

#define FIXED(type, name, member, kind, high, text)                                                \
    DAIS_FIELD_NAMED(name, struct type, member, kind, DAIS_FIELD_FIXED, 0, high, text)
#define FIXED_ID(type, name, member, text) FIXED(type, name, member, DAIS_KIND_UUID, 36, text)
#define TEXT(type)                                                                                 \
    DAIS_FIELD(struct type, message, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1,                     \
               CHAT_MESSAGE_MAX_MAX, "plain text as its author wrote it, or as hooks amended it")

static const struct dais_field CREATE_FIELDS[] = {
    FIXED_ID(operations_create, "id", id, "the message"),
    FIXED_ID(operations_create, "roomId", room_id, "the room"),
    FIXED(operations_create, "roomKind", room_kind, DAIS_KIND_STRING, 32, "live, session …"),
    FIXED_ID(operations_create, "authorId", author_id, "account that wrote it"),
    FIXED(operations_create, "authorName", author_name, DAIS_KIND_STRING, 200, "its name"),
    FIXED(operations_create, "type", type, DAIS_KIND_STRING, 20,
          "comment, gift, system, join or leave"),
    TEXT(operations_create),
    FIXED_ID(operations_create, "replyTo", reply_to, "message that it answers"),
    FIXED(operations_create, "clientMessageId", client_message_id, DAIS_KIND_STRING, 64,
          "the client's own name for it"),
    DAIS_FIELD_END,
};
static const struct dais_shape CREATE = DAIS_SHAPE("ChatMessageCreated", struct operations_create,
                                                   CREATE_FIELDS);

static const struct dais_field EDIT_FIELDS[] = {
    FIXED_ID(operations_edit, "id", id, "the message"),
    FIXED_ID(operations_edit, "roomId", room_id, "the room"),
    FIXED_ID(operations_edit, "actorId", actor_id, "account that edits"),
    TEXT(operations_edit),
    DAIS_FIELD_END,
};
static const struct dais_shape EDIT = DAIS_SHAPE("ChatMessageEdited", struct operations_edit,
                                                 EDIT_FIELDS);

static const struct dais_field DELETE_FIELDS[] = {
    FIXED_ID(operations_delete, "id", id, "the message"),
    FIXED_ID(operations_delete, "roomId", room_id, "the room"),
    FIXED_ID(operations_delete, "actorId", actor_id, "account that deletes"),
    FIXED_ID(operations_delete, "authorId", author_id, "account that wrote it"),
    DAIS_FIELD_END,
};
static const struct dais_shape DELETE = DAIS_SHAPE("ChatMessageDeleted", struct operations_delete,
                                                   DELETE_FIELDS);

static const struct dais_field PIN_FIELDS[] = {
    FIXED_ID(operations_pin, "id", id, "the message"),
    FIXED_ID(operations_pin, "roomId", room_id, "the room"),
    FIXED_ID(operations_pin, "actorId", actor_id, "account that pins"),
    FIXED(operations_pin, "pinned", pinned, DAIS_KIND_BOOL, 1, "whether it is pinned from now on"),
    DAIS_FIELD_END,
};
static const struct dais_shape PIN = DAIS_SHAPE("ChatMessagePinned", struct operations_pin,
                                                PIN_FIELDS);

const struct dais_operation operations_table[] = {
    [OPERATIONS_CREATE] = {"chat.message.create", &CREATE, "roomId",
                           "A message is written; its room's rules have let it pass"},
    [OPERATIONS_EDIT] = {"chat.message.edit", &EDIT, "roomId",
                         "Its author changes the text of a message"},
    [OPERATIONS_DELETE] = {"chat.message.delete", &DELETE, "roomId",
                           "Its author or a moderator takes a message away"},
    [OPERATIONS_PIN] = {"chat.message.pin", &PIN, "roomId",
                        "A moderator pins a message, or takes the pin off"},
    {NULL, NULL, NULL, NULL},
};

int32_t operations_amended(const struct chat_settings *settings, const struct chat_sender *sender,
                           struct dais_str before, struct dais_str *text,
                           struct chat_verdict *ret_verdict)
{
    if (dais_str_eq(*text, before))
        return DAIS_OK;
    char *masked = dais_mem->arena_alloc(dais_mem->arena_self(), text->len);
    return masked ? chat_check_text(settings, sender, text, masked, ret_verdict) : DAIS_E_MEMORY;
}
