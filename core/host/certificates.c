/* SPDX-License-Identifier: MIT */
#include "host/certificates.h"

#include "base/str.h"
#include "host/config.h"
#include "host/report.h"
#include "host/state.h"
#include "host/verbs.h"
#include "loop/job.h"
#include "net/tls.h"

#include <stdio.h>

/** One reading of the files, on a thread for blocking work. */
struct reading {
    struct tls *tls;
    char message[TLS_MESSAGE_BYTES];
};

int32_t certificates_open(const struct config *config, struct report *report, struct tls **ret_tls)
{
    char message[TLS_MESSAGE_BYTES] = "there is no memory for it";
    const struct dais_list *pairs = &config->tls_pairs;
    *ret_tls = NULL;
    if (pairs->count == 0)
        return DAIS_OK;
    int32_t error = tls_new(pairs->items, (uint32_t)pairs->count, message, ret_tls);
    if (error)
        report_add(report, "tls: %s", message);
    return error;
}

static int32_t read_again(void *arg)
{
    struct reading *reading = arg;
    return tls_reload(reading->tls, reading->message);
}

int32_t certificates_reload(struct dais_cli *cli, const void *input)
{
    struct reading reading = {.tls = host_get()->tls, .message = "there is no memory for it"};
    uint32_t disk = 0;
    (void)input;
    if (!reading.tls) {
        snprintf(cli->message, sizeof cli->message, "tls.certificates names none");
        return DAIS_E_NOT_FOUND;
    }
    int32_t error = job_class_find(dais_cstr("disk"), &disk);
    if (!error)
        error = job_run(disk, read_again, &reading);
    if (error) {
        snprintf(cli->message, sizeof cli->message, "the old certificates stay: %s",
                 reading.message);
        return error;
    }
    strbuf_addz(&cli->text, "the certificates are served to new connections\n");
    return strbuf_error(&cli->text);
}
