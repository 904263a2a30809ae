/* SPDX-License-Identifier: MIT */
#include "live_rights.h"

#include "dais/fiber.h"
#include "dais/log.h"
#include "dais/mem.h"
#include "dais/svc/identity.h"
#include "live.h"

#define USER_PREFIX "user:"
#define ID_LEN 36

/** An account to be looked at; owned by its task. */
struct account {
    char id[ID_LEN];
};

/** Asks the database and not a list of what is live: streams of older copies count too. */
static void account_check(uint64_t cookie)
{
    struct account *account = (struct account *)(uintptr_t)cookie;
    struct store_names names = {NULL, 0};
    int32_t error = store_unapproved(dais_str(account->id, ID_LEN), &names);
    if (!error)
        live_cut(&names);
    else if (error != DAIS_E_CANCELLED)
        dais_logf(DAIS_WARN, "the right to publish is not known, the next renewal tells");
    dais_mem->state_free(account);
}

static const struct dais_task CHECK = {"stream_rights", account_check};

/** Every worker hears it, one asks: a stream is cut off wherever it is. */
static void on_revoked(const struct dais_bus_event *event)
{
    struct dais_str prefix = dais_cstr(USER_PREFIX);
    if (dais_fiber->worker() != 0 || event->key.len != prefix.len + ID_LEN ||
        memcmp(event->key.ptr, prefix.ptr, prefix.len) != 0)
        return;
    struct account *account = dais_mem->state_alloc(sizeof *account);
    dais_handle fiber;
    if (account)
        memcpy(account->id, event->key.ptr + prefix.len, ID_LEN);
    if (account && !dais_fiber->spawn(&CHECK, (uint64_t)(uintptr_t)account, &fiber))
        return;
    dais_mem->state_free(account);
    dais_logf(DAIS_WARN, "no room to look at who may publish, the next renewal tells");
}

const struct dais_subscription live_rights_subscriptions[] = {
    {DAIS_TOPIC_IDENTITY_REVOKED, on_revoked},
    {NULL, NULL},
};
