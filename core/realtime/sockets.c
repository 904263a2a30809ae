/* SPDX-License-Identifier: MIT */
#include "realtime/sockets.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "loop/fiber.h"
#include "loop/worker.h"
#include "realtime/link.h"
#include "realtime/sockets_inner.h"
#include "realtime/tokens.h"
#include "realtime/ws.h"

/** In how many steps the sockets of a worker are closed at a stop. */
#define DRAIN_STEPS 20u

static const struct metrics_row metric_rows[SOCKETS_METRIC_COUNT] = {
    [SOCKETS_METRIC_OPEN] = {.name = "dais_sockets",
                             .kind = METRICS_GAUGE,
                             .help = "Real-time sockets"},
    [SOCKETS_METRIC_OPENED_TOTAL] = {.name = "dais_sockets_opened_total",
                                     .kind = METRICS_COUNTER,
                                     .help = "Real-time sockets that were let in"},
    [SOCKETS_METRIC_REFUSED_TOTAL] = {.name = "dais_sockets_refused_total",
                                      .kind = METRICS_COUNTER,
                                      .help = "Real-time sockets that were not let in"},
    [SOCKETS_METRIC_EVENTS_TOTAL] = {.name = "dais_socket_events_total",
                                     .kind = METRICS_COUNTER,
                                     .help = "Events that clients sent"},
    [SOCKETS_METRIC_LIMITED_TOTAL] = {.name = "dais_socket_events_limited_total",
                                      .kind = METRICS_COUNTER,
                                      .help = "Events that were too many"},
    [SOCKETS_METRIC_FAILED_TOTAL] = {.name = "dais_socket_events_failed_total",
                                     .kind = METRICS_COUNTER,
                                     .help = "Events that were answered with a problem"},
    [SOCKETS_METRIC_REVOKED_TOTAL] = {.name = "dais_sockets_revoked_total",
                                      .kind = METRICS_COUNTER,
                                      .help = "Sockets closed because their token was revoked"},
    [SOCKETS_METRIC_EXPIRED_TOTAL] = {.name = "dais_sockets_expired_total",
                                      .kind = METRICS_COUNTER,
                                      .help = "Sockets closed because their token ended"},
};

static struct {
    const struct realtime_hooks *hooks;
    struct sockets_rates rates;
    uint32_t metrics; /* number of the first */
} layer;

const struct realtime_hooks *sockets_hooks(void)
{
    static const struct realtime_hooks none;
    return layer.hooks ? layer.hooks : &none;
}

const struct sockets_rates *sockets_rates(void)
{
    return &layer.rates;
}

void sockets_add(enum sockets_metric metric, int64_t value)
{
    metrics_add(layer.metrics + metric, value);
}

struct sockets_worker *sockets_self(void)
{
    return worker_slot_get(WORKER_SLOT_SOCKETS);
}

static uint32_t rate_of(const char *name)
{
    const struct realtime_hooks *hooks = sockets_hooks();
    int32_t number = hooks->rate_class ? hooks->rate_class(name) : 0;
    CHECK(number >= 0 && (uint32_t)number < HTTP_RATE_CLASSES_MAX);
    return (uint32_t)number;
}

int32_t sockets_init(const struct realtime_hooks *hooks)
{
    layer.hooks = hooks;
    layer.rates.connect = rate_of("connect");
    layer.rates.event = rate_of("event");
    layer.rates.ingest = hooks->rate_class ? rate_of("ingest") : UINT32_MAX;
    return metrics_register(metric_rows, SOCKETS_METRIC_COUNT, &layer.metrics);
}

void sockets_fini(void)
{
    events_use(NULL);
    layer.hooks = NULL;
}

int32_t sockets_worker_start(void)
{
    uint32_t count_max = (uint32_t)limit_get(LIMIT_SOCKETS);
    struct sockets_worker *worker = mem_zalloc(1, sizeof *worker);
    if (!worker)
        return DAIS_E_MEMORY;
    handle_table_init(&worker->handles, (uint8_t)worker_index(), count_max);
    idmap_init(&worker->addresses, count_max);
    idmap_init(&worker->users, count_max);
    idmap_init(&worker->sessions, count_max);
    list_init(&worker->checks);
    list_init(&worker->unknown);
    timer_init(&worker->retry, tokens_retry);
    worker_slot_set(WORKER_SLOT_SOCKETS, worker);
    return DAIS_OK;
}

