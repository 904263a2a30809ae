/* SPDX-License-Identifier: MIT */
#include "realtime/tokens.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/fiber.h"
#include "realtime/events_table.h"
#include "realtime/sockets_inner.h"
#include "realtime/ws.h"

#include <stdio.h>

#define TOKEN_BYTES_MAX 4096u
/** How soon a token is asked for again that could not be verified. */
#define RETRY_MS 1000u
/** How soon a warning is tried again that came while the socket was not open. */
#define OPENING_MS 50u
#define EVENT_BYTES_MAX 256u

/* --- memory --- */

static struct socket_user *user_new(struct dais_str token, const struct dais_identity *identity)
{
    uint64_t bytes = token.len + identity->user_id.len + identity->session_id.len +
                     identity->name.len + identity->role.len;
    struct socket_user *user = mem_zalloc(1, sizeof *user + bytes);
    if (!user)
        return NULL;
    char *at = (char *)(user + 1);
    user->refs = 1;
    user->token = str_place(token, &at);
    user->identity = *identity;
    user->identity.user_id = str_place(identity->user_id, &at);
    user->identity.session_id = str_place(identity->session_id, &at);
    user->identity.name = str_place(identity->name, &at);
    user->identity.role = str_place(identity->role, &at);
    return user;
}

void tokens_unref(struct socket_user *user)
{
    if (user && --user->refs == 0)
        mem_free(user);
}

/* --- rings of users and sessions --- */

static int32_t ring_add(struct idmap *rings, uint64_t key, struct list_node *node)
{
    struct list_node *first = idmap_get(rings, key);
    if (!first) {
        node->next = node->prev = node;
        int32_t code = idmap_put(rings, key, node);
        if (code != DAIS_OK)
            list_node_init(node);
        return code;
    }
    node->next = first;
    node->prev = first->prev;
    first->prev->next = node;
    first->prev = node;
    return DAIS_OK;
}

static void ring_remove(struct idmap *rings, uint64_t key, struct list_node *node)
{
    if (!list_is_linked(node))
        return;
    if (node->next == node) {
        idmap_remove(rings, key);
    } else if (idmap_get(rings, key) == node) {
        int32_t code = idmap_put(rings, key, node->next);
        CHECK(code == DAIS_OK); /* the key is there already */
    }
    list_remove(node);
}

static uint64_t user_key(const struct socket_user *user)
{
    return hash_bytes(user->identity.user_id);
}

static uint64_t session_key(const struct socket_user *user)
{
    return hash_bytes(user->identity.session_id);
}

/* --- a user of a socket --- */

static void on_timer(struct timer *timer);

/* The time until a moment; timers cut long ones and are then set again. */
static uint64_t until(int64_t unix_ms)
{
    int64_t left = unix_ms - clock_tick_unix_ms();
    return left > 0 ? (uint64_t)left : 0;
}

static int64_t warn_at(const struct socket_user *user)
{
    return user->identity.expires_s * 1000 - limit_get(LIMIT_TOKEN_WARN_MS);
}

static int64_t close_at(const struct socket_user *user)
{
    return user->identity.expires_s * 1000 + limit_get(LIMIT_TOKEN_GRACE_MS);
}

/* A warning that is due waits while the socket opens, or is being closed. */
static void arm(struct socket_user *user)
{
    uint64_t delay_ms = until(user->warned ? close_at(user) : warn_at(user));
    if (delay_ms == 0 && user->socket->state != SOCKET_OPEN)
        delay_ms = OPENING_MS;
    timer_start(&user->timer, delay_ms);
}

/* Takes a user off its socket; references that calls have keep it in memory. */
static void detach(struct sockets_worker *worker, struct socket_user *user)
{
    ring_remove(&worker->users, user_key(user), &user->by_user);
    ring_remove(&worker->sessions, session_key(user), &user->by_session);
    list_remove(&user->check);
    timer_stop(&user->timer);
    user->socket = NULL;
}

