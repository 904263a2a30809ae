/* SPDX-License-Identifier: MIT */
#include "net/tcp_change.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/tcp_inner.h"

#include <string.h>
#include <unistd.h>

/** One listener of the new code. */
struct entry {
    struct tcp_row row;
    uint32_t index; /* of its row in the server */
    bool fresh;     /* its sockets were opened for this change */
};

struct tcp_change {
    struct tcp_server *server;
    uint32_t plugin;
    uint32_t generation;
    bool applied;
    uint32_t count;
    struct entry entries[TCP_LISTENERS_MAX];
    bool left[TCP_LISTENERS_MAX]; /* rows of the server that this change ended */
};

/* Rows that are gone are free when nothing of them is open any more. */
static void release_rows(struct tcp_server *server)
{
    for (uint32_t i = 0; i < server->count; i++)
        if (server->rows[i].gone && atomic_load(&server->rows[i].users) == 0)
            server->taken[i] = false;
}

int32_t tcp_change_new(struct tcp_server *server, uint32_t plugin, uint32_t generation,
                       struct tcp_change **ret_change)
{
    struct tcp_change *change = mem_zalloc(1, sizeof *change);
    if (!change)
        return DAIS_E_MEMORY;
    change->server = server;
    change->plugin = plugin;
    change->generation = generation;
    release_rows(server);
    *ret_change = change;
    return DAIS_OK;
}

static bool is_added(const struct tcp_change *change, const char *name)
{
    for (uint32_t i = 0; i < change->count; i++)
        if (strcmp(change->entries[i].row.name, name) == 0)
            return true;
    return false;
}

static int32_t open_fresh(struct tcp_server *server, struct entry *entry)
{
    uint32_t index = 0;
    while (index < TCP_LISTENERS_MAX && server->taken[index])
        index++;
    if (index == TCP_LISTENERS_MAX)
        return DAIS_E_LIMIT;
    int32_t code = tcp_row_open(server, &entry->row);
    if (code != DAIS_OK)
        return code;
    server->taken[index] = true;
    entry->index = index;
    entry->fresh = true;
    return DAIS_OK;
}

int32_t tcp_change_add(struct tcp_change *change, const struct dais_listener *listener,
                       struct dais_str address)
{
    struct tcp_server *server = change->server;
    CHECK(server->open && !change->applied);
    if (change->count == TCP_LISTENERS_MAX)
        return DAIS_E_LIMIT;
    struct entry *entry = &change->entries[change->count];
    int32_t code = tcp_row_init(server, &entry->row, listener, address);
    if (code != DAIS_OK)
        return code;
    if (is_added(change, entry->row.name))
        return DAIS_E_CONFLICT;
    entry->row.plugin = change->plugin;
    entry->row.generation = change->generation;
    const struct tcp_row *row = tcp_row_named(server, change->plugin, entry->row.name);
    if (row && str_eqz(address, row->address))
        entry->index = (uint32_t)(row - server->rows);
    else
        code = open_fresh(server, entry);
    change->count += code == DAIS_OK;
    return code;
}

static bool is_kept(const struct tcp_change *change, uint32_t index)
{
    for (uint32_t i = 0; i < change->count; i++)
        if (change->entries[i].index == index)
            return true;
    return false;
}

/* The connections of a row that is gone go on to use its name and its metrics. */
static void end_others(struct tcp_change *change)
{
    struct tcp_server *server = change->server;
    for (uint32_t i = 0; i < server->count; i++) {
        struct tcp_row *row = &server->rows[i];
        if (row->plugin != change->plugin || row->gone || is_kept(change, i))
            continue;
        row->gone = true;
        change->left[i] = true;
    }
}

void tcp_change_apply(struct tcp_change *change)
{
    struct tcp_server *server = change->server;
    change->applied = true;
    end_others(change);
    for (uint32_t i = 0; i < change->count; i++) {
        const struct entry *entry = &change->entries[i];
        struct tcp_row *row = &server->rows[entry->index];
        if (entry->fresh)
            *row = entry->row;
        row->listener = entry->row.listener;
        row->generation = entry->row.generation;
        if (entry->index >= server->count)
            server->count = entry->index + 1;
    }
}

static void give_up(const struct tcp_server *server, const struct tcp_row *row)
{
    if (server->config.close_sockets)
        server->config.close_sockets(row->name, dais_cstr(row->address));
}

static void take_back(struct tcp_server *server, const struct entry *entry)
{
    for (uint32_t w = 0; w < server->config.workers; w++)
        close(entry->row.fds[w]);
    server->taken[entry->index] = false;
    give_up(server, &entry->row);
}

void tcp_change_free(struct tcp_change *change)
{
    if (!change)
        return;
    for (uint32_t i = 0; i < change->count && !change->applied; i++)
        if (change->entries[i].fresh)
            take_back(change->server, &change->entries[i]);
    for (uint32_t i = 0; i < TCP_LISTENERS_MAX; i++)
        if (change->left[i])
            give_up(change->server, &change->server->rows[i]);
    mem_free(change);
}