uint32_t sockets_count(void)
{
    return sockets_self()->handles.count;
}

void sockets_revoked(struct dais_str key)
{
    struct sockets_worker *worker = sockets_self();
    if (worker)
        tokens_revoked(worker, key);
}

/* --- the end --- */

/* Closes those whose index is in one of DRAIN_STEPS parts of the table. */
static void close_part(struct sockets_worker *worker, uint32_t step)
{
    const struct handle_table *table = &worker->handles;
    uint64_t from = (uint64_t)table->capacity * step / DRAIN_STEPS;
    uint64_t to = (uint64_t)table->capacity * (step + 1) / DRAIN_STEPS;
    for (uint64_t i = from; i < to; i++) {
        struct socket *socket = table->slots[i].thing;
        if (socket)
            socket_close(socket, WS_CLOSE_GOING_AWAY);
    }
}

static bool is_empty(const struct sockets_worker *worker)
{
    return worker->handles.count == 0 && worker->lingering == 0;
}

/* The stop waits for the last fiber, so this one is there until all sockets are gone. */
static void drain(void *arg)
{
    struct sockets_worker *worker = arg;
    uint64_t step_ms = (uint64_t)limit_get(LIMIT_SOCKETS_DRAIN_MS) / DRAIN_STEPS;
    int32_t code = DAIS_OK;
    for (uint32_t step = 0; step < DRAIN_STEPS; step++) {
        close_part(worker, step);
        if (code == DAIS_OK && step_ms > 0 && !is_empty(worker))
            code = fiber_sleep(step_ms);
    }
    link_worker_drain(); /* connections without a socket */
    worker->drainer = fiber_handle();
    while (code == DAIS_OK && !is_empty(worker))
        code = fiber_park(FIBER_FOREVER);
    worker->drainer = 0;
}

void sockets_settled(struct sockets_worker *worker)
{
    if (worker->drainer == 0 || !is_empty(worker))
        return;
    int32_t code = fiber_unpark(worker->drainer);
    CHECK(code == DAIS_OK);
}

void sockets_worker_drain(void)
{
    struct sockets_worker *worker = sockets_self();
    const struct fiber_spec spec = {.name = "sockets drain", .fn = drain, .arg = worker};
    worker->draining = true;
    if (fiber_spawn(&spec, NULL) == DAIS_OK)
        return;
    for (uint32_t step = 0; step < DRAIN_STEPS; step++)
        close_part(worker, step);
    link_worker_drain();
}

void sockets_worker_stop(void)
{
    struct sockets_worker *worker = sockets_self();
    if (!worker)
        return;
    CHECK_MSG(is_empty(worker), "a socket outlived its carrier");
    timer_stop(&worker->retry);
    handle_table_fini(&worker->handles);
    idmap_fini(&worker->addresses);
    idmap_fini(&worker->users);
    idmap_fini(&worker->sessions);
    worker_slot_set(WORKER_SLOT_SOCKETS, NULL);
    mem_free(worker);
}

/* --- sending from anywhere --- */

/** What one worker is to send. The name follows. */
struct emit_mail {
    struct mail mail;
    struct emission *emission;
    void (*deliver)(const struct emit_mail *mail);
    dais_handle socket;
    struct dais_str name; /**< of a user, or of a space */
};

/** The encodings of an emission on this worker; each is made once. */
struct encodings {
    struct dais_buf *bufs[EMISSION_RENDERINGS_MAX][SOCKET_FORMS_MAX];
};

static void encodings_free(struct encodings *encodings)
{
    for (uint32_t i = 0; i < EMISSION_RENDERINGS_MAX; i++)
        for (uint32_t j = 0; j < SOCKET_FORMS_MAX; j++)
            buf_unref(encodings->bufs[i][j]);
}

