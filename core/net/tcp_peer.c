/* SPDX-License-Identifier: MIT */
/* How many connections of protocol listeners one address has on this worker. */
#include "base/check.h"
#include "base/limits.h"
#include "net/http_address.h"
#include "net/tcp_inner.h"

bool tcp_peer_enter(struct tcp_conn *conn, const struct sockaddr_storage *name)
{
    struct idmap *peers = &conn->acceptor->worker->peers;
    const struct http_address address = http_address_of(name);
    conn->address_key = http_address_key(&address);
    uint64_t open = (uint64_t)(uintptr_t)idmap_get(peers, conn->address_key);
    if (open >= (uint64_t)limit_get(LIMIT_TCP_CONNECTIONS_PER_ADDRESS) ||
        idmap_put(peers, conn->address_key, (void *)(uintptr_t)(open + 1)) != DAIS_OK)
        return false;
    conn->counted = true;
    return true;
}

void tcp_peer_leave(struct tcp_conn *conn)
{
    struct idmap *peers = &conn->acceptor->worker->peers;
    if (!conn->counted)
        return;
    uint64_t open = (uint64_t)(uintptr_t)idmap_get(peers, conn->address_key);
    CHECK(open > 0);
    if (open == 1)
        (void)idmap_remove(peers, conn->address_key);
    else if (idmap_put(peers, conn->address_key, (void *)(uintptr_t)(open - 1)) != DAIS_OK)
        CHECK_MSG(false, "a key that is there needs no memory");
}
