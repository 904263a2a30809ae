/* SPDX-License-Identifier: MIT */
/* dais.media/1, dais.net/1 and dais.shared/1: setup is the host's, the rest their layers'. */
#include "base/error.h"
#include "host/abi.h"
#include "host/plugin.h"
#include "host/registration.h"
#include "host/state.h"
#include "loop/board.h"
#include "media/hub.h"
#include "net/tcp.h"

static int32_t observe(const struct dais_media_observer *observer)
{
    struct generation *generation = registration_check("media.observe");
    if (!generation)
        return DAIS_E_STATE;
    return registration_add(generation, REGISTRATION_OBSERVER, observer, dais_str(NULL, 0));
}

const struct dais_media_v1 abi_media = {
    .observe = observe,
    .publish = hub_publish,
    .track = hub_track,
    .packet = hub_packet,
    .unpublish = hub_unpublish,
    .stop = hub_stop,
};

/** Listens once the plugin has started. */
static int32_t listen(const struct dais_listener *listener, struct dais_str address)
{
    struct generation *generation = registration_check("net.listen");
    if (!generation)
        return DAIS_E_STATE;
    if (!listener || !listener->name || !listener->serve || !address.ptr)
        return registration_refuse(generation, DAIS_E_INVALID, "a listener is not complete");
    if ((listener->flags & DAIS_LISTENER_TLS) && !host_get()->tls)
        return registration_refuse(generation, DAIS_E_UNAVAILABLE,
                                   "the listener %s needs tls.certificates", listener->name);
    return registration_add(generation, REGISTRATION_LISTENER, listener, address);
}

const struct dais_net_v1 abi_net = {
    .listen = listen,
    .read = tcp_read,
    .write = tcp_write,
    .flush = tcp_flush,
    .close = tcp_close,
    .peer = tcp_peer,
    .port = tcp_port,
};

static int32_t board(const struct dais_board *row)
{
    struct generation *generation = registration_check("shared.board");
    if (!generation)
        return DAIS_E_STATE;
    int32_t error = board_check(generation->plugin->owner, row);
    if (error)
        return registration_refuse(generation, error, "board: %s", error_title(error));
    return registration_add(generation, REGISTRATION_BOARD, row, dais_str(NULL, 0));
}

const struct dais_shared_v1 abi_shared = {
    .board = board,
    .put = board_put,
    .remove = board_remove,
    .remove_later = board_remove_later,
    .get = board_get,
};
