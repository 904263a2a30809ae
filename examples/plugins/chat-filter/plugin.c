/* SPDX-License-Identifier: MIT */
/* Filters chat by words, and counts it: descriptor and tables. */
#include "dais/dais.h"
#include "hooks.h"
#include "store.h"

static const struct dais_need NEEDS[] = {
    DAIS_NEED_CONFIG, DAIS_NEED_DB,  DAIS_NEED_HOOKS,    DAIS_NEED_HTTP,
    DAIS_NEED_LOG,    DAIS_NEED_MEM, {NULL, NULL, 0, 0},
};

static const struct dais_field CONFIG_FIELDS[] = {
    DAIS_FIELD_CONFIG(struct hooks_config, words, DAIS_KIND_LIST, 0, HOOKS_WORDS_MAX, NULL, NULL,
                      "words that no message may have"),
    DAIS_FIELD_CONFIG(struct hooks_config, replacements, DAIS_KIND_LIST, 0, HOOKS_WORDS_MAX, NULL,
                      NULL, "words that are replaced: teh=the"),
    DAIS_FIELD_END,
};
static const struct dais_shape CONFIG = DAIS_SHAPE("ChatFilterConfig", struct hooks_config,
                                                   CONFIG_FIELDS);

struct room_path {
    uint64_t present;
    struct dais_str id;
};

static const struct dais_field PATH_FIELDS[] = {
    DAIS_FIELD(struct room_path, id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 0, 0, "id of the room"),
    DAIS_FIELD_END,
};
static const struct dais_shape PATH = DAIS_SHAPE("ChatFilterPath", struct room_path, PATH_FIELDS);

/** GET /api/chat-filter/rooms/:id */
static int32_t get_room(struct dais_req *req, const struct dais_input *input)
{
    const struct room_path *path = input->path;
    const struct dais_param params[] = {dais_text(path->id)};
    return dais_http->reply_rows(req, 200, &store_statements[STORE_GET], params, 1);
}

static const struct dais_route ROUTES[] = {
    {.method = "GET",
     .path = "/api/chat-filter/rooms/:id",
     .access = DAIS_ACCESS_ROLE,
     .roles = DAIS_ROLE_MODERATOR | DAIS_ROLE_ADMIN,
     .status = 200,
     .path_shape = &PATH,
     .handler = get_room,
     .summary = "How many messages a room has seen"},
    {.method = NULL},
};

static int32_t init(const struct dais_host *host)
{
    struct hooks_config config;
    (void)host;
    int32_t error = dais_config->read(&CONFIG, &config);
    if (!error)
        error = hooks_configure(&config);
    if (!error)
        error = dais_db->migrations(dais_schema);
    if (!error)
        error = dais_db->statements(store_statements);
    if (!error)
        error = dais_hooks->attach(hooks_table);
    return error ? error : dais_http->routes(ROUTES);
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "chat_filter",
    .version = "1.0.0",
    .summary = "Refuses and replaces words of chat, and counts messages",
    .needs = NEEDS,
    .init = init,
};
