/* SPDX-License-Identifier: MIT */
/* Stands in for `streams`: a key is good when it is first looked up, and replaced right after. */
#include "dais/dais.h"
#include "dais/svc/streams.h"

#include <stdatomic.h>

static _Atomic uint32_t asked;

static int32_t authorize(struct dais_str key, struct dais_ingest *ret_ingest)
{
    if (!dais_str_eq(key, dais_cstr("good")) && atomic_fetch_add(&asked, 1) % 2 == 1)
        return DAIS_E_DENIED;
    ret_ingest->stream_id = dais_cstr("00000000-0000-0000-0000-000000000000");
    ret_ingest->playback_id = key;
    ret_ingest->title = key;
    ret_ingest->session = 0;
    return DAIS_OK;
}

static const struct dais_streams_v1 service = {authorize};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    return DAIS_OK;
}

static const struct dais_offer offers[] = {{"dais.streams/1", &service}, {NULL, NULL}};

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "turnkey",
    .version = "1.0.0",
    .offers = offers,
    .init = init,
};
