/* SPDX-License-Identifier: MIT */
/* Accounts: descriptor and tables. */
#include "api.h"
#include "auth.h"
#include "dais/dais.h"
#include "identity.h"
#include "password.h"

static const struct dais_need NEEDS[] = {
    DAIS_NEED_BUS,  DAIS_NEED_CLI, DAIS_NEED_CONFIG, DAIS_NEED_DB,     DAIS_NEED_FIBER,
    DAIS_NEED_HTTP, DAIS_NEED_LOG, DAIS_NEED_MEM,    DAIS_NEED_TIMERS, {NULL, NULL, 0, 0},
};

static const struct dais_offer OFFERS[] = {
    {"dais.identity/1", &identity_service},
    {NULL, NULL},
};

static const struct dais_field CONFIG_FIELDS[] = {
    DAIS_FIELD_CONFIG(struct auth_config, jwt_secret, DAIS_KIND_STRING, 32, 512, NULL, "JWT_SECRET",
                      "signs tokens, at least 32 characters; made by itself with the private "
                      "database"),
    DAIS_FIELD_CONFIG(struct auth_config, jwt_expires_in, DAIS_KIND_STRING, 1, 16, "7d",
                      "JWT_EXPIRES_IN", "how long a login lasts: 45s, 30m, 12h, 7d"),
    DAIS_FIELD_END,
};
static const struct dais_shape CONFIG = DAIS_SHAPE("AuthConfig", struct auth_config, CONFIG_FIELDS);

static const struct dais_route ROUTES[] = {
    {.method = "POST",
     .path = "/api/auth/register",
     .access = DAIS_ACCESS_PUBLIC,
     .rate_class = "login",
     .status = 201,
     .body_shape = &api_register_shape,
     .answer_shape = &api_login_answer_shape,
     .handler = api_register,
     .summary = "Make an account and log in"},
    {.method = "POST",
     .path = "/api/auth/login",
     .access = DAIS_ACCESS_PUBLIC,
     .rate_class = "login",
     .status = 200,
     .body_shape = &api_login_shape,
     .answer_shape = &api_login_answer_shape,
     .handler = api_login,
     .summary = "Log in with address and password"},
    {.method = "POST",
     .path = "/api/auth/logout",
     .access = DAIS_ACCESS_USER,
     .rate_class = "write",
     .status = 200,
     .answer_shape = &api_done_shape,
     .handler = api_logout,
     .summary = "End this login session; its token opens nothing any more"},
    {.method = "GET",
     .path = "/api/auth/me",
     .access = DAIS_ACCESS_USER,
     .rate_class = "read",
     .status = 200,
     .answer_shape = &api_user_shape,
     .handler = api_me,
     .summary = "The caller's account"},
    {.method = NULL},
};

static const struct dais_verb VERBS[] = {
    {"user add", "make an account", &verbs_user_add_shape, verbs_user_add},
    {NULL, NULL, NULL, NULL},
};

static void sweep(void)
{
    if (store_sessions_sweep())
        dais_logf(DAIS_WARN, "old login sessions stay until the database is back");
}

static const struct dais_timer TIMERS[] = {
    {"sessions_sweep", 3600 * 1000, 0, sweep},
    {NULL, 0, 0, NULL},
};

static int32_t keys_read(void)
{
    static struct auth_config config;
    int32_t error = dais_config->read(&CONFIG, &config);
    if (error)
        return error;
    if (auth_span_parse(config.jwt_expires_in, &auth_keys.life_s)) {
        dais_logf(DAIS_ERROR, "jwt_expires_in must be a span such as 45s, 30m, 12h or 7d");
        return DAIS_E_INVALID;
    }
    if (config.jwt_secret.ptr) {
        auth_keys.key = config.jwt_secret;
        return DAIS_OK;
    }
    return dais_config->secret("jwt", "JWT_SECRET", 32, &auth_keys.key);
}

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = keys_read();
    if (!error)
        error = password_init();
    if (!error)
        error = dais_db->migrations(dais_schema);
    if (!error)
        error = dais_db->statements(store_statements);
    if (!error)
        error = dais_http->routes(ROUTES);
    if (!error)
        error = dais_cli_verbs->verbs(VERBS);
    if (!error)
        error = dais_timers->every(TIMERS);
    return error;
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "auth",
    .version = "0.1.0",
    .summary = "Accounts, logins, roles and tokens",
    .needs = NEEDS,
    .offers = OFFERS,
    .init = init,
};