/* Makes `user` the one behind the socket, whose reference it takes over. */
static int32_t attach(struct socket *socket, struct socket_user *user)
{
    struct sockets_worker *worker = sockets_self();
    int32_t code = ring_add(&worker->users, user_key(user), &user->by_user);
    if (code == DAIS_OK)
        code = ring_add(&worker->sessions, session_key(user), &user->by_session);
    if (code != DAIS_OK) {
        detach(worker, user);
        tokens_unref(user);
        return code;
    }
    if (socket->user) {
        detach(worker, socket->user);
        tokens_unref(socket->user);
    }
    user->socket = socket;
    socket->user = user;
    timer_init(&user->timer, on_timer);
    arm(user);
    return DAIS_OK;
}

void tokens_leave(struct socket *socket)
{
    if (socket->user)
        detach(sockets_self(), socket->user);
}

struct socket_user *tokens_first(struct sockets_worker *worker, struct dais_str user_id)
{
    struct list_node *first = idmap_get(&worker->users, hash_bytes(user_id));
    struct list_node *node = first;
    while (node) {
        struct socket_user *user = LIST_ITEM(node, struct socket_user, by_user);
        if (dais_str_eq(user->identity.user_id, user_id))
            return user;
        node = node->next == first ? NULL : node->next;
    }
    return NULL;
}

struct socket_user *tokens_next(struct socket_user *user, struct socket_user *first)
{
    struct list_node *node = user->by_user.next;
    for (; node != &first->by_user; node = node->next) {
        struct socket_user *next = LIST_ITEM(node, struct socket_user, by_user);
        if (dais_str_eq(next->identity.user_id, first->identity.user_id))
            return next;
    }
    return NULL;
}

/* --- the end of a token --- */

static void send(struct socket *socket, const char *name, struct dais_str args)
{
    const struct socket_event event = {.name = dais_cstr(name), .args = args};
    int32_t code = socket_event(socket, &event, MESSAGE_DURABLE);
    (void)code; /* it is closed anyway, if it cannot be told */
}

static struct dais_str expiry_of(const struct socket_user *user, char text[EVENT_BYTES_MAX])
{
    char time[CLOCK_RFC3339_BYTES];
    clock_format_rfc3339(user->identity.expires_s * 1000, time);
    int len = snprintf(text, EVENT_BYTES_MAX, "{\"expiresAt\":\"%s\"}", time);
    return dais_str(text, (uint64_t)len);
}

static void on_timer(struct timer *timer)
{
    struct socket_user *user = CONTAINER_OF(timer, struct socket_user, timer);
    struct socket *socket = user->socket;
    char text[EVENT_BYTES_MAX];
    if (!user->warned && socket->state == SOCKET_OPEN && until(warn_at(user)) == 0) {
        user->warned = true;
        send(socket, "auth:expiring", expiry_of(user, text));
    }
    if (until(close_at(user)) > 0) {
        arm(user);
        return;
    }
    sockets_add(SOCKETS_METRIC_EXPIRED_TOTAL, 1);
    socket_close(socket, WS_CLOSE_EXPIRED);
}

/* --- verifying --- */

/* What is known was asked for behind the last revocation that meant it: one answer is enough for
 * all sockets of a token. */
static int32_t verify(struct dais_str token, struct dais_identity *ret_identity)
{
    const struct realtime_hooks *hooks = sockets_hooks();
    if (token.len == 0 || token.len > TOKEN_BYTES_MAX)
        return DAIS_E_UNAUTHENTICATED;
    if (hooks->identity_cached && hooks->identity_cached(token, ret_identity) == 1)
        return DAIS_OK;
    return hooks->verify ? hooks->verify(token, ret_identity) : DAIS_E_UNAVAILABLE;
}

static void check(struct sockets_worker *worker, struct socket_user *user);

