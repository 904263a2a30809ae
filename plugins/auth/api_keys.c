/* SPDX-License-Identifier: MIT */
/* Keys for machines: made and removed by those who logged in, shown once. */
#include "api.h"
#include "auth.h"
#include "identity.h"
#include "secret.h"
#include "store_sessions.h"

#define DAY_S 86400
#define LIFE_DAYS_MAX 3650

struct key_body {
    uint64_t present;
    struct dais_str name;
    struct dais_list scopes;
    int64_t expires_in_days;
};

struct key_answer {
    struct store_key key;
    struct dais_list scopes;
    struct dais_str secret;
};

struct keys_answer {
    struct dais_list keys;
};

static const struct dais_field BODY_FIELDS[] = {
    DAIS_FIELD(struct key_body, name, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 80,
               "what it is for"),
    {"scopes", DAIS_KIND_LIST, DAIS_FIELD_REQUIRED, (uint32_t)offsetof(struct key_body, scopes), 0,
     1, AUTH_SCOPES_MAX, NULL, NULL, NULL, NULL,
     "roles that it has: attendee, speaker, moderator, admin, creator; none beyond one's own"},
    {"expiresInDays", DAIS_KIND_INT, 0, (uint32_t)offsetof(struct key_body, expires_in_days), 0, 1,
     LIFE_DAYS_MAX, "365", NULL, NULL, NULL, "its life in days"},
    DAIS_FIELD_END,
};
static const struct dais_shape BODY = DAIS_SHAPE("ApiKeyCreate", struct key_body, BODY_FIELDS);

static const struct dais_field KEY_FIELDS[] = {
    DAIS_FIELD_NAMED("id", struct key_answer, key.id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36,
                     "the key"),
    DAIS_FIELD_NAMED("name", struct key_answer, key.name, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1,
                     80, "what it is for"),
    {"scopes", DAIS_KIND_LIST, DAIS_FIELD_REQUIRED, (uint32_t)offsetof(struct key_answer, scopes),
     0, 1, AUTH_SCOPES_MAX, NULL, NULL, NULL, NULL, "roles that it has"},
    DAIS_FIELD_NAMED("key", struct key_answer, secret, DAIS_KIND_STRING, DAIS_FIELD_SECRET, 1, 63,
                     "the key itself, this once: send it as Authorization: Bearer"),
    DAIS_FIELD_NAMED("createdAt", struct key_answer, key.created_at, DAIS_KIND_TIME,
                     DAIS_FIELD_REQUIRED, 0, 40, "when it was made"),
    DAIS_FIELD_NAMED("expiresAt", struct key_answer, key.expires_at, DAIS_KIND_TIME,
                     DAIS_FIELD_REQUIRED, 0, 40, "when it ends"),
    DAIS_FIELD_NAMED("lastUsedAt", struct key_answer, key.last_used_at, DAIS_KIND_TIME,
                     DAIS_FIELD_NULLABLE, 0, 40, "when it was last used, to about two minutes"),
    DAIS_FIELD_END,
};
static const struct dais_shape KEY = DAIS_SHAPE("ApiKey", struct key_answer, KEY_FIELDS);
static const struct dais_field KEYS_FIELDS[] = {
    DAIS_FIELD_NESTED("keys", struct keys_answer, keys, DAIS_KIND_LIST, DAIS_FIELD_REQUIRED, 1000,
                      &KEY, "oldest first"),
    DAIS_FIELD_END,
};
static const struct dais_shape KEYS = DAIS_SHAPE("ApiKeyList", struct keys_answer, KEYS_FIELDS);

/** Fills in what a row says by a number: the names of its scopes. */
static int32_t scopes_fill(struct key_answer *answer)
{
    struct dais_str *names = dais_mem->arena_alloc(dais_mem->arena_self(),
                                                   AUTH_SCOPES_MAX * sizeof *names);
    if (!names)
        return DAIS_E_MEMORY;
    answer->scopes.items = names;
    answer->scopes.count = auth_scopes_names((uint32_t)answer->key.scopes, names);
    return DAIS_OK;
}

