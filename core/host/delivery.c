/* SPDX-License-Identifier: MIT */
#include "host/delivery.h"

#include "base/check.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "data/db.h"
#include "data/outbox.h"
#include "host/delivery_turn.h"
#include "host/operations.h"
#include "host/registration.h"
#include "host/state.h"
#include "loop/fiber.h"
#include "loop/worker.h"

#include <stdio.h>
#include <string.h>

/** How often subscribers say that they are there, and leftovers of others are looked for. */
#define SWEEP_MS 3600000u
#define VALUE_BYTES_MAX (1u << 20)
#define ARRAY_BYTES_MAX (DELIVERY_SUBSCRIBERS_MAX * (SUBSCRIBER_NAME_BYTES + 1u) + 2u)

/* Grows while the workers are parked. */
static struct subscriber *subscribers[DELIVERY_SUBSCRIBERS_MAX];
static uint32_t subscriber_count;

/** The deliveries of one worker. */
struct deliverer {
    struct timer poll;
    struct timer sweep;
    struct fiber_wait *idle; /* who waits until no turn is under way */
    uint32_t running;
    bool started;
    bool stopping;
};

static struct deliverer deliverers[WORKERS_MAX];

static void on_mail(struct mail *mail);
static void on_retry(struct timer *timer);

int32_t delivery_init(void)
{
    int32_t error = delivery_turn_init();
    return error ? error : outbox_init();
}

void delivery_fini(void)
{
    for (uint32_t i = 0; i < subscriber_count; i++)
        mem_free(subscribers[i]);
    subscriber_count = 0;
    memset(deliverers, 0, sizeof deliverers);
}

int32_t delivery_subscribe(const struct plugin *plugin, const char *hook, uint32_t *ret_number)
{
    char name[SUBSCRIBER_NAME_BYTES + 1];
    uint32_t number = 0;
    snprintf(name, sizeof name, "%s/%s", plugin->id, hook);
    while (number < subscriber_count && strcmp(subscribers[number]->name, name) != 0)
        number++;
    *ret_number = number;
    if (number < subscriber_count)
        return DAIS_OK;
    struct subscriber *made = number < DELIVERY_SUBSCRIBERS_MAX ? mem_zalloc(1, sizeof *made)
                                                                : NULL;
    if (!made)
        return DAIS_E_LIMIT;
    memcpy(made->name, name, sizeof name);
    made->plugin = host_plugin(plugin->owner);
    made->mail.deliver = on_mail;
    timer_init(&made->retry, on_retry);
    subscribers[subscriber_count++] = made;
    return DAIS_OK;
}

/** Names have no character that an array would have to escape. */
static void add_name(struct strbuf *array, const char *name)
{
    strbuf_addf(array, "%s%s", array->len ? "," : "{", name);
}

struct dais_str delivery_array(const struct operation *operation, struct dais_arena *arena)
{
    struct strbuf array;
    const struct operation_hook *hooks = operation->hooks + operation->before_count +
                                         operation->after_count;
    if (operation->committed_count == 0)
        return dais_str(NULL, 0);
    strbuf_init_in(&array, arena, ARRAY_BYTES_MAX);
    for (uint32_t i = 0; i < operation->committed_count; i++)
        add_name(&array, subscribers[hooks[i].subscriber]->name);
    strbuf_addz(&array, "}");
    CHECK(strbuf_error(&array) == DAIS_OK);
    return strbuf_view(&array);
}

static void bind_plugin(struct plugin *plugin)
{
    const struct registration *record = NULL;
    while ((record = registration_next(plugin->current, REGISTRATION_HOOKS, record)))
        for (const struct dais_hook *row = record->table; row->name; row++) {
            uint32_t number = 0;
            if (row->when != DAIS_HOOK_AFTER_COMMIT ||
                delivery_subscribe(plugin, row->name, &number) != DAIS_OK)
                continue;
            subscribers[number]->generation = plugin->current;
            subscribers[number]->row = row;
        }
}

void delivery_rebind(struct host *host)
{
    for (uint32_t i = 0; i < subscriber_count; i++)
        subscribers[i]->generation = NULL;
    for (uint32_t owner = 1; owner < host->owner_count; owner++)
        bind_plugin(&host->plugins[owner]);
}

int32_t delivery_write(const struct operation *operation, struct dais_tx *tx, const void *value,
                       uint64_t pending[DELIVERY_WORDS])
{
    struct strbuf text;
    const struct dais_operation *row = operation->row;
    const struct operation_hook *hooks = operation->hooks + operation->before_count +
                                         operation->after_count;
    strbuf_init_in(&text, fiber_arena(), VALUE_BYTES_MAX);
    value_write(row->value, value, &text);
    if (strbuf_error(&text) != DAIS_OK)
        return DAIS_E_TOO_LARGE;
    const struct outbox_row written = {.operation = dais_cstr(row->name),
                                       .key = value_text(row->value, row->key, value),
                                       .value = strbuf_view(&text)};
    int32_t error = outbox_put(tx, operation->subscribers, &written);
    for (uint32_t i = 0; !error && i < operation->committed_count; i++)
        pending[hooks[i].subscriber / 64] |= 1ull << hooks[i].subscriber % 64;
    return error;
}

static uint32_t home_of(uint32_t number)
{
    return number % worker_count();
}

static void wake_one(uint32_t number)
{
    struct subscriber *subscriber = subscribers[number];
    if (atomic_exchange(&subscriber->woken, 1))
        return; /* it has not looked yet: it will see this too */
    if (mail_send(home_of(number), &subscriber->mail) != DAIS_OK)
        atomic_store(&subscriber->woken, 0);
}

