/* SPDX-License-Identifier: MIT */
#include "realtime/ws_accept.h"

#include "base/str.h"
#include "net/http_endpoint.h"

#include <stdbool.h>
#include <string.h>

#define VERSION "13"
/** HTTP/1.1 as http_version gives it. */
#define HTTP_1_1 0x101u

static int32_t refuse(struct ws_refusal *refusal, int32_t error, const char *detail)
{
    *refusal = (struct ws_refusal){error, detail};
    return error;
}

static bool is_digit_of_base64(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

/* RFC 6455 §4.2.1 /5: 16 bytes in base64, so 22 digits, of which the last has four bits, and "==".
 */
static bool is_key(struct dais_str key)
{
    if (key.len != HTTP_WEBSOCKET_KEY_BYTES || key.ptr[22] != '=' || key.ptr[23] != '=')
        return false;
    for (uint32_t i = 0; i < 22; i++)
        if (!is_digit_of_base64(key.ptr[i]))
            return false;
    return strchr("AQgw", key.ptr[21]) != NULL;
}

/* Upgrade may list several protocols (RFC 9110 §7.8). */
static bool wants_websocket(const struct dais_req *req)
{
    struct dais_str rest = http_upgrade_wanted(req);
    struct dais_str piece;
    while (str_split(&rest, ',', &piece))
        if (str_eqz_nocase(str_trim(piece), "websocket"))
            return true;
    return false;
}

static int32_t check_origin(struct dais_req *req, struct ws_refusal *refusal)
{
    struct dais_str origin = http_header(req, "origin");
    if (!origin.ptr || http_origin_allowed(req, origin))
        return DAIS_OK;
    return refuse(refusal, DAIS_E_DENIED, "pages of this origin may not connect");
}

int32_t ws_accept_check(struct dais_req *req, struct ws_refusal *ret_refusal)
{
    if (http_method_code(req) != HTTP_GET) {
        int32_t code = http_header_set(req, "allow", dais_cstr("GET, OPTIONS"));
        return refuse(ret_refusal, code == DAIS_OK ? DAIS_E_METHOD : code, "use GET");
    }
    if (http_version(req) != HTTP_1_1)
        return refuse(ret_refusal, DAIS_E_INVALID, "a WebSocket begins with HTTP/1.1");
    if (!wants_websocket(req) || !http_wants_upgrade(req))
        return refuse(ret_refusal, DAIS_E_UPGRADE,
                      "this is a WebSocket: connect with ws:// or wss://");
    if (!str_eqz(http_header_only(req, "sec-websocket-version"), VERSION)) {
        int32_t code = http_header_set(req, "sec-websocket-version", dais_cstr(VERSION));
        return refuse(ret_refusal, code == DAIS_OK ? DAIS_E_UPGRADE : code,
                      "only version " VERSION " of WebSocket is spoken");
    }
    if (!is_key(http_header_only(req, "sec-websocket-key")))
        return refuse(ret_refusal, DAIS_E_INVALID, "Sec-WebSocket-Key is no 16 bytes in base64");
    return check_origin(req, ret_refusal);
}

static int32_t upgrade(struct dais_req *req, http_upgraded_fn fn, void *context)
{
    char accept[HTTP_WEBSOCKET_ACCEPT_BYTES];
    http_websocket_accept(http_header_only(req, "sec-websocket-key").ptr, accept);
    int32_t code = http_header_set(req, "sec-websocket-accept", dais_str(accept, sizeof accept));
    return code == DAIS_OK ? http_upgrade(req, "websocket", fn, context) : code;
}

int32_t ws_accept(struct dais_req *req, http_upgraded_fn fn, void *context)
{
    struct ws_refusal refusal = {DAIS_OK, NULL};
    int32_t code = ws_accept_check(req, &refusal);
    if (code == DAIS_OK) {
        code = upgrade(req, fn, context);
        refusal.error = code;
    }
    if (code != DAIS_OK && http_fail(req, refusal.error, NULL, refusal.detail) != DAIS_OK)
        return DAIS_E_STATE; /* there is an answer already */
    return code;
}
