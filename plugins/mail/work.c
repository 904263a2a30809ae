/* SPDX-License-Identifier: MIT */
#include "work.h"

#include "compose.h"
#include "dais/fiber.h"
#include "dais/log.h"
#include "dais/mem.h"
#include "dais/metrics.h"
#include "mail.h"
#include "store.h"

/** A task ends after so many messages, so that nothing it holds grows. */
#define LETTERS_PER_TASK 16
/** A claim lasts as long as an attempt and what has to be written after it. */
#define LEASE_REST_MS 3000
/** What came of an attempt is written within the claim, or the message is sent once more. */
#define CONCLUDE_TRIES 5
#define CONCLUDE_WAIT_MS 500
#define STOP_WAIT_MS 100
#define STOP_TRIES 30

static struct work_setup setup;
static struct work_metrics metrics;

/* Timer and tasks run on worker 0, and all of them suspend. */
static int tasks;
static int stopping;

void work_init(const struct work_setup *wanted, const struct work_metrics *numbers)
{
    setup = *wanted;
    metrics = *numbers;
}

/** The one place that shows a message's text: without a server nobody else would ever see it. */
static void print(const struct store_letter *letter, struct smtp_result *ret_result)
{
    const struct dais_log_value values[] = {{"to", letter->to},
                                            {"subject", letter->subject},
                                            {"kind", letter->kind},
                                            {"text", letter->text}};
    dais_log->write(DAIS_INFO, dais_cstr("mail printed, not sent"), values, 4);
    ret_result->outcome = SMTP_SENT;
}

static int32_t transmit(const struct store_letter *letter, struct smtp_result *ret_result)
{
    const struct compose_letter parts = {
        .id = letter->id,
        .from = dais_cstr(setup.from),
        .from_name = setup.from_name,
        .to = letter->to,
        .subject = letter->subject,
        .text = letter->text,
        .unix_s = letter->queued_s,
    };
    char to[MAIL_ADDRESS_BYTES_MAX + 1];
    if (letter->to.len >= sizeof to)
        return DAIS_E_INVALID;
    memcpy(to, letter->to.ptr, letter->to.len);
    to[letter->to.len] = '\0';
    char *data = dais_mem->state_alloc(compose_bytes_max(&parts));
    if (!data)
        return DAIS_E_MEMORY;
    struct smtp_message message = {.from = setup.from, .to = to, .data = data};
    message.len = compose_write(&parts, data);
    int32_t error = smtp_send(&message, ret_result);
    dais_mem->state_free(data);
    return error;
}

static void report(uint32_t level, const char *event, const struct store_letter *letter,
                   struct dais_str error)
{
    const struct dais_log_value values[] = {
        {"id", letter->id}, {"kind", letter->kind}, {"reason", error}};
    dais_log->write(level, dais_cstr(event), values, 3);
}

static int32_t bury(const struct store_letter *letter, struct dais_str reason)
{
    int32_t error = store_dead(letter, reason);
    if (error)
        return error;
    dais_metrics->add(metrics.dead, 1);
    report(DAIS_WARN, "mail given up", letter, reason);
    return DAIS_OK;
}

static int32_t postpone(const struct store_letter *letter, struct dais_str reason)
{
    if (letter->attempt >= setup.attempts_max)
        return bury(letter, reason);
    uint64_t wait_ms = mail_retry_ms((uint32_t)letter->attempt, (uint64_t)setup.retry_ms,
                                     mail_chance(letter->id, (uint32_t)letter->attempt));
    int32_t error = store_again(letter, wait_ms, reason);
    if (error)
        return error;
    dais_metrics->add(metrics.failed, 1);
    report(DAIS_WARN, "mail not sent, tried again later", letter, reason);
    return DAIS_OK;
}

static int32_t conclude(const struct store_letter *letter, const struct smtp_result *result)
{
    int32_t error;
    switch (result->outcome) {
    case SMTP_SENT:
        error = store_sent(letter);
        if (!error)
            dais_metrics->add(metrics.sent, 1);
        return error;
    case SMTP_NEVER:
        return bury(letter, dais_cstr(result->error));
    case SMTP_ABORTED:
        return store_release(letter);
    default:
        return postpone(letter, dais_cstr(result->error));
    }
}

/** A database that is away for a moment must not make a message go out twice. */
static void conclude_surely(const struct store_letter *letter, const struct smtp_result *result)
{
    for (int tries = 0; tries < CONCLUDE_TRIES; tries++) {
        int32_t error = conclude(letter, result);
        if (!error)
            return;
        if (error != DAIS_E_UNAVAILABLE || dais_fiber->sleep(CONCLUDE_WAIT_MS))
            break;
    }
    report(DAIS_WARN, "the outcome of a mail could not be written, it may be sent again", letter,
           dais_cstr(result->error));
}

static void attempt(const struct store_letter *letter)
{
    struct smtp_result result = {.outcome = SMTP_LATER};
    int32_t error = DAIS_OK;
    if (letter->expired) {
        result.outcome = SMTP_NEVER;
        memcpy(result.error, "outlived its use", sizeof "outlived its use");
    } else if (setup.prints) {
        print(letter, &result);
    } else {
        error = transmit(letter, &result);
    }
    if (error) /* nothing was tried: the thread pool is full or the plugin stops */
        result.outcome = SMTP_ABORTED;
    conclude_surely(letter, &result);
}

static void run(uint64_t cookie)
{
    (void)cookie;
    for (int i = 0; i < LETTERS_PER_TASK && !stopping; i++) {
        struct store_letter letter;
        if (store_claim(setup.timeout_ms + LEASE_REST_MS, &letter))
            break;
        attempt(&letter);
        dais_db->rows_free(letter.rows);
    }
    tasks--;
}

static const struct dais_task TASK = {"mail_sender", run};

void work_look(void)
{
    int64_t due = 0;
    if (stopping || tasks >= WORK_TASKS_MAX || store_due(WORK_TASKS_MAX, &due))
        return;
    while (due-- > 0 && tasks < WORK_TASKS_MAX && !stopping) {
        dais_handle fiber;
        if (dais_fiber->spawn(&TASK, 0, &fiber))
            return;
        tasks++;
    }
}

void work_stop(void)
{
    stopping = 1;
    smtp_stop();
    for (int tries = 0; tries < STOP_TRIES && tasks > 0; tries++)
        if (dais_fiber->sleep(STOP_WAIT_MS))
            return;
}
