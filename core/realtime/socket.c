/* SPDX-License-Identifier: MIT */
#include "realtime/socket.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/json_scan.h"
#include "base/limits.h"
#include "base/mem.h"
#include "realtime/events_table.h"
#include "realtime/inbox.h"
#include "realtime/link.h"
#include "realtime/room.h"
#include "realtime/sockets_inner.h"
#include "realtime/tokens.h"
#include "realtime/ws.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

/** One room that the client was in. */
struct resume_row {
    struct dais_str room;
    uint64_t epoch;
    uint64_t seq;
};

/** What it said of them; the rooms' names follow. */
struct socket_resumes {
    uint32_t count;
    struct resume_row rows[];
};

/* --- what a client presents --- */

static int32_t set_guest(struct socket *socket, struct dais_str name)
{
    if (name.len == 0)
        return DAIS_OK;
    if (name.len > SOCKET_GUEST_BYTES_MAX)
        return DAIS_E_INVALID;
    for (uint64_t i = 0; i < name.len; i++)
        if (!isalnum((unsigned char)name.ptr[i]) && name.ptr[i] != '-' && name.ptr[i] != '_')
            return DAIS_E_INVALID;
    char *copy = mem_alloc(name.len + 1);
    if (!copy)
        return DAIS_E_MEMORY;
    memcpy(copy, name.ptr, name.len);
    copy[name.len] = '\0';
    mem_free(socket->guest);
    socket->guest = copy;
    return DAIS_OK;
}

/* The name may be in `scratch`: some clients escape what is not ASCII. */
static int32_t read_resume(struct dais_str key, struct dais_str value, struct strbuf *scratch,
                           struct resume_row *row)
{
    struct dais_str epoch = json_scan_get(value, "epoch");
    struct dais_str seq = json_scan_get(value, "seq");
    if (json_scan_text(key, scratch, &row->room) || row->room.len > ROOM_NAME_BYTES_MAX)
        return DAIS_E_INVALID; /* no room is called that, and it would be kept */
    if (str_parse_uint(epoch, INT64_MAX, &row->epoch) != DAIS_OK ||
        str_parse_uint(seq, INT64_MAX, &row->seq) != DAIS_OK)
        return DAIS_E_INVALID;
    return DAIS_OK;
}

static uint64_t count_resumes(struct dais_str rest, uint64_t *ret_bytes)
{
    struct dais_str key, value;
    uint64_t count = 0;
    for (*ret_bytes = 0; json_scan_member(&rest, &key, &value); count++)
        *ret_bytes += key.len;
    return count;
}

static int32_t set_resumes(struct socket *socket, struct dais_str text)
{
    struct dais_str key, value, rest;
    uint64_t bytes;
    if (text.len == 0 || str_eqz(text, "null"))
        return DAIS_OK;
    if (json_scan(text, &text) != DAIS_OK || json_scan_kind(text) != JSON_KIND_OBJECT)
        return DAIS_E_INVALID;
    rest = json_scan_inside(text);
    uint64_t count = count_resumes(rest, &bytes);
    if (count > SOCKET_RESUMES_MAX)
        return DAIS_E_INVALID;
    struct socket_resumes *resumes = mem_zalloc(1, sizeof *resumes +
                                                       count * sizeof(struct resume_row) + bytes);
    if (!resumes)
        return DAIS_E_MEMORY;
    char *at = (char *)&resumes->rows[count], memory[ROOM_NAME_BYTES_MAX + 1];
    struct strbuf scratch;
    strbuf_init_on(&scratch, memory, sizeof memory);
    while (json_scan_member(&rest, &key, &value)) {
        struct resume_row *row = &resumes->rows[resumes->count];
        int32_t code = read_resume(key, value, &scratch, row);
        if (code != DAIS_OK) {
            mem_free(resumes);
            return code;
        }
        memcpy(at, row->room.ptr, row->room.len);
        row->room.ptr = at;
        at += row->room.len;
        resumes->count++;
    }
    mem_free(socket->resumes);
    socket->resumes = resumes;
    return DAIS_OK;
}

int32_t socket_present(struct socket *socket, struct dais_str guest, struct dais_str resume,
                       struct envelope_problem *ret_problem)
{
    int32_t code = set_guest(socket, guest);
    if (code == DAIS_E_INVALID)
        *ret_problem = (struct envelope_problem){
            code, "a guest's name has at most 64 letters, digits, '-' and '_'", "guest", 0};
    if (code != DAIS_OK)
        return code;
    code = set_resumes(socket, resume);
    if (code == DAIS_E_INVALID)
        *ret_problem = (struct envelope_problem){
            code, "names at most 64 rooms: {\"<kind>:<id>\":{\"epoch\":1,\"seq\":2}}", "resume", 0};
    return code;
}

/* --- opening --- */

static uint64_t count_of_address(const struct sockets_worker *worker, uint64_t address)
{
    return (uintptr_t)idmap_get(&worker->addresses, address);
}

