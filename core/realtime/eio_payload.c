/* SPDX-License-Identifier: MIT */
#include "realtime/eio_payload.h"

#include "base/str.h"

int32_t eio_packet_parse(struct dais_str text, struct eio_packet *ret_packet)
{
    if (text.len == 0 || text.ptr[0] < EIO_TYPE_OPEN || text.ptr[0] > EIO_TYPE_NOOP)
        return DAIS_E_INVALID;
    *ret_packet = (struct eio_packet){(enum eio_type)text.ptr[0], str_sub(text, 1, text.len - 1)};
    return DAIS_OK;
}

int32_t eio_payload_next(struct dais_str *rest, struct eio_packet *ret_packet)
{
    struct dais_str piece;
    if (!str_split(rest, EIO_SEPARATOR, &piece))
        return 0;
    if (piece.len > 0 && piece.ptr[0] == EIO_TYPE_BINARY) {
        *ret_packet = (struct eio_packet){EIO_TYPE_BINARY, str_sub(piece, 1, piece.len - 1)};
        return 1;
    }
    int32_t code = eio_packet_parse(piece, ret_packet);
    return code == DAIS_OK ? 1 : code;
}
