/* SPDX-License-Identifier: MIT */
/* Letters: descriptor and tables. */
#include "dais/dais.h"
#include "mail.h"
#include "mailer.h"
#include "plugin_config.h"
#include "verbs.h"
#include "work.h"

static const struct dais_need NEEDS[] = {
    DAIS_NEED_CLI, DAIS_NEED_CONFIG,  DAIS_NEED_DB,     DAIS_NEED_FIBER,    DAIS_NEED_LOG,
    DAIS_NEED_MEM, DAIS_NEED_METRICS, DAIS_NEED_TIMERS, {NULL, NULL, 0, 0},
};

static const struct dais_offer OFFERS[] = {
    {"dais.mailer/1", &mailer_service},
    {NULL, NULL},
};

enum { METRIC_QUEUED, METRIC_SENT, METRIC_FAILED, METRIC_DEAD, METRIC_WAITING };

static const struct dais_metric METRICS[] = {
    [METRIC_QUEUED] = {"queued_total", DAIS_COUNTER, 0, "Messages that were queued."},
    [METRIC_SENT] = {"sent_total", DAIS_COUNTER, 0, "Messages that a mail server has taken."},
    [METRIC_FAILED] = {"failed_attempts_total", DAIS_COUNTER, 0,
                       "Attempts after which a message waits for another one."},
    [METRIC_DEAD] = {"dead_total", DAIS_COUNTER, 0, "Messages that were given up."},
    [METRIC_WAITING] = {"waiting", DAIS_GAUGE, 0, "Messages that wait, seen every ten seconds."},
    {NULL, 0, 0, NULL},
};

static const struct dais_verb VERBS[] = {
    {"mail test", "send a test letter", &verbs_test_shape, verbs_test},
    {NULL, NULL, NULL, NULL},
};

static uint32_t metrics_first;
static int64_t waiting_shown;

/** A gauge is told what changed; this runs on one worker only. */
static void count(void)
{
    struct store_counts counts;
    if (store_count(&counts))
        return;
    dais_metrics->add(metrics_first + METRIC_WAITING, counts.waiting - waiting_shown);
    waiting_shown = counts.waiting;
}

static void sweep(void)
{
    if (store_sweep(plugin_config()->keep_days))
        dais_logf(DAIS_WARN, "old letters stay until the database is back");
}

static const struct dais_timer TIMERS[] = {
    {"mail_sender", 500, 0, work_look},
    {"mail_count", 10 * 1000, 0, count},
    {"mail_sweep", 3600 * 1000, 0, sweep},
    {NULL, 0, 0, NULL},
};

static void services_init(void)
{
    const struct store_bounds bounds = plugin_config_bounds();
    const struct work_setup sending = plugin_config_work();
    const struct work_metrics numbers = {
        .sent = metrics_first + METRIC_SENT,
        .failed = metrics_first + METRIC_FAILED,
        .dead = metrics_first + METRIC_DEAD,
    };
    mailer_init(&bounds, metrics_first + METRIC_QUEUED);
    work_init(&sending, &numbers);
}

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = plugin_config_read();
    if (!error)
        error = dais_metrics->table(METRICS, &metrics_first);
    if (error)
        return error;
    services_init();
    const struct smtp_account account = plugin_config_account();
    error = smtp_init(&account);
    if (!error)
        error = dais_db->migrations(dais_schema);
    if (!error)
        error = dais_db->statements(store_statements);
    if (!error)
        error = dais_cli_verbs->verbs(VERBS);
    if (!error)
        error = dais_timers->every(TIMERS);
    return error;
}

static void stop(void)
{
    work_stop();
    dais_metrics->add(metrics_first + METRIC_WAITING, -waiting_shown);
    waiting_shown = 0;
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "mail",
    .version = "0.1.0",
    .summary = "Letters by SMTP, from a durable outbox",
    .needs = NEEDS,
    .offers = OFFERS,
    .init = init,
    .stop = stop,
    .fini = smtp_fini,
};