static int32_t encode(struct encodings *encodings, const struct emission *emission,
                      const struct socket *socket, struct dais_buf **ret_buf)
{
    const struct emission_text *text = emission_text(emission, socket->dialect);
    *ret_buf = NULL;
    if (!text)
        return DAIS_OK;
    struct dais_buf **slot = &encodings->bufs[text - emission->texts][socket->form->index];
    int32_t code = *slot ? DAIS_OK : emission_encode(text, socket->form, NULL, slot);
    *ret_buf = *slot;
    return code;
}

static int32_t send_to(struct socket *socket, const struct emission *emission,
                       struct encodings *encodings)
{
    struct dais_buf *buf;
    if (socket->handle == emission->except)
        return DAIS_OK;
    if (socket->state != SOCKET_OPEN)
        return socket->state == SOCKET_OPENING ? DAIS_E_STATE : DAIS_E_GONE;
    if (socket->form->index == SOCKET_FORM_RAW)
        return DAIS_E_INVALID;
    int32_t code = encode(encodings, emission, socket, &buf);
    if (code != DAIS_OK || !buf)
        return code;
    const struct message message = {
        .buf = buf, .len = (uint32_t)buf->len, .class = emission->delivery, .key = emission->key};
    socket_send(socket, &message);
    return DAIS_OK;
}

static void deliver_user(const struct emit_mail *mail)
{
    struct encodings encodings = {0};
    struct socket_user *first = tokens_first(sockets_self(), mail->name);
    for (struct socket_user *user = first; user; user = tokens_next(user, first)) {
        int32_t code = send_to(user->socket, mail->emission, &encodings);
        (void)code; /* one that cannot be told does not keep it from the others */
    }
    encodings_free(&encodings);
}

static void deliver_all(const struct emit_mail *mail)
{
    struct encodings encodings = {0};
    const struct handle_table *table = &sockets_self()->handles;
    for (uint32_t i = 0; i < table->capacity; i++) {
        struct socket *socket = table->slots[i].thing;
        if (!socket || !str_eqz(mail->name, socket->form->space))
            continue;
        int32_t code = send_to(socket, mail->emission, &encodings);
        (void)code; /* as above */
    }
    encodings_free(&encodings);
}

static int32_t deliver_here(dais_handle handle, const struct emission *emission)
{
    struct encodings encodings = {0};
    struct socket *socket = socket_find(handle);
    int32_t code = socket ? send_to(socket, emission, &encodings) : DAIS_E_GONE;
    encodings_free(&encodings);
    return code;
}

static void deliver_socket(const struct emit_mail *mail)
{
    int32_t code = deliver_here(mail->socket, mail->emission);
    (void)code; /* it has left, or cannot be told */
}

static void on_mail(struct mail *mail)
{
    struct emit_mail *sent = CONTAINER_OF(mail, struct emit_mail, mail);
    if (sockets_self())
        sent->deliver(sent);
    emission_unref(sent->emission);
    mem_free(sent);
}

static int32_t post(uint32_t worker, const struct emit_mail *what)
{
    struct emit_mail *mail = mem_alloc(sizeof *mail + what->name.len);
    if (!mail)
        return DAIS_E_MEMORY;
    *mail = *what;
    mail->mail.deliver = on_mail;
    mail->name.ptr = (char *)(mail + 1);
    if (what->name.len > 0)
        memcpy(mail + 1, what->name.ptr, what->name.len);
    emission_ref(mail->emission);
    int32_t code = mail_send(worker, &mail->mail);
    if (code != DAIS_OK) {
        emission_unref(mail->emission);
        mem_free(mail);
    }
    return code;
}

/* On each worker; a worker that is full does not keep it from the others. */
static int32_t post_all(struct emit_mail *what)
{
    int32_t result = DAIS_OK;
    for (uint32_t i = 0; i < worker_count(); i++) {
        if (i == worker_index()) {
            what->deliver(what);
            continue;
        }
        int32_t code = post(i, what);
        if (code != DAIS_OK && code != DAIS_E_GONE)
            result = code;
    }
    return result;
}

