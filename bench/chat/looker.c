/* SPDX-License-Identifier: MIT */
/* The least that a third party's filter does: it looks at each message before it is stored, and
 * refuses those with a certain word. */
#include "dais/dais.h"
#include "dais/hooks.h"

struct said {
    uint64_t present;
    struct dais_str message;
    struct dais_str author_id;
};

static const struct dais_field said_fields[] = {
    DAIS_FIELD(struct said, message, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 2000, "Its text"),
    DAIS_FIELD_NAMED("authorId", struct said, author_id, DAIS_KIND_STRING, 0, 0, 36, "Who says it"),
    DAIS_FIELD_END,
};
static const struct dais_shape said_shape = DAIS_SHAPE("BenchSaid", struct said, said_fields);

static int32_t look(const struct dais_hook_event *event, void *value)
{
    static const char word[] = "casino";
    const struct said *said = value;
    for (uint64_t i = 0; i + sizeof word - 1 <= said->message.len; i++)
        if (memcmp(said->message.ptr + i, word, sizeof word - 1) == 0)
            return dais_hooks->veto(event, DAIS_E_DENIED, "message", "Not here.");
    return DAIS_OK;
}

static const struct dais_hook hooks[] = {
    {.name = "look",
     .operation = "chat.message.create",
     .when = DAIS_HOOK_BEFORE,
     .policy = DAIS_FAIL_CLOSED,
     .flags = DAIS_HOOK_WITHOUT_TX | DAIS_HOOK_REQUIRED,
     .value = &said_shape,
     .run = look,
     .summary = "Refuses a word"},
    {.name = NULL},
};

static const struct dais_need needs[] = {DAIS_NEED_HOOKS, {NULL, NULL, 0, 0}};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    return dais_hooks->attach(hooks);
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "looker",
    .version = "0.1.0",
    .summary = "Looks at what is said",
    .needs = needs,
    .init = init,
};
