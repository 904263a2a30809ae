/* SPDX-License-Identifier: MIT */
#include "smtp.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdio.h>

#include "dais/fiber.h"
#include "mail.h"

/** One attempt on its way through the thread pool. */
struct attempt {
    const struct smtp_message *message;
    struct smtp_result *result;
    uint64_t sent; /* bytes of the message that curl has taken */
    char reason[CURL_ERROR_SIZE];
};

static struct smtp_account account;
static _Atomic int stopping;

static size_t on_read(char *buffer, size_t size, size_t count, void *context)
{
    struct attempt *attempt = context;
    uint64_t left = attempt->message->len - attempt->sent;
    uint64_t take = size * count < left ? size * count : left;
    memcpy(buffer, attempt->message->data + attempt->sent, take);
    attempt->sent += take;
    return take;
}

/** Curl asks at least once a second, whatever it waits for. */
static int on_progress(void *context, curl_off_t down_max, curl_off_t down, curl_off_t up_max,
                       curl_off_t up)
{
    (void)context;
    (void)down_max;
    (void)down;
    (void)up_max;
    (void)up;
    return atomic_load(&stopping);
}

/** The server's answers to NOOP-like commands are of no interest, nor may they reach a terminal. */
static size_t on_write(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes;
    (void)context;
    return size * count;
}

static long tls_level(void)
{
    switch (account.tls) {
    case SMTP_TLS_REQUIRE:
        return CURLUSESSL_ALL;
    case SMTP_TLS_TRY:
        return CURLUSESSL_TRY;
    default:
        return CURLUSESSL_NONE;
    }
}

/** An option that curl has not is a build that cannot keep what the configuration promises. */
#define SET(option, value) (failed = failed ? failed : curl_easy_setopt(curl, option, value))

static CURLcode set_account(CURL *curl)
{
    CURLcode failed = CURLE_OK;
    SET(CURLOPT_URL, account.url);
    SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_USE_SSL, tls_level());
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)account.timeout_ms / 2);
    SET(CURLOPT_SERVER_RESPONSE_TIMEOUT, ((long)account.timeout_ms + 999) / 1000);
    SET(CURLOPT_TIMEOUT_MS, (long)account.timeout_ms);
    if (account.ca_file)
        SET(CURLOPT_CAINFO, account.ca_file);
    if (account.username)
        SET(CURLOPT_USERNAME, account.username);
    if (account.password)
        SET(CURLOPT_PASSWORD, account.password);
    return failed;
}

static CURLcode set_message(CURL *curl, struct attempt *attempt, struct curl_slist *recipients)
{
    CURLcode failed = CURLE_OK;
    SET(CURLOPT_MAIL_FROM, attempt->message->from);
    SET(CURLOPT_MAIL_RCPT, recipients);
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_READFUNCTION, on_read);
    SET(CURLOPT_READDATA, attempt);
    SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)attempt->message->len);
    SET(CURLOPT_WRITEFUNCTION, on_write);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_ERRORBUFFER, attempt->reason);
    return failed;
}

/**
 * A 5xx counts only as an answer to this message (MAIL, RCPT, DATA and what follows). One to the
 * greeting, to AUTH or to STARTTLS says something about the server or about our account there.
 */
static uint32_t judge(CURLcode code, long status, const struct attempt *attempt)
{
    if (code == CURLE_OK)
        return SMTP_SENT;
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return SMTP_ABORTED;
    int to_message = code == CURLE_SEND_ERROR ||
                     (code == CURLE_WEIRD_SERVER_REPLY && attempt->sent > 0);
    return to_message && status >= 500 && status < 600 ? SMTP_NEVER : SMTP_LATER;
}

static void conclude(CURL *curl, CURLcode code, struct attempt *attempt)
{
    long status = 0;
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    attempt->result->outcome = judge(code, status, attempt);
    const char *reason = attempt->reason[0] ? attempt->reason : curl_easy_strerror(code);
    int len = snprintf(attempt->result->error, sizeof attempt->result->error,
                       "%s (curl %d, status %ld)", reason, (int)code, status);
    /* What the server said is bytes of its own choosing. */
    if (len < 0 || !mail_text_ok(dais_cstr(attempt->result->error), 0))
        (void)snprintf(attempt->result->error, sizeof attempt->result->error, "curl %d, status %ld",
                       (int)code, status);
}

static int32_t send_run(void *arg)
{
    struct attempt *attempt = arg;
    CURL *curl = curl_easy_init();
    struct curl_slist *recipients = curl_slist_append(NULL, attempt->message->to);
    int32_t error = DAIS_E_MEMORY;
    if (curl && recipients) {
        CURLcode code = set_account(curl);
        if (code == CURLE_OK)
            code = set_message(curl, attempt, recipients);
        if (code == CURLE_OK)
            code = curl_easy_perform(curl);
        conclude(curl, code, attempt);
        error = DAIS_OK;
    }
    curl_easy_cleanup(curl);
    curl_slist_free_all(recipients);
    return error;
}

static const struct dais_job SEND = {"send mail", "mail", send_run};

int32_t smtp_init(const struct smtp_account *wanted)
{
    account = *wanted;
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? DAIS_OK : DAIS_E_INTERNAL;
}

void smtp_fini(void)
{
    curl_global_cleanup();
}

void smtp_stop(void)
{
    atomic_store(&stopping, 1);
}

int32_t smtp_send(const struct smtp_message *message, struct smtp_result *ret_result)
{
    struct smtp_result result = {.outcome = SMTP_LATER};
    struct attempt attempt = {.message = message, .result = &result};
    int32_t error = dais_fiber->job(&SEND, &attempt);
    if (!error)
        *ret_result = result;
    return error;
}
