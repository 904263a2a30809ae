/* SPDX-License-Identifier: MIT */
/* Of `dais doctor`: the certificates of TLS. */
#include "base/clock.h"
#include "host/config.h"
#include "net/tls.h"
#include "proc/doctor.h"

#define DAY_S 86400

/* Root reads everything, the account of the service does not. Only its mode is judged. */
static void check_reach(struct doctor *doctor, const char *path)
{
    if (!reach_reads(&doctor->account, path))
        doctor_say(doctor, DOCTOR_WARN, "install a copy with -m 0640 -g " REACH_ACCOUNT,
                   "certificate: %s may be out of reach for the account of the service", path);
}

static void check_end(struct doctor *doctor, const struct tls_pair *pair,
                      const struct tls_facts *facts)
{
    char when[CLOCK_RFC3339_BYTES];
    int64_t left_s = facts->ends_s - clock_unix_ms() / 1000;
    clock_format_rfc3339(facts->ends_s * 1000, when);
    if (left_s <= 0)
        doctor_say(doctor, DOCTOR_WARN, "renew it", "certificate: %s has ended at %s",
                   pair->certificate.ptr, when);
    else if (left_s < TLS_ENDS_SOON_S)
        doctor_say(doctor, DOCTOR_WARN, "renew it", "certificate: %s ends in %lld days, at %s",
                   pair->certificate.ptr, (long long)(left_s / DAY_S), when);
    else
        doctor_say(doctor, DOCTOR_OK, NULL, "certificate: %s lasts until %s", pair->certificate.ptr,
                   when);
}

void doctor_certificates(struct doctor *doctor)
{
    const struct dais_list *list = &doctor->config->tls_pairs;
    const struct tls_pair *pairs = list->items;
    char message[TLS_MESSAGE_BYTES];
    struct tls_facts facts;
    for (uint64_t i = 0; i < list->count; i++) {
        if (tls_examine(&pairs[i], &facts, message) != DAIS_OK) {
            doctor_say(doctor, DOCTOR_FAIL, "name other files in tls.certificates",
                       "certificate: %s", message);
            continue;
        }
        check_end(doctor, &pairs[i], &facts);
        check_reach(doctor, pairs[i].certificate.ptr);
        check_reach(doctor, pairs[i].key.ptr);
    }
}