/*
 * Verifies a token and makes its user the socket's, on a fiber whose caller keeps the socket. What
 * was revoked while it was asked for is asked for once more.
 */
static int32_t take_on(struct socket *socket, struct dais_str token)
{
    struct sockets_worker *worker = sockets_self();
    struct dais_identity identity = {0};
    uint64_t before = worker->revocations;
    int32_t code = verify(token, &identity);
    if (code != DAIS_OK)
        return code;
    if (socket->state == SOCKET_GONE)
        return DAIS_E_GONE;
    struct socket_user *user = user_new(token, &identity);
    code = user ? attach(socket, user) : DAIS_E_MEMORY;
    if (code == DAIS_OK && worker->revocations != before)
        check(worker, user);
    return code;
}

static const char *detail_of(int32_t code)
{
    return code == DAIS_E_UNAUTHENTICATED ? "the token is not valid, has ended or was revoked"
                                          : "the token cannot be verified now";
}

/** A socket whose token is looked at; the token follows. */
struct beginning {
    struct socket *socket;
    struct dais_str token;
};

static void begin_on_fiber(void *arg)
{
    struct beginning *beginning = arg;
    struct socket *socket = beginning->socket;
    int32_t code = take_on(socket, beginning->token);
    mem_free(beginning);
    const struct envelope_problem problem = {.error = code, .detail = detail_of(code)};
    if (code == DAIS_OK || socket->state != SOCKET_OPENING) {
        inbox_admit(socket);
        inbox_step(socket);
    } else {
        inbox_refuse(socket, &problem);
    }
}

static int32_t ask_for(struct socket *socket, struct dais_str token)
{
    struct beginning *beginning = mem_alloc(sizeof *beginning + token.len);
    if (!beginning)
        return DAIS_E_MEMORY;
    char *at = (char *)(beginning + 1);
    *beginning = (struct beginning){.socket = socket, .token = str_place(token, &at)};
    const struct fiber_spec spec = {
        .name = "socket token",
        .fn = begin_on_fiber,
        .arg = beginning,
        .deadline_ms = (uint64_t)limit_get(LIMIT_EVENT_HANDLER_MS),
    };
    int32_t code = fiber_spawn(&spec, NULL);
    if (code != DAIS_OK)
        mem_free(beginning);
    return code == DAIS_OK ? 1 : code;
}

int32_t tokens_begin(struct socket *socket, struct dais_str token)
{
    const struct realtime_hooks *hooks = sockets_hooks();
    struct dais_identity identity = {0};
    if (token.len > TOKEN_BYTES_MAX)
        return DAIS_E_UNAUTHENTICATED;
    if (!hooks->identity_cached || hooks->identity_cached(token, &identity) != 1)
        return ask_for(socket, token);
    struct socket_user *user = user_new(token, &identity);
    return user ? attach(socket, user) : DAIS_E_MEMORY;
}

/* --- verifying again --- */

static void revoke(struct socket *socket)
{
    sockets_add(SOCKETS_METRIC_REVOKED_TOTAL, 1);
    if (socket->state == SOCKET_OPEN)
        send(socket, "auth:revoked", dais_cstr("{}"));
    socket_close(socket, WS_CLOSE_DENIED);
}

/* What was found out about the token of a socket that is still there. */
static void judge(struct sockets_worker *worker, struct socket_user *user, int32_t code,
                  const struct dais_identity *identity)
{
    struct socket *socket = user->socket;
    if (code == DAIS_E_UNAUTHENTICATED) {
        revoke(socket);
        return;
    }
    struct socket_user *renewed = code == DAIS_OK ? user_new(user->token, identity) : NULL;
    if (renewed)
        renewed->warned = user->warned;
    if (!renewed || attach(socket, renewed) != DAIS_OK) {
        user->checking = false;
        user->unknown = true;
        list_push(&worker->unknown, &user->check);
        if (!timer_is_armed(&worker->retry))
            timer_start(&worker->retry, RETRY_MS);
    }
    inbox_step(socket);
}