static int32_t store(struct dais_req *req, const struct key_body *body, uint32_t scopes,
                     struct key_answer *answer)
{
    char secret[SECRET_TEXT_BYTES];
    uint8_t hash[SECRET_HASH_BYTES];
    secret_make(SECRET_KEY_PREFIX, secret);
    secret_hash(dais_cstr(secret), hash);
    const struct store_new_key key = {
        .user_id = api_caller(req),
        .name = body->name,
        .hash = dais_str((const char *)hash, sizeof hash),
        .scopes = scopes,
        .life_s = body->expires_in_days * DAY_S,
        .keys_max = auth_config.keys_max,
    };
    int32_t error = store_key_add(&key, &answer->key);
    if (error)
        return error;
    answer->secret = dais_mem->arena_dup(dais_http->arena(req), dais_cstr(secret));
    return answer->secret.ptr ? scopes_fill(answer) : DAIS_E_MEMORY;
}

static int32_t create(struct dais_req *req, const struct dais_input *input)
{
    const struct key_body *body = input->body;
    struct key_answer answer = {.secret = {NULL, 0}};
    uint32_t scopes = 0;
    if (api_is_machine(req))
        return api_refuse_machine(req);
    int32_t error = auth_scopes_read(body->scopes.items, body->scopes.count,
                                     dais_http->identity(req)->roles, &scopes);
    if (error == DAIS_E_INVALID)
        return dais_http->fail(req, error, "scopes",
                               "must be attendee, speaker, moderator, admin or creator");
    if (error)
        return dais_http->fail(req, error, "scopes", "a key has no role that its maker has not");
    error = store(req, body, scopes, &answer);
    if (error == DAIS_E_LIMIT)
        return dais_http->fail(req, DAIS_E_CONFLICT, NULL,
                               "this account has as many keys as it may have; remove one");
    return error ? error : dais_http->reply_fields(req, 201, &KEY, &answer);
}

static int32_t list(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    struct dais_list found;
    if (api_is_machine(req))
        return api_refuse_machine(req);
    int32_t error = store_keys_list(api_caller(req), &found);
    if (error)
        return error;
    const struct store_key *keys = found.items;
    struct key_answer *answers = dais_mem->arena_alloc(dais_http->arena(req),
                                                       (found.count + 1) * sizeof *answers);
    if (!answers)
        return DAIS_E_MEMORY;
    for (uint64_t i = 0; i < found.count && !error; i++) {
        answers[i].key = keys[i];
        error = scopes_fill(&answers[i]);
    }
    const struct keys_answer answer = {{answers, found.count}};
    return error ? error : dais_http->reply_fields(req, 200, &KEYS, &answer);
}

static int32_t remove_in(struct dais_req *req, struct dais_str id)
{
    struct dais_tx *tx = NULL;
    int32_t error = dais_db->begin(&tx);
    if (error)
        return error;
    error = store_key_delete(tx, id, api_caller(req));
    if (error) {
        dais_db->rollback(tx);
        return error;
    }
    error = dais_db->commit(tx);
    identity_revoke_session(id);
    return error;
}

static int32_t remove_key(struct dais_req *req, const struct dais_input *input)
{
    const struct api_id *path = input->path;
    if (api_is_machine(req))
        return api_refuse_machine(req);
    int32_t error = remove_in(req, path->id);
    return error ? error : api_nothing(req);
}

const struct dais_route api_keys_routes[] = {
    {.method = "GET",
     .path = "/api/auth/keys",
     .access = DAIS_ACCESS_USER,
     .rate_class = "read",
     .status = 200,
     .answer_shape = &KEYS,
     .handler = list,
     .summary = "The caller's keys for machines"},
    {.method = "POST",
     .path = "/api/auth/keys",
     .access = DAIS_ACCESS_USER,
     .rate_class = "write",
     .status = 201,
     .body_shape = &BODY,
     .answer_shape = &KEY,
     .handler = create,
     .summary = "Make a key for a machine; it is shown this once"},
    {.method = "DELETE",
     .path = "/api/auth/keys/:id",
     .access = DAIS_ACCESS_USER,
     .rate_class = "write",
     .status = 204,
     .path_shape = &api_id_shape,
     .handler = remove_key,
     .summary = "Remove a key; it opens nothing any more"},
    {.method = NULL},
};