int32_t sockets_emit_socket(dais_handle socket, const struct dais_emit *emit)
{
    struct emit_mail what = {.deliver = deliver_socket, .socket = socket};
    if (!worker_self())
        return DAIS_E_STATE;
    int32_t code = emission_new(emit, &what.emission);
    if (code != DAIS_OK)
        return code;
    uint32_t worker = handle_tag(socket);
    if (worker == worker_index())
        code = deliver_here(socket, what.emission);
    else
        code = worker < worker_count() ? post(worker, &what) : DAIS_E_GONE;
    emission_unref(what.emission);
    return code;
}

static int32_t emit_to(struct emit_mail *what, const struct dais_emit *emit)
{
    if (!worker_self())
        return DAIS_E_STATE;
    int32_t code = emission_new(emit, &what->emission);
    if (code != DAIS_OK)
        return code;
    code = post_all(what);
    emission_unref(what->emission);
    return code;
}

int32_t sockets_emit_user(struct dais_str user_id, const struct dais_emit *emit)
{
    struct emit_mail what = {.deliver = deliver_user, .name = user_id};
    return emit_to(&what, emit);
}

int32_t sockets_emit_all(const char *space, const struct dais_emit *emit)
{
    struct emit_mail what = {.deliver = deliver_all, .name = dais_cstr(space ? space : "/")};
    return emit_to(&what, emit);
}

/* --- one message, and the end, of a socket anywhere --- */

/** What a socket of another worker is to do. The bytes follow. */
struct order_mail {
    struct mail mail;
    dais_handle socket;
    uint32_t close; /**< not 0: with this code */
    bool binary;
    struct dais_str bytes;
};

static int32_t send_message(struct socket *socket, const struct order_mail *order)
{
    struct socket_event event = {.args = order->bytes};
    if (socket->form->index != SOCKET_FORM_RAW)
        return DAIS_E_INVALID;
    if (!order->binary)
        return socket_event(socket, &event, MESSAGE_DURABLE);
    struct dais_buf *buf = buf_copy(order->bytes);
    if (!buf)
        return DAIS_E_MEMORY;
    event = (struct socket_event){.attachments = &buf, .attachment_count = 1};
    int32_t code = socket_event(socket, &event, MESSAGE_DURABLE);
    buf_unref(buf);
    return code;
}

static int32_t obey(const struct order_mail *order)
{
    struct socket *socket = socket_find(order->socket);
    if (!socket)
        return DAIS_E_GONE;
    if (!order->close)
        return send_message(socket, order);
    socket_close(socket, order->close);
    return DAIS_OK;
}

static void on_order(struct mail *mail)
{
    struct order_mail *order = CONTAINER_OF(mail, struct order_mail, mail);
    int32_t code = sockets_self() ? obey(order) : DAIS_E_GONE;
    (void)code; /* it has left, or cannot be told */
    mem_free(order);
}

static int32_t give_order(const struct order_mail *what)
{
    uint32_t worker = handle_tag(what->socket);
    if (!worker_self())
        return DAIS_E_STATE;
    if (worker == worker_index())
        return obey(what);
    if (worker >= worker_count())
        return DAIS_E_GONE;
    struct order_mail *order = mem_alloc(sizeof *order + what->bytes.len);
    if (!order)
        return DAIS_E_MEMORY;
    *order = *what;
    order->mail.deliver = on_order;
    order->bytes.ptr = (char *)(order + 1);
    if (what->bytes.len > 0)
        memcpy(order + 1, what->bytes.ptr, what->bytes.len);
    int32_t code = mail_send(worker, &order->mail);
    if (code != DAIS_OK)
        mem_free(order);
    return code;
}

int32_t sockets_close(dais_handle socket, uint32_t why)
{
    const struct order_mail order = {.socket = socket, .close = why};
    if (why != DAIS_CLOSE_NORMAL && why != DAIS_CLOSE_DENIED && why != DAIS_CLOSE_TOO_MANY)
        return DAIS_E_INVALID;
    return give_order(&order);
}

int32_t sockets_send(dais_handle socket, struct dais_str bytes, uint32_t binary)
{
    const struct order_mail order = {.socket = socket, .bytes = bytes, .binary = binary != 0};
    if (bytes.len > (uint64_t)limit_get(LIMIT_EVENT_BYTES))
        return DAIS_E_TOO_LARGE;
    return give_order(&order);
}