static int32_t count_address(struct sockets_worker *worker, uint64_t address, int64_t change)
{
    uint64_t count = count_of_address(worker, address) + (uint64_t)change;
    if (count == 0) {
        idmap_remove(&worker->addresses, address);
        return DAIS_OK;
    }
    return idmap_put(&worker->addresses, address, (void *)(uintptr_t)count);
}

static int32_t refuse(int32_t code, const char *detail, struct envelope_problem *ret_problem)
{
    *ret_problem = (struct envelope_problem){.error = code, .detail = detail};
    return code;
}

static int32_t count_connect(uint64_t address, struct envelope_problem *ret_problem)
{
    const struct realtime_hooks *hooks = sockets_hooks();
    uint64_t paces[HTTP_RATE_CLASSES_MAX] = {0};
    const struct http_client client = {.address = address, .paces = paces};
    if (!hooks->admit)
        return DAIS_OK;
    int32_t code = hooks->admit(sockets_rates()->connect, &client, 1, &ret_problem->retry_ms);
    if (code != DAIS_OK) {
        ret_problem->error = code;
        ret_problem->detail = "too many connections in a short time; try again later";
    }
    return code;
}

static int32_t has_room(const struct sockets_worker *worker, uint64_t address,
                        struct envelope_problem *ret_problem)
{
    uint64_t per_address = (uint64_t)limit_get(LIMIT_SOCKETS_PER_ADDRESS);
    if (worker->draining)
        return refuse(DAIS_E_UNAVAILABLE, "the server stops", ret_problem);
    if (worker->handles.count >= (uint64_t)limit_get(LIMIT_SOCKETS))
        return refuse(DAIS_E_LIMIT, "the server has too many clients", ret_problem);
    if (count_of_address(worker, address) >= per_address)
        return refuse(DAIS_E_LIMIT, "this address has too many sockets", ret_problem);
    return DAIS_OK;
}

int32_t socket_admit(uint64_t address, struct envelope_problem *ret_problem)
{
    *ret_problem = (struct envelope_problem){0};
    int32_t code = count_connect(address, ret_problem);
    return code == DAIS_OK ? has_room(sockets_self(), address, ret_problem) : code;
}

/* A socket in the tables of the worker, or none. */
static int32_t enlist(struct sockets_worker *worker, struct socket *socket)
{
    int32_t code = count_address(worker, socket->address, 1);
    if (code != DAIS_OK)
        return code;
    code = handle_add(&worker->handles, socket, &socket->handle);
    if (code != DAIS_OK)
        (void)count_address(worker, socket->address, -1); /* making it less never fails */
    else
        sockets_add(SOCKETS_METRIC_OPEN, 1);
    socket->number = socket->handle;
    return code;
}

static void delist(struct sockets_worker *worker, struct socket *socket)
{
    if (socket->handle == 0)
        return;
    (void)handle_remove(&worker->handles, socket->handle);
    int32_t code = count_address(worker, socket->address, -1);
    CHECK(code == DAIS_OK);
    socket->handle = 0;
    sockets_add(SOCKETS_METRIC_OPEN, -1);
}

static int32_t begin(struct sockets_worker *worker, struct socket *socket,
                     const struct socket_offer *offer, struct envelope_problem *ret_problem)
{
    int32_t code = socket_present(socket, offer->guest, offer->resume, ret_problem);
    if (code == DAIS_OK)
        code = enlist(worker, socket);
    if (code != DAIS_OK)
        return code;
    int32_t known = DAIS_OK;
    if (offer->token.len > 0 && !events_guests_only(offer->form))
        known = tokens_begin(socket, offer->token);
    if (known == DAIS_E_UNAUTHENTICATED)
        return refuse(known, "the token is not valid, has ended or was revoked", ret_problem);
    if (known < 0)
        return known;
    return inbox_begin(socket, offer->payload, known > 0);
}

/* It is not open, and nobody but the caller knows of it. */
static void abandon(struct sockets_worker *worker, struct socket *socket)
{
    tokens_leave(socket);
    delist(worker, socket);
    socket_free(socket);
}

int32_t socket_open(const struct socket_offer *offer, struct socket **ret_socket,
                    struct envelope_problem *ret_problem)
{
    struct sockets_worker *worker = sockets_self();
    *ret_problem = (struct envelope_problem){0};
    int32_t code = offer->counted ? DAIS_OK : count_connect(offer->address, ret_problem);
    if (code == DAIS_OK)
        code = has_room(worker, offer->address, ret_problem);
    struct socket *socket = code == DAIS_OK ? mem_zalloc(1, sizeof *socket) : NULL;
    if (code == DAIS_OK && !socket)
        code = DAIS_E_MEMORY;
    if (code == DAIS_OK) {
        socket->form = offer->form;
        socket->link = offer->link;
        socket->carrier = offer->carrier;
        socket->address = offer->address;
        code = begin(worker, socket, offer, ret_problem);
        if (code != DAIS_OK)
            abandon(worker, socket);
    }
    if (code != DAIS_OK) {
        ret_problem->error = code;
        sockets_add(SOCKETS_METRIC_REFUSED_TOTAL, 1);
        return code;
    }
    worker->opening = socket;
    inbox_step(socket);
    bool open = worker->opening == socket;
    worker->opening = NULL;
    if (open)
        *ret_socket = socket;
    else
        *ret_problem = worker->refusal;
    return ret_problem->error;
}

