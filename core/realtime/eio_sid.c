/* SPDX-License-Identifier: MIT */
#include "realtime/eio_sid.h"

#include "base/hash.h"
#include "base/random.h"

#include <string.h>

#define RANDOM_BYTES (EIO_SID_BYTES - 1)

static struct dais_str view(const struct eio_sid *sid, size_t len)
{
    return dais_str((const char *)sid->bytes, len);
}

static uint8_t mask_of(const struct eio_sid *sid)
{
    return (uint8_t)hash_bytes(view(sid, RANDOM_BYTES));
}

struct eio_sid eio_sid_make(uint32_t index)
{
    struct eio_sid sid;
    random_bytes(sid.bytes, RANDOM_BYTES);
    sid.bytes[RANDOM_BYTES] = (uint8_t)index ^ mask_of(&sid);
    return sid;
}

int32_t eio_sid_parse(struct dais_str text, struct eio_sid *ret_sid)
{
    uint8_t bytes[EIO_SID_BYTES + 4]; /* the decoder's room */
    struct strbuf out;
    strbuf_init_on(&out, bytes, sizeof bytes);
    if (text.len != EIO_SID_CHARS || str_decode_base64url(text, &out) != DAIS_OK)
        return DAIS_E_INVALID;
    memcpy(ret_sid->bytes, bytes, EIO_SID_BYTES);
    return DAIS_OK;
}

uint32_t eio_sid_worker(const struct eio_sid *sid)
{
    return sid->bytes[RANDOM_BYTES] ^ mask_of(sid);
}

void eio_sid_add(const struct eio_sid *sid, struct strbuf *out)
{
    strbuf_add_base64url(out, view(sid, EIO_SID_BYTES));
}

uint64_t eio_sid_key(const struct eio_sid *sid)
{
    uint64_t key;
    memcpy(&key, sid->bytes, sizeof key);
    return key;
}

bool eio_sid_eq(const struct eio_sid *a, const struct eio_sid *b)
{
    return str_eq_secret(view(a, EIO_SID_BYTES), view(b, EIO_SID_BYTES));
}