static void check_one(struct sockets_worker *worker, struct socket_user *user)
{
    struct dais_identity identity = {0};
    user->refs++;
    user->again = false;
    int32_t code = verify(user->token, &identity);
    if (user->socket && user->again && code != DAIS_E_UNAUTHENTICATED)
        list_push(&worker->checks, &user->check);
    else if (user->socket)
        judge(worker, user, code, &identity);
    tokens_unref(user);
}

static void check_all(void *arg)
{
    struct sockets_worker *worker = arg;
    struct list_node *node;
    while ((node = list_pop(&worker->checks)) != NULL)
        check_one(worker, LIST_ITEM(node, struct socket_user, check));
    worker->checkers--;
}

static void start_checker(struct sockets_worker *worker)
{
    const struct fiber_spec spec = {.name = "socket tokens", .fn = check_all, .arg = worker};
    if (worker->checkers >= limit_get(LIMIT_TOKEN_CHECKS))
        return;
    worker->checkers++;
    if (fiber_spawn(&spec, NULL) != DAIS_OK)
        worker->checkers--;
    if (worker->checkers == 0 && !timer_is_armed(&worker->retry))
        timer_start(&worker->retry, RETRY_MS);
}

static void check(struct sockets_worker *worker, struct socket_user *user)
{
    if (user->checking) {
        user->again = true;
        return;
    }
    list_remove(&user->check); /* it may wait for another try */
    user->checking = true;
    user->unknown = false;
    list_push(&worker->checks, &user->check);
    start_checker(worker);
}

void tokens_retry(struct timer *timer)
{
    struct sockets_worker *worker = CONTAINER_OF(timer, struct sockets_worker, retry);
    LIST_EACH (node, &worker->unknown)
        check(worker, LIST_ITEM(node, struct socket_user, check));
    if (!list_is_empty(&worker->checks))
        start_checker(worker);
}

static void check_ring(struct sockets_worker *worker, struct dais_str id, bool session)
{
    struct list_node *first = idmap_get(session ? &worker->sessions : &worker->users,
                                        hash_bytes(id));
    struct list_node *node = first;
    while (node) {
        struct socket_user *user = session ? LIST_ITEM(node, struct socket_user, by_session)
                                           : LIST_ITEM(node, struct socket_user, by_user);
        if (dais_str_eq(session ? user->identity.session_id : user->identity.user_id, id))
            check(worker, user);
        node = node->next == first ? NULL : node->next;
    }
}

void tokens_revoked(struct sockets_worker *worker, struct dais_str key)
{
    worker->revocations++;
    if (str_has_prefix(key, "session:"))
        check_ring(worker, str_sub(key, 8, key.len), true);
    else if (str_has_prefix(key, "user:"))
        check_ring(worker, str_sub(key, 5, key.len), false);
}

/* --- auth and auth:refresh --- */

struct login {
    uint64_t present;
    struct dais_str token;
    struct dais_str guest;
    struct dais_str resume;
};

static const struct dais_field login_rows[] = {
    DAIS_FIELD(struct login, token, DAIS_KIND_STRING, DAIS_FIELD_SECRET, 1, TOKEN_BYTES_MAX,
               "what a login gave"),
    DAIS_FIELD(struct login, guest, DAIS_KIND_STRING, 0, 1, SOCKET_GUEST_BYTES_MAX,
               "the name of a guest"),
    DAIS_FIELD(struct login, resume, DAIS_KIND_JSON, 0, 0, 0, "what the client has seen of rooms"),
    DAIS_FIELD_END,
};

static const struct dais_shape login_shape = DAIS_SHAPE("Login", struct login, login_rows);

