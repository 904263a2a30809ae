/* SPDX-License-Identifier: MIT */
#include "plugin_config.h"

#include "dais/log.h"
#include "mail.h"

#define TEXT_BYTES_MAX 512

static const char *const TLS[] = {"auto", "required", "off", NULL};

static const struct dais_field FIELDS[] = {
    DAIS_FIELD_CONFIG(struct mail_config, url, DAIS_KIND_STRING, 8, 300, NULL, "MAIL_URL",
                      "smtp://host:587 or smtps://host:465; without it letters are printed into "
                      "the log"),
    DAIS_FIELD_CONFIG(struct mail_config, from, DAIS_KIND_EMAIL, 3, 254, NULL, "MAIL_FROM",
                      "address of the sender; needed with url"),
    DAIS_FIELD_CONFIG(struct mail_config, from_name, DAIS_KIND_STRING, 0, 60, "Dais", NULL,
                      "name of the sender for display"),
    DAIS_FIELD_CONFIG(struct mail_config, username, DAIS_KIND_STRING, 1, 250, NULL, "MAIL_USERNAME",
                      "account at the mail server"),
    {"password", DAIS_KIND_STRING, DAIS_FIELD_SECRET,
     (uint32_t)offsetof(struct mail_config, password), 0, 1, 500, NULL, "MAIL_PASSWORD", NULL, NULL,
     "its password"},
    DAIS_FIELD_ENUM("tls", struct mail_config, tls, 0, TLS, "auto",
                    "required; off; auto: required, to this machine only when offered"),
    DAIS_FIELD_CONFIG(struct mail_config, ca_file, DAIS_KIND_STRING, 1, 500, NULL, NULL,
                      "PEM file of the authorities to trust instead of the system's"),
    DAIS_FIELD_CONFIG(struct mail_config, timeout_s, DAIS_KIND_INT, 1, 300, "30", NULL,
                      "seconds that an attempt takes at most"),
    DAIS_FIELD_CONFIG(struct mail_config, attempts, DAIS_KIND_INT, 1, 50, "12", NULL,
                      "attempts before a letter is given up"),
    DAIS_FIELD_CONFIG(struct mail_config, retry_s, DAIS_KIND_INT, 1, 3600, "15", NULL,
                      "seconds to the second attempt; doubles up to an hour, with jitter"),
    DAIS_FIELD_CONFIG(struct mail_config, keep_days, DAIS_KIND_INT, 1, 365, "14", NULL,
                      "days for which letters that were given up are kept, without their text"),
    DAIS_FIELD_CONFIG(struct mail_config, recipient_max, DAIS_KIND_INT, 1, 10000, "20", NULL,
                      "letters to one recipient within an hour"),
    DAIS_FIELD_CONFIG(struct mail_config, waiting_max, DAIS_KIND_INT, 1, 1000000, "10000", NULL,
                      "letters that may wait altogether"),
    DAIS_FIELD_END,
};
static const struct dais_shape SHAPE = DAIS_SHAPE("MailConfig", struct mail_config, FIELDS);

static struct mail_config config;
static struct mail_url place;

/* As curl wants them. */
static char url[TEXT_BYTES_MAX];
static char from[TEXT_BYTES_MAX];
static char username[TEXT_BYTES_MAX];
static char password[TEXT_BYTES_MAX];
static char ca_file[TEXT_BYTES_MAX];

static int copy(struct dais_str text, char ret_text[TEXT_BYTES_MAX])
{
    if (!text.ptr)
        return 1;
    if (text.len >= TEXT_BYTES_MAX || !mail_text_ok(text, 0))
        return 0;
    memcpy(ret_text, text.ptr, text.len);
    ret_text[text.len] = '\0';
    return 1;
}

static int is_off(void)
{
    return dais_str_eq(config.tls, dais_cstr("off"));
}

/** What is wrong, in one line; NULL: nothing. */
static const char *problem(void)
{
    if (!mail_text_ok(config.from_name, 0))
        return "from_name must be text without control characters";
    if (!config.url.ptr)
        return NULL;
    if (mail_url_parse(config.url, &place))
        return "url must be smtp://host, smtp://host:port or smtps://host:port";
    if (!config.from.ptr || !mail_address_ok(config.from))
        return "from is needed with url: the address of the sender";
    if (config.password.ptr && !config.username.ptr)
        return "username is needed with password";
    if (config.password.ptr && is_off() && !place.implicit_tls &&
        !mail_host_is_loopback(place.host))
        return "a password never leaves this machine without TLS: remove tls: off";
    if (!copy(config.url, url) || !copy(config.from, from) || !copy(config.username, username) ||
        !copy(config.password, password) || !copy(config.ca_file, ca_file))
        return "username, password and ca_file must be text of at most 511 bytes";
    return NULL;
}

int32_t plugin_config_read(void)
{
    int32_t error = dais_config->read(&SHAPE, &config);
    if (error)
        return error;
    const char *wrong = problem();
    if (wrong) {
        dais_logf(DAIS_ERROR, "%s", wrong);
        return DAIS_E_INVALID;
    }
    if (!config.url.ptr)
        dais_logf(DAIS_WARN, "no mail server (url): letters are printed into this log, with the "
                             "secrets in them");
    return DAIS_OK;
}

const struct mail_config *plugin_config(void)
{
    return &config;
}

static uint32_t tls(void)
{
    if (is_off())
        return SMTP_TLS_OFF;
    int here = dais_str_eq(config.tls, dais_cstr("auto")) && mail_host_is_loopback(place.host);
    return here ? SMTP_TLS_TRY : SMTP_TLS_REQUIRE;
}

struct smtp_account plugin_config_account(void)
{
    return (struct smtp_account){
        .url = config.url.ptr ? url : NULL,
        .username = config.username.ptr ? username : NULL,
        .password = config.password.ptr ? password : NULL,
        .ca_file = config.ca_file.ptr ? ca_file : NULL,
        .tls = tls(),
        .timeout_ms = (uint32_t)config.timeout_s * 1000,
    };
}

struct work_setup plugin_config_work(void)
{
    return (struct work_setup){
        .from = from,
        .from_name = config.from_name,
        .prints = config.url.ptr == NULL,
        .attempts_max = config.attempts,
        .retry_ms = config.retry_s * 1000,
        .timeout_ms = config.timeout_s * 1000,
    };
}

struct store_bounds plugin_config_bounds(void)
{
    return (struct store_bounds){config.recipient_max, config.waiting_max};
}
