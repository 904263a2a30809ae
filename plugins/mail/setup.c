/* SPDX-License-Identifier: MIT */
#include "setup.h"

#include "dais/log.h"
#include "mail.h"

#define TEXT_BYTES_MAX 512

static const char *const TLS[] = {"auto", "required", "off", NULL};

static const struct dais_field FIELDS[] = {
    DAIS_FIELD_CONFIG(struct setup, url, DAIS_KIND_STRING, 8, 300, NULL, "MAIL_URL",
                      "smtp://host:587 or smtps://host:465; without it letters are printed into "
                      "the log"),
    DAIS_FIELD_CONFIG(struct setup, from, DAIS_KIND_EMAIL, 3, 254, NULL, "MAIL_FROM",
                      "address of the sender; needed with url"),
    DAIS_FIELD_CONFIG(struct setup, from_name, DAIS_KIND_STRING, 0, 60, "Dais", NULL,
                      "name of the sender for display"),
    DAIS_FIELD_CONFIG(struct setup, username, DAIS_KIND_STRING, 1, 250, NULL, "MAIL_USERNAME",
                      "account at the mail server"),
    {"password", DAIS_KIND_STRING, DAIS_FIELD_SECRET, (uint32_t)offsetof(struct setup, password), 0,
     1, 500, NULL, "MAIL_PASSWORD", NULL, NULL, "its password"},
    DAIS_FIELD_ENUM("tls", struct setup, tls, 0, TLS, "auto",
                    "required; off; auto: required, to this machine only when offered"),
    DAIS_FIELD_CONFIG(struct setup, ca_file, DAIS_KIND_STRING, 1, 500, NULL, NULL,
                      "PEM file of the authorities to trust instead of the system's"),
    DAIS_FIELD_CONFIG(struct setup, timeout_s, DAIS_KIND_INT, 1, 300, "30", NULL,
                      "seconds that an attempt takes at most"),
    DAIS_FIELD_CONFIG(struct setup, attempts, DAIS_KIND_INT, 1, 50, "12", NULL,
                      "attempts before a letter is given up"),
    DAIS_FIELD_CONFIG(struct setup, retry_s, DAIS_KIND_INT, 1, 3600, "15", NULL,
                      "seconds to the second attempt; doubles up to an hour, with jitter"),
    DAIS_FIELD_CONFIG(struct setup, keep_days, DAIS_KIND_INT, 1, 365, "14", NULL,
                      "days for which letters that were given up are kept, without their text"),
    DAIS_FIELD_CONFIG(struct setup, recipient_max, DAIS_KIND_INT, 1, 10000, "20", NULL,
                      "letters to one recipient within an hour"),
    DAIS_FIELD_CONFIG(struct setup, waiting_max, DAIS_KIND_INT, 1, 1000000, "10000", NULL,
                      "letters that may wait altogether"),
    DAIS_FIELD_END,
};
static const struct dais_shape SHAPE = DAIS_SHAPE("MailConfig", struct setup, FIELDS);

static struct setup setup;
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
    return dais_str_eq(setup.tls, dais_cstr("off"));
}

/** What is wrong, in one line; NULL: nothing. */
static const char *problem(void)
{
    if (!mail_text_ok(setup.from_name, 0))
        return "from_name must be text without control characters";
    if (!setup.url.ptr)
        return NULL;
    if (mail_url_parse(setup.url, &place))
        return "url must be smtp://host, smtp://host:port or smtps://host:port";
    if (!setup.from.ptr || !mail_address_ok(setup.from))
        return "from is needed with url: the address of the sender";
    if (setup.password.ptr && !setup.username.ptr)
        return "username is needed with password";
    if (setup.password.ptr && is_off() && !place.implicit_tls && !mail_host_is_loopback(place.host))
        return "a password never leaves this machine without TLS: remove tls: off";
    if (!copy(setup.url, url) || !copy(setup.from, from) || !copy(setup.username, username) ||
        !copy(setup.password, password) || !copy(setup.ca_file, ca_file))
        return "username, password and ca_file must be text of at most 511 bytes";
    return NULL;
}

int32_t setup_read(void)
{
    int32_t error = dais_config->read(&SHAPE, &setup);
    if (error)
        return error;
    const char *wrong = problem();
    if (wrong) {
        dais_logf(DAIS_ERROR, "%s", wrong);
        return DAIS_E_INVALID;
    }
    if (!setup.url.ptr)
        dais_logf(DAIS_WARN, "no mail server (url): letters are printed into this log, with the "
                             "secrets in them");
    return DAIS_OK;
}

const struct setup *setup_get(void)
{
    return &setup;
}

static uint32_t tls(void)
{
    if (is_off())
        return SMTP_TLS_OFF;
    int here = dais_str_eq(setup.tls, dais_cstr("auto")) && mail_host_is_loopback(place.host);
    return here ? SMTP_TLS_TRY : SMTP_TLS_REQUIRE;
}

struct smtp_account setup_account(void)
{
    return (struct smtp_account){
        .url = setup.url.ptr ? url : NULL,
        .username = setup.username.ptr ? username : NULL,
        .password = setup.password.ptr ? password : NULL,
        .ca_file = setup.ca_file.ptr ? ca_file : NULL,
        .tls = tls(),
        .timeout_ms = (uint32_t)setup.timeout_s * 1000,
    };
}

struct sender_setup setup_sender(void)
{
    return (struct sender_setup){
        .from = from,
        .from_name = setup.from_name,
        .prints = setup.url.ptr == NULL,
        .attempts_max = setup.attempts,
        .retry_ms = setup.retry_s * 1000,
        .timeout_ms = setup.timeout_s * 1000,
    };
}

struct store_bounds setup_bounds(void)
{
    return (struct store_bounds){setup.recipient_max, setup.waiting_max};
}
