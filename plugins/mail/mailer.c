/* SPDX-License-Identifier: MIT */
#include "mailer.h"

#include "dais/metrics.h"
#include "mail.h"

static struct store_bounds bounds;
static uint32_t queued;

void mailer_init(const struct store_bounds *wanted, uint32_t metric_queued)
{
    bounds = *wanted;
    queued = metric_queued;
}

static int32_t queue(struct dais_tx *tx, const struct dais_mail *mail)
{
    int32_t error = mail ? mail_check(mail) : DAIS_E_INVALID;
    if (!error)
        error = store_queue(tx, mail, &bounds);
    if (!error)
        dais_metrics->add(queued, 1);
    return error;
}

const struct dais_mailer_v1 mailer_service = {queue};
