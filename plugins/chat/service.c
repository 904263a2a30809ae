/* SPDX-License-Identifier: MIT */
#include "service.h"

#include "card.h"
#include "dais/random.h"
#include "plugin_metrics.h"
#include "store.h"
#include "told.h"
#include "unsure.h"

static const char *const TYPES[] = {"gift", "system", "join", "leave", NULL};

static int is_type(const char *type)
{
    for (const char *const *known = TYPES; *known; known++) {
        if (strcmp(*known, type) == 0)
            return 1;
    }
    return 0;
}

/** Stores a row and tells it. */
static int32_t post(const struct card *card, struct store_post *row, struct dais_str *ret_id)
{
    char id[DAIS_UUID_BYTES];
    struct store_message message;
    dais_random->uuid7(id);
    row->id = dais_cstr(id);
    row->room_id = card->id;
    int32_t error = store_post(NULL, row, &message);
    if (unsure_is(error))
        unsure_add(row->id, row->room_id, 0);
    if (error)
        return error;
    plugin_metrics_count(PLUGIN_METRICS_MESSAGES);
    told_message(card, &message);
    if (ret_id)
        *ret_id = dais_mem->arena_dup(dais_mem->arena_self(), message.id);
    return ret_id && !ret_id->ptr ? DAIS_E_MEMORY : DAIS_OK;
}

static int32_t post_row(const struct dais_chat_row *row, struct dais_str *ret_id)
{
    const struct card *card;
    struct store_post made = {.type = dais_cstr(row->type),
                              .author_id = row->user_id,
                              .text = row->text,
                              .data = row->data};
    if (!row->type || !is_type(row->type) || !row->text.ptr ||
        row->text.len > CHAT_TEXT_BYTES_MAX || row->data.len > SERVICE_DATA_BYTES_MAX)
        return DAIS_E_INVALID;
    int32_t error = card_get(row->kind, row->room_id, &card);
    return error ? error : post(card, &made, ret_id);
}

const struct dais_chat_v1 service_table = {post_row};

int32_t service_say(const struct card *card, struct dais_str text)
{
    struct store_post row = {.type = dais_cstr("system"), .text = text};
    return post(card, &row, NULL);
}
