/* SPDX-License-Identifier: MIT */
/* Accounts: descriptor and tables; routes stand by topic in api*.c, statements in store*.c. */
#include "api.h"
#include "auth.h"
#include "dais/dais.h"
#include "dais/svc/mailer.h"
#include "identity.h"
#include "links.h"
#include "operations.h"
#include "password.h"
#include "seen.h"
#include "store_creators.h"
#include "store_follows.h"
#include "store_invitations.h"
#include "store_links.h"
#include "store_tries.h"
#include "verbs.h"
#include "work.h"

static const struct dais_need NEEDS[] = {
    DAIS_NEED_BUS,      DAIS_NEED_CLI,      DAIS_NEED_CONFIG, DAIS_NEED_DB,
    DAIS_NEED_FIBER,    DAIS_NEED_HOOKS,    DAIS_NEED_HTTP,   DAIS_NEED_LOG,
    DAIS_NEED_MEM,      DAIS_NEED_SERVICES, DAIS_NEED_TIMERS, DAIS_NEED_MAILER_OPTIONAL,
    {NULL, NULL, 0, 0},
};

static const struct dais_offer OFFERS[] = {
    {"dais.identity/1", &identity_service},
    {NULL, NULL},
};

static const char *const REGISTRATIONS[] = {"open", "invitation", "closed", NULL};
static const char *const VERIFICATIONS[] = {"off", "optional", "required", NULL};

static const struct dais_field CONFIG_FIELDS[] = {
    DAIS_FIELD_CONFIG(struct auth_config, jwt_secret, DAIS_KIND_STRING, 32, 512, NULL, "JWT_SECRET",
                      "signs tokens, at least 32 characters; made by itself with the private "
                      "database"),
    DAIS_FIELD_CONFIG(struct auth_config, jwt_expires_in, DAIS_KIND_STRING, 1, 16, "7d",
                      "JWT_EXPIRES_IN", "how long a login lasts: 45s, 30m, 12h, 7d"),
    DAIS_FIELD_ENUM("registration", struct auth_config, registration, 0, REGISTRATIONS, "open",
                    "who may make an account: open to all, by invitation, or closed"),
    DAIS_FIELD_CONFIG(struct auth_config, sessions_max, DAIS_KIND_INT, 1, 1000, "50", NULL,
                      "open login sessions of an account; the oldest ends for a new one"),
    DAIS_FIELD_CONFIG(struct auth_config, keys_max, DAIS_KIND_INT, 0, 1000, "20", NULL,
                      "keys for machines that an account may have"),
    DAIS_FIELD_CONFIG(struct auth_config, creator_wait_days, DAIS_KIND_INT, 0, 3650, "30", NULL,
                      "days after which a rejected creator may ask again"),
    DAIS_FIELD_CONFIG(struct auth_config, login_free, DAIS_KIND_INT, 1, 1000, "5", NULL,
                      "wrong tries without a wait, for an account from one address"),
    DAIS_FIELD_CONFIG(struct auth_config, login_free_account, DAIS_KIND_INT, 1, 100000, "50", NULL,
                      "wrong tries without a wait, for an account from all addresses it never "
                      "logged in from"),
    DAIS_FIELD_CONFIG(struct auth_config, login_free_address, DAIS_KIND_INT, 1, 100000, "100", NULL,
                      "wrong tries without a wait, from one address"),
    DAIS_FIELD_CONFIG(struct auth_config, login_wait_ms, DAIS_KIND_INT, 1, 60000, "1000", NULL,
                      "first wait in ms; it doubles with each further wrong try"),
    DAIS_FIELD_CONFIG(struct auth_config, login_wait_max_s, DAIS_KIND_INT, 1, 86400, "900", NULL,
                      "longest wait in s"),
    DAIS_FIELD_CONFIG(struct auth_config, login_wait_account_s, DAIS_KIND_INT, 1, 86400, "30", NULL,
                      "longest wait in s that wrong tries from elsewhere cost an account"),
    DAIS_FIELD_ENUM("email_verification", struct auth_config, email_verification, 0, VERIFICATIONS,
                    "optional",
                    "letters that verify addresses: off, optional, or required for a login"),
    DAIS_FIELD_CONFIG(struct auth_config, public_url, DAIS_KIND_STRING, 8, LINKS_URL_BYTES_MAX,
                      NULL, "PUBLIC_URL",
                      "address of the pages /reset/ and /verify/ for links in letters; without it "
                      "letters show codes"),
    DAIS_FIELD_CONFIG(struct auth_config, reset_life_s, DAIS_KIND_INT, 1, 86400, "3600", NULL,
                      "seconds for which a link to a new password is good"),
    DAIS_FIELD_CONFIG(struct auth_config, verify_life_s, DAIS_KIND_INT, 1, 2592000, "172800", NULL,
                      "seconds for which a link that verifies an address is good"),
    DAIS_FIELD_END,
};
static const struct dais_shape CONFIG = DAIS_SHAPE("AuthConfig", struct auth_config, CONFIG_FIELDS);

static const struct dais_route *const ROUTES[] = {
    api_routes,          api_sessions_routes, api_keys_routes,        api_users_routes,
    api_creators_routes, api_follows_routes,  api_invitations_routes, api_letters_routes,
};

static const struct dais_statement *const STATEMENTS[] = {
    store_statements,          store_sessions_statements,    store_follows_statements,
    store_creators_statements, store_invitations_statements, store_tries_statements,
    store_links_statements,
};

static int32_t config_read(void)
{
    int32_t error = dais_config->read(&CONFIG, &auth_config);
    if (error)
        return error;
    if (auth_span_parse(auth_config.jwt_expires_in, &auth_keys.life_s)) {
        dais_logf(DAIS_ERROR, "jwt_expires_in must be a span such as 45s, 30m, 12h or 7d");
        return DAIS_E_INVALID;
    }
    if (auth_config.public_url.ptr && !auth_url_is_good(auth_config.public_url)) {
        dais_logf(DAIS_ERROR, "public_url must be an address such as https://live.example.org");
        return DAIS_E_INVALID;
    }
    if (auth_config.jwt_secret.ptr) {
        auth_keys.key = auth_config.jwt_secret;
        return DAIS_OK;
    }
    return dais_config->secret("jwt", "JWT_SECRET", 32, &auth_keys.key);
}

static int32_t tables_register(void)
{
    int32_t error = DAIS_OK;
    for (size_t i = 0; i < sizeof STATEMENTS / sizeof STATEMENTS[0] && !error; i++)
        error = dais_db->statements(STATEMENTS[i]);
    for (size_t i = 0; i < sizeof ROUTES / sizeof ROUTES[0] && !error; i++)
        error = dais_http->routes(ROUTES[i]);
    return error;
}

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = config_read();
    if (!error)
        error = password_init();
    if (!error)
        error = dais_db->migrations(dais_schema);
    if (!error)
        error = dais_hooks->operations(operations_table);
    if (!error)
        error = tables_register();
    if (!error)
        error = dais_cli_verbs->verbs(verbs_table);
    if (!error)
        error = dais_timers->every(work_timers);
    return error;
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "auth",
    .version = "0.2.0",
    .summary = "Accounts, logins, roles and tokens",
    .needs = NEEDS,
    .offers = OFFERS,
    .init = init,
    .worker_start = seen_worker_start,
    .worker_stop = seen_worker_stop,
};
