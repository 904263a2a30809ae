/* SPDX-License-Identifier: MIT */
#include "cheer.h"

#include "dais/log.h"
#include "dais/random.h"
#include "dais/rooms.h"
#include "dais/svc/roomsource.h"
#include "store.h"
#include "template.h"

#define ROOM                                                                                       \
    DAIS_FIELD_NAMED("roomId", struct cheer, room_id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 0, 0,   \
                     "the room")
#define WORD                                                                                       \
    DAIS_FIELD(struct cheer, word, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, TEMPLATE_WORD_MAX,    \
               "one word")

static const struct dais_field PATH_FIELDS[] = {ROOM, DAIS_FIELD_END};
const struct dais_shape cheer_path = DAIS_SHAPE("TemplatePath", struct cheer, PATH_FIELDS);
static const struct dais_field BODY_FIELDS[] = {WORD, DAIS_FIELD_END};
const struct dais_shape cheer_body = DAIS_SHAPE("TemplateCheer", struct cheer, BODY_FIELDS);
static const struct dais_field EVENT_FIELDS[] = {ROOM, WORD, DAIS_FIELD_END};
const struct dais_shape cheer_event = DAIS_SHAPE("TemplateCheerEvent", struct cheer, EVENT_FIELDS);

#define TOLD(name, member, text)                                                                   \
    DAIS_FIELD_NAMED(name, struct store_cheer, member, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0,   \
                     0, text)
static const struct dais_field TOLD_FIELDS[] = {
    TOLD("id", id, "of the cheer"),
    TOLD("roomId", room_id, "where"),
    TOLD("userId", user_id, "who cheers"),
    TOLD("word", word, "what"),
    DAIS_FIELD_END,
};
const struct dais_shape cheer_told = DAIS_SHAPE("TemplateCheered", struct store_cheer, TOLD_FIELDS);

/** Tells everybody in the room, after the commit. */
static void tell(const struct dais_room_found *found, const struct store_cheer *cheer)
{
    const struct dais_room room = {found->kind, found->id};
    const struct dais_rendering renderings[] = {
        {.event = "template:cheered", .shape = &cheer_told, .value = cheer},
        {.event = NULL},
    };
    const struct dais_emit emit = {.renderings = renderings, .delivery = DAIS_DURABLE};
    if (dais_rooms->emit(&room, &emit))
        dais_logf(DAIS_WARN, "a cheer was stored and not told");
}

int32_t cheer_add(const struct dais_caller *caller, const struct cheer *in)
{
    struct dais_room_found room;
    char id[DAIS_UUID_BYTES];
    if (!template_is_word(in->word))
        return dais_caller_fail(caller, DAIS_E_INVALID, "word", "A cheer is one word.");
    int32_t error = dais_room_find(NULL, in->room_id, &room);
    if (error)
        return error;
    if ((room.flags & DAIS_ROOM_OPEN) == 0)
        return dais_caller_fail(caller, DAIS_E_CONFLICT, NULL, "The room is closed.");
    dais_random->uuid7(id);
    const struct store_cheer cheer = {dais_cstr(id), room.id, dais_caller_identity(caller)->user_id,
                                      in->word};
    error = store_add(&cheer);
    if (error)
        return error;
    tell(&room, &cheer);
    return dais_caller_reply(caller, 201, &cheer_told, &cheer);
}