/* A socket that has a user keeps it: another token of the same one may come. */
static int32_t renew(struct dais_call *call, struct dais_str token)
{
    struct socket *socket = call->socket;
    struct dais_identity identity = {0};
    struct sockets_worker *worker = sockets_self();
    uint64_t before = worker->revocations;
    int32_t code = verify(token, &identity);
    if (code != DAIS_OK)
        return code;
    if (!socket->user || socket->state == SOCKET_GONE)
        return DAIS_E_GONE;
    if (!dais_str_eq(identity.user_id, socket->user->identity.user_id)) {
        call_explain(DAIS_E_DENIED, "token", "is another user's: connect anew with it");
        return DAIS_E_DENIED;
    }
    struct socket_user *user = user_new(token, &identity);
    code = user ? attach(socket, user) : DAIS_E_MEMORY;
    if (code == DAIS_OK && worker->revocations != before)
        check(worker, user);
    return code;
}

static int32_t log_in(struct dais_call *call, const struct login *login)
{
    struct socket *socket = call->socket;
    struct envelope_problem problem = {0};
    /* Who entered rooms as a guest stays one: the rooms know it by that. */
    if (socket->acquainted || socket->members || events_guests_only(socket->form)) {
        call_explain(DAIS_E_CONFLICT, NULL, "auth has to be the first event, and not of a guest's");
        return DAIS_E_CONFLICT;
    }
    int32_t code = socket_present(socket, login->guest, login->resume, &problem);
    if (code != DAIS_OK) {
        call_explain(code, problem.field, problem.detail);
        return code;
    }
    return login->token.len > 0 ? take_on(socket, login->token) : DAIS_OK;
}

static int32_t handle(struct dais_call *call)
{
    struct login login = {0};
    struct socket *socket = call->socket;
    struct dais_str args = call->item->args;
    bool refresh = call->item->name.len > sizeof INBOX_AUTH - 1;
    call->explained = DAIS_E_INVALID;
    int32_t code = shape_read_text(&login_shape, args.len > 0 ? args : dais_cstr("{}"), call->arena,
                                   &login, &call->problem);
    if (code != DAIS_OK)
        return code;
    call->explained = DAIS_OK;
    if (login.token.len == 0 && (refresh || socket->user)) {
        call_explain(DAIS_E_INVALID, "token", "must be given");
        return DAIS_E_INVALID;
    }
    if (socket->user)
        return renew(call, login.token);
    if (!refresh)
        return log_in(call, &login);
    call_explain(DAIS_E_CONFLICT, NULL, "there is no token to be replaced: connect with one");
    return DAIS_E_CONFLICT;
}

static void succeed(struct dais_call *call)
{
    char text[EVENT_BYTES_MAX];
    struct socket *socket = call->socket;
    struct socket_ack ack = {0};
    if (socket->user)
        ack.args = expiry_of(socket->user, text);
    inbox_answer(socket, call->item, &ack);
    if (socket->stage != INBOX_LOGIN || !socket->user)
        return;
    if (inbox_reopen(socket, call->item->args) == DAIS_OK)
        inbox_admit(socket);
}

void tokens_handle(struct dais_call *call)
{
    struct socket *socket = call->socket;
    int32_t code = handle(call);
    if (code == DAIS_OK) {
        succeed(call);
        return;
    }
    bool told = code == call->explained;
    const struct envelope_problem problem = {
        .error = code == DAIS_E_CANCELLED ? DAIS_E_UNAVAILABLE : code,
        .field = told ? call->problem.field : NULL,
        .detail = told ? call->problem.detail : detail_of(code),
    };
    struct socket_ack ack = {.problem = &problem};
    sockets_add(SOCKETS_METRIC_FAILED_TOTAL, 1);
    inbox_answer(socket, call->item, &ack);
    /* A refresh that fails leaves what there is; a login that fails is the end. */
    if (code == DAIS_E_UNAUTHENTICATED && !socket->user && socket->state != SOCKET_GONE)
        socket_close(socket, WS_CLOSE_DENIED);
}
