/* SPDX-License-Identifier: MIT */
#include "realtime/credentials.h"

#include "base/shape.h"
#include "net/http.h"
#include "realtime/socket.h"

static int32_t take_parameter(struct dais_str piece, struct dais_arena *arena,
                              struct credentials *credentials)
{
    int64_t equals = str_find(piece, '=');
    if (equals < 0)
        return DAIS_OK;
    struct dais_str name = str_sub(piece, 0, (uint64_t)equals);
    struct dais_str value = str_sub(piece, (uint64_t)equals + 1, piece.len);
    if (str_eqz(name, "token"))
        return shape_percent_decode(value, true, arena, &credentials->token);
    if (str_eqz(name, "guest"))
        return shape_percent_decode(value, true, arena, &credentials->guest);
    return DAIS_OK;
}

int32_t credentials_read(struct dais_str query, struct dais_req *req,
                         struct credentials *ret_credentials)
{
    static const char scheme[] = "Bearer ";
    const uint64_t skip = sizeof scheme - 1;
    struct credentials found = {0};
    struct dais_str piece, header = http_header(req, "authorization");
    if (str_eqz_nocase(str_sub(header, 0, skip), scheme))
        found.token = str_trim(str_sub(header, skip, header.len));
    while (str_split(&query, '&', &piece)) {
        if (take_parameter(piece, http_arena(req), &found))
            found.token = dais_cstr("%"); /* refused where tokens are, in words */
    }
    if (found.token.len > CREDENTIALS_TOKEN_BYTES_MAX || found.guest.len > SOCKET_GUEST_BYTES_MAX)
        return DAIS_E_INVALID;
    *ret_credentials = found;
    return DAIS_OK;
}