/* --- its life --- */

void socket_free(struct socket *socket)
{
    struct sockets_worker *worker = sockets_self();
    CHECK(socket->handle == 0 && !socket->busy && !socket->members);
    if (socket->state == SOCKET_GONE)
        worker->lingering--;
    inbox_drop(socket);
    tokens_unref(socket->user);
    mem_free(socket->resumes);
    mem_free(socket->guest);
    mem_free(socket);
    sockets_settled(worker);
}

void socket_gone(struct socket *socket)
{
    CHECK(socket->state != SOCKET_GONE);
    struct sockets_worker *worker = sockets_self();
    room_socket_gone(socket);
    ask_cancel_all(socket);
    if (socket->user && socket->user->checking)
        inbox_drop(socket); /* nobody knows any more what it may do */
    tokens_leave(socket);
    delist(worker, socket);
    socket->state = SOCKET_GONE;
    socket->link = NULL;
    socket->carrier = NULL;
    worker->lingering++;
    inbox_step(socket);
}

void socket_close(struct socket *socket, uint32_t code)
{
    if (socket->state >= SOCKET_CLOSING)
        return;
    socket->state = SOCKET_CLOSING;
    inbox_drop(socket);
    socket->form->close(socket, code);
}

struct socket *socket_find(dais_handle handle)
{
    return handle_get(&sockets_self()->handles, handle);
}

/* --- sending --- */

void socket_send(struct socket *socket, const struct message *message)
{
    if (!socket->link)
        return;
    if (socket->members)
        room_catch_up(socket);
    link_put(socket->link, message);
}

int32_t socket_push(struct socket *socket, const struct socket_event *event, uint32_t message_class)
{
    STRBUF_AUTO struct strbuf out;
    strbuf_init(&out, (size_t)limit_get(LIMIT_EVENT_BYTES) * 2);
    if (!socket->link)
        return DAIS_E_GONE;
    int32_t code = socket->form->event(socket->form, event, &out);
    if (code == DAIS_OK)
        code = strbuf_error(&out);
    if (code != DAIS_OK)
        return code;
    struct dais_buf *buf = buf_copy(strbuf_view(&out));
    if (!buf)
        return DAIS_E_MEMORY;
    const struct message message = {.buf = buf, .len = (uint32_t)buf->len, .class = message_class};
    socket_send(socket, &message);
    buf_unref(buf);
    return DAIS_OK;
}

int32_t socket_event(struct socket *socket, const struct socket_event *event,
                     uint32_t message_class)
{
    if (socket->state == SOCKET_GONE)
        return DAIS_E_GONE;
    if (socket->state == SOCKET_OPENING)
        return DAIS_E_STATE;
    return socket_push(socket, event, message_class);
}

/* --- what is asked of it --- */

void socket_id(const struct socket *socket, char ret_id[SOCKET_ID_BYTES + 1])
{
    snprintf(ret_id, SOCKET_ID_BYTES + 1, "%016" PRIx64, hash_u64(socket->number));
}

const struct dais_identity *socket_identity(const struct socket *socket)
{
    return socket->user ? &socket->user->identity : NULL;
}

struct dais_str socket_viewer(const struct socket *socket, char scratch[SOCKET_VIEWER_BYTES_MAX])
{
    char id[SOCKET_ID_BYTES + 1];
    if (socket->user)
        return socket->user->identity.user_id;
    socket_id(socket, id);
    int len = socket->guest ? snprintf(scratch, SOCKET_VIEWER_BYTES_MAX, "guest:%s", socket->guest)
                            : snprintf(scratch, SOCKET_VIEWER_BYTES_MAX, "socket:%s", id);
    return dais_str(scratch, (uint64_t)len);
}

bool socket_resume(struct socket *socket, struct dais_str room, uint64_t *ret_epoch,
                   uint64_t *ret_seq)
{
    struct socket_resumes *resumes = socket->resumes;
    for (uint32_t i = 0; resumes && i < resumes->count; i++) {
        struct resume_row *row = &resumes->rows[i];
        if (!dais_str_eq(row->room, room))
            continue;
        *ret_epoch = row->epoch;
        *ret_seq = row->seq;
        *row = resumes->rows[--resumes->count];
        if (resumes->count == 0) {
            mem_free(resumes);
            socket->resumes = NULL;
        }
        return true;
    }
    return false;
}