void delivery_wake(uint64_t pending[DELIVERY_WORDS])
{
    for (uint32_t word = 0; word < DELIVERY_WORDS; word++)
        for (; pending[word]; pending[word] &= pending[word] - 1)
            wake_one(word * 64 + (uint32_t)__builtin_ctzll(pending[word]));
}

static struct deliverer *deliverer_here(void)
{
    return &deliverers[worker_index()];
}

/** A turn holds a connection of the pool: half of them are left to everybody else. */
static uint32_t running_max(void)
{
    uint32_t half = (uint32_t)limit_get(LIMIT_DB_POOL) / 2;
    return half ? half : 1;
}

static void run_turn(void *arg);

static void start(struct subscriber *subscriber)
{
    struct deliverer *here = deliverer_here();
    struct fiber_spec spec = {.name = "delivery", .fn = run_turn, .arg = subscriber};
    subscriber->again = 1;
    if (subscriber->running || here->stopping || !here->started || here->running >= running_max())
        return;
    if (!subscriber->generation || !db_available() ||
        atomic_load(&subscriber->plugin->state) != PLUGIN_STARTED)
        return;
    if (fiber_spawn(&spec, NULL) != DAIS_OK)
        return;
    subscriber->again = 0;
    subscriber->running = 1;
    here->running++;
}

/** Starts those of this worker that may have something to hear. */
static void start_waiting(bool all)
{
    for (uint32_t i = worker_index(); i < subscriber_count; i += worker_count())
        if (all || subscribers[i]->again)
            start(subscribers[i]);
}

static void become_known(struct subscriber *subscriber)
{
    char array[SUBSCRIBER_NAME_BYTES + 3];
    snprintf(array, sizeof array, "{%s}", subscriber->name);
    if (subscriber->known || outbox_seen(dais_cstr(array)) != DAIS_OK)
        return;
    subscriber->known = subscriber->again = 1;
}

static void run_turn(void *arg)
{
    struct subscriber *subscriber = arg;
    struct deliverer *here = deliverer_here();
    struct turn turn = {.told = 0};
    int32_t error = DAIS_E_GONE;
    if (subscriber->generation)
        error = delivery_turn(subscriber, &here->stopping, &turn);
    if (error == DAIS_E_NOT_FOUND)
        become_known(subscriber);
    else if (!error)
        subscriber->known = 0; /* it is, but a sweep may forget it while nobody hears */
    if (!error && turn.more)
        subscriber->again = 1;
    if (!error && turn.retry_ms > 0 && !here->stopping)
        timer_start(&subscriber->retry, turn.retry_ms);
    subscriber->running = 0;
    here->running--;
    if (here->stopping && here->running == 0 && here->idle)
        fiber_resume(here->idle, DAIS_OK);
    start_waiting(false);
}

static void on_mail(struct mail *mail)
{
    struct subscriber *subscriber = CONTAINER_OF(mail, struct subscriber, mail);
    atomic_store(&subscriber->woken, 0);
    start(subscriber);
}

static void on_retry(struct timer *timer)
{
    start(CONTAINER_OF(timer, struct subscriber, retry));
}

static void on_poll(struct timer *timer)
{
    start_waiting(true);
}

/** Once an hour, from worker 0. */
static void sweep(void *arg)
{
    struct strbuf array;
    uint64_t dropped = 0;
    strbuf_init_in(&array, fiber_arena(), ARRAY_BYTES_MAX);
    for (uint32_t i = 0; i < subscriber_count; i++)
        if (subscribers[i]->generation)
            add_name(&array, subscribers[i]->name);
    strbuf_addz(&array, array.len ? "}" : "{}");
    int32_t error = strbuf_error(&array);
    if (!error)
        error = outbox_seen(strbuf_view(&array));
    if (!error)
        error = outbox_sweep((uint64_t)limit_get(LIMIT_OUTBOX_ORPHAN_MS),
                             (uint64_t)limit_get(LIMIT_OUTBOX_DEAD_MS), &dropped);
    if (error)
        LOG_WARN("the outbox was not swept", log_code(error));
    else if (dropped > 0)
        LOG_WARN("rows of the outbox dropped, nobody came for them", log_uint("rows", dropped));
}

static void on_sweep(struct timer *timer)
{
    struct fiber_spec spec = {.name = "outbox sweep", .fn = sweep};
    if (db_available() && fiber_spawn(&spec, NULL) != DAIS_OK)
        LOG_WARN("the outbox was not swept");
    timer_start(timer, SWEEP_MS);
}

int32_t delivery_worker_start(void *unused)
{
    struct deliverer *here = deliverer_here();
    *here = (struct deliverer){.started = true};
    timer_init(&here->poll, on_poll);
    timer_init(&here->sweep, on_sweep);
    timer_start_every(&here->poll, (uint64_t)limit_get(LIMIT_OUTBOX_POLL_MS));
    if (worker_index() == 0)
        timer_start(&here->sweep, 0);
    start_waiting(true);
    return DAIS_OK;
}

int32_t delivery_worker_drain(void *unused)
{
    struct deliverer *here = deliverer_here();
    struct fiber_wait idle;
    if (!here->started)
        return DAIS_OK;
    here->stopping = true;
    timer_stop(&here->poll);
    timer_stop(&here->sweep);
    for (uint32_t i = worker_index(); i < subscriber_count; i += worker_count())
        timer_stop(&subscribers[i]->retry);
    if (here->running == 0)
        return DAIS_OK;
    fiber_wait_init(&idle);
    here->idle = &idle;
    int32_t error = fiber_suspend(&idle, (uint64_t)limit_get(LIMIT_SHUTDOWN_MS));
    here->idle = NULL;
    return error == DAIS_E_TIMEOUT ? DAIS_OK : error;
}
