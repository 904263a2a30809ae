/* SPDX-License-Identifier: MIT */
#include "host/realtime.h"

#include "host/config.h"
#include "host/identity.h"
#include "host/rates.h"
#include "host/state.h"
#include "realtime/eio.h"
#include "realtime/link.h"
#include "realtime/room.h"
#include "realtime/sio.h"
#include "realtime/sockets.h"
#include "realtime/ws_service.h"

static int32_t admit(uint32_t rate_class, const struct http_client *client, uint64_t cost,
                     uint64_t *ret_retry_ms)
{
    struct host *host = host_get();
    const struct rates_event event = {rate_class, cost};
    return rates_admit(&host->options.config->rates, host->rates, &event, client, ret_retry_ms);
}

static const struct realtime_hooks hooks = {
    .identity_cached = identity_cached,
    .verify = identity_verify,
    .rate_class = rates_find,
    .admit = admit,
};

int32_t realtime_open(void)
{
    int32_t error = sockets_init(&hooks);
    return error ? error : rooms_init();
}

void realtime_close(void)
{
    rooms_fini();
    sockets_fini();
}

int32_t realtime_register(struct host *host)
{
    struct http_owner *owner = &host->plugins[OWNER_CORE].out;
    int32_t error = http_table_endpoint(host->tables.routes, owner, ws_endpoint());
    return error ? error : http_table_endpoint(host->tables.routes, owner, sio_endpoint());
}

/** What the end of a turn writes to links goes out in that turn: rooms before links. */
int32_t realtime_worker_start(void)
{
    int32_t error = rooms_worker_start();
    if (!error)
        error = link_worker_start();
    if (!error)
        error = eio_start();
    return error ? error : sockets_worker_start();
}

void realtime_worker_drain(void)
{
    rooms_worker_drain();
    sockets_worker_drain();
    eio_drain();
}

void realtime_worker_stop(void)
{
    link_worker_stop();
    eio_stop();
    sockets_worker_stop();
    rooms_worker_stop();
}
