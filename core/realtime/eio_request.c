/* SPDX-License-Identifier: MIT */
/*
 * What a request has to be, in the reference's order (engine.io, lib/server.ts, verify), with one
 * exception: the version comes before the handler is asked, since asking makes a session.
 */
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "realtime/eio_inner.h"
#include "realtime/ws_accept.h"

#define JSON "application/json"
#define TEXT "text/plain; charset=UTF-8"

const struct eio_answer eio_answer_transport = {400, JSON,
                                                "{\"code\":0,\"message\":\"Transport unknown\"}"};
const struct eio_answer eio_answer_unknown = {400, JSON,
                                              "{\"code\":1,\"message\":\"Session ID unknown\"}"};
const struct eio_answer eio_answer_method = {400, JSON,
                                             "{\"code\":2,\"message\":\"Bad handshake method\"}"};
const struct eio_answer eio_answer_bad = {400, JSON, "{\"code\":3,\"message\":\"Bad request\"}"};
const struct eio_answer eio_answer_version = {
    400, JSON, "{\"code\":5,\"message\":\"Unsupported protocol version\"}"};
const struct eio_answer eio_answer_unavailable = {
    503, JSON, "{\"code\":4,\"message\":\"The service is not available for the moment\"}"};
const struct eio_answer eio_answer_ok = {200, "text/html", "ok"};
const struct eio_answer eio_answer_packets = {200, TEXT, ""};
const struct eio_answer eio_answer_noop = {200, TEXT, "6"};
const struct eio_answer eio_answer_close = {200, TEXT, "1"};
const struct eio_answer eio_answer_may_upgrade = {101, NULL, ""};

static const struct dais_str none = {NULL, 0};

/* --- the query --- */

/* The first value of a parameter, as it stands there; absent without one. */
static struct dais_str find_param(struct dais_str query, const char *name)
{
    struct dais_str pair, key = {NULL, 0};
    while (str_split(&query, '&', &pair)) {
        if (str_split(&pair, '=', &key) && str_eqz(key, name))
            return pair;
    }
    return none;
}

/* RFC 9110 §5.5: what the value of a header may hold. */
static bool has_bad_origin(const struct dais_req *req)
{
    struct dais_str origin = http_header(req, "origin");
    for (uint64_t i = 0; i < origin.len; i++) {
        unsigned char c = (unsigned char)origin.ptr[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

/* --- handshakes --- */

static void refuse(struct dais_req *req, int32_t code)
{
    struct eio_answer answer = {error_status(code), JSON, ""};
    if (answer.status != 429 && answer.status != 503)
        answer.status = 403;
    struct dais_str body = arena_printf(http_arena(req), "{\"code\":4,\"message\":\"%s\"}",
                                        error_title(code));
    eio_call_reply(req, &answer, body);
}

static void shake_polling(struct eio_endpoint *endpoint, struct dais_req *req)
{
    char bytes[512];
    struct strbuf packet;
    struct eio_session *session = NULL;
    int32_t code = eio_session_new(endpoint, req, true, &session);
    if (code != DAIS_OK) {
        refuse(req, code);
        return;
    }
    strbuf_init_on(&packet, bytes, sizeof bytes);
    eio_session_open_packet(session, &packet);
    eio_call_reply(req, &eio_answer_packets, strbuf_view(&packet));
}

static void shake_websocket(struct eio_endpoint *endpoint, struct dais_req *req)
{
    struct eio_session *session = NULL;
    struct ws_refusal refusal;
    if (ws_accept_check(req, &refusal) != DAIS_OK) {
        http_fail(req, refusal.error, NULL, refusal.detail);
        return;
    }
    int32_t code = eio_session_new(endpoint, req, false, &session);
    if (code != DAIS_OK)
        refuse(req, code);
    else if (!eio_wire_accept(endpoint, req, &session->sid, true))
        eio_session_end(session, WS_CLOSE_LOST);
}

static void shake_hands(struct eio_endpoint *endpoint, struct dais_req *req, bool websocket)
{
    bool upgrades = http_wants_upgrade(req);
    if (http_method_code(req) != HTTP_GET)
        eio_call_reply(req, &eio_answer_method, none);
    else if (websocket != upgrades)
        eio_call_reply(req, &eio_answer_bad, none);
    else if (!str_eqz(find_param(http_query_string(req), "EIO"), "4"))
        eio_call_reply(req, &eio_answer_version, none);
    else if (websocket)
        shake_websocket(endpoint, req);
    else
        shake_polling(endpoint, req);
}

/* --- all requests --- */

static enum eio_kind kind_of(const struct dais_req *req, bool websocket)
{
    bool upgrades = http_wants_upgrade(req);
    enum http_method method = http_method_code(req);
    if (websocket && upgrades && method == HTTP_GET)
        return EIO_KIND_UPGRADE;
    if (websocket || upgrades)
        return EIO_KIND_OTHER;
    return method == HTTP_GET ? EIO_KIND_GET : method == HTTP_POST ? EIO_KIND_POST : EIO_KIND_OTHER;
}

static void serve(struct dais_req *req, void *context)
{
    struct eio_endpoint *endpoint = context;
    struct dais_str query = http_query_string(req);
    struct dais_str transport = find_param(query, "transport");
    struct dais_str text = find_param(query, "sid");
    bool websocket = str_eqz(transport, "websocket");
    struct eio_sid sid;
    if (!websocket && !str_eqz(transport, "polling"))
        eio_call_reply(req, &eio_answer_transport, none);
    else if (has_bad_origin(req))
        eio_call_reply(req, &eio_answer_bad, none);
    else if (text.len == 0)
        shake_hands(endpoint, req, websocket);
    else if (eio_sid_parse(text, &sid) != DAIS_OK)
        eio_call_reply(req, &eio_answer_unknown, none);
    else
        eio_call_start(endpoint, req, kind_of(req, websocket), &sid);
}

void eio_endpoint_init(struct eio_endpoint *endpoint, const char *path,
                       const struct eio_handler *handler)
{
    *endpoint = (struct eio_endpoint){
        .http = {.path = path,
                 .serve = serve,
                 .context = endpoint,
                 .body_bytes_max = (uint64_t)limit_get(LIMIT_EIO_PAYLOAD_BYTES)},
        .handler = handler,
    };
}
