/* SPDX-License-Identifier: MIT */
#include "hooks.h"

#include "dais/log.h"
#include "filter.h"
#include "store.h"

/* What chat takes at most; a text that grew beyond stays what it was. */
#define MESSAGE_BYTES_MAX 2000

static struct {
    struct dais_list words;
    struct dais_str pairs[HOOKS_WORDS_MAX][2];
    uint64_t pair_count;
} settings;

/** What the hooks want of a message; chat's own struct has more rows. */
struct said {
    uint64_t present;
    struct dais_str room_id;
    struct dais_str message;
};

static const struct dais_field SAID_FIELDS[] = {
    DAIS_FIELD_NAMED("roomId", struct said, room_id, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 0,
                     "Where it is said"),
    DAIS_FIELD(struct said, message, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 0, "What is said"),
    DAIS_FIELD_END,
};
static const struct dais_shape SAID = DAIS_SHAPE("ChatFilterSaid", struct said, SAID_FIELDS);

int32_t hooks_configure(const struct hooks_config *config)
{
    const struct dais_str *rows = config->replacements.items;
    settings.words = config->words;
    settings.pair_count = config->replacements.count;
    for (uint64_t i = 0; i < settings.pair_count; i++) {
        if (filter_read_pair(rows[i], settings.pairs[i])) {
            dais_logf(DAIS_ERROR, "replacements: \"%.*s\" is not of the form word=text",
                      (int)rows[i].len, rows[i].ptr);
            return DAIS_E_INVALID;
        }
    }
    return DAIS_OK;
}

/** Refuses a message with a word that is not wanted; replaces words in others. */
static int32_t filter(const struct dais_hook_event *event, void *value)
{
    struct said *said = value;
    if (filter_find(said->message, settings.words.items, settings.words.count).ptr)
        return dais_hooks->veto(event, DAIS_E_DENIED, "message",
                                "The message has a word that is not wanted here.");
    char *buf = dais_mem->arena_alloc(event->arena, MESSAGE_BYTES_MAX);
    if (!buf)
        return DAIS_E_MEMORY;
    const uint64_t len = filter_replace(said->message, (const struct dais_str(*)[2])settings.pairs,
                                        settings.pair_count, buf, MESSAGE_BYTES_MAX);
    if (len > 0)
        said->message = dais_str(buf, len);
    return DAIS_OK;
}

/** Counts a message once, in the transaction that takes its delivery off the outbox. */
static int32_t count(const struct dais_hook_event *event, void *value)
{
    const struct said *said = value;
    return store_count(event->tx, said->room_id);
}

const struct dais_hook hooks_table[] = {
    {.name = "filter_new",
     .operation = "chat.message.create",
     .when = DAIS_HOOK_BEFORE,
     .policy = DAIS_FAIL_OPEN,
     .priority = 100,
     .flags = DAIS_HOOK_WITHOUT_TX,
     .value = &SAID,
     .run = filter,
     .summary = "Refuses and replaces words of new messages"},
    {.name = "filter_edited",
     .operation = "chat.message.edit",
     .when = DAIS_HOOK_BEFORE,
     .policy = DAIS_FAIL_OPEN,
     .priority = 100,
     .flags = DAIS_HOOK_WITHOUT_TX,
     .value = &SAID,
     .run = filter,
     .summary = "Refuses and replaces words of edited messages"},
    {.name = "count",
     .operation = "chat.message.create",
     .when = DAIS_HOOK_AFTER_COMMIT,
     .value = &SAID,
     .run = count,
     .summary = "Counts the messages of each room"},
    {.name = NULL},
};
