/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The keeper of listening sockets, in the supervisor. A group is opened when the server process
 * first asks for it and then stays open while server processes come and go: connections wait in its
 * backlog instead of being refused. What a new server process hasn't asked for by the time it is
 * ready is closed, or as soon as it is in the way of what it asks for. Groups come and go later,
 * too, when code is replaced while it serves. A group is known by its name and the address asked
 * for.
 *
 *     keeper_init → { keeper_begin, keeper_listen …, keeper_commit } for each server process →
 * keeper_fini
 *
 * No thread, no lock; one owner.
 */
#include "proc/sockets.h"

#include <stdbool.h>

#define KEEPER_GROUPS_MAX 32u
#define KEEPER_NAME_MAX 32u

/** Sockets on one address. */
struct keeper_group {
    char name[KEEPER_NAME_MAX];
    char asked[SOCKETS_ADDRESS_MAX]; /**< the address as it was asked for */
    char bound[SOCKETS_ADDRESS_MAX]; /**< where the group listens */
    struct sockets_address address;
    uint32_t count;
    bool wanted; /**< by the server process that runs now */
    int fds[SOCKETS_GROUP_MAX];
};

/** All groups. */
struct keeper {
    uint32_t count;
    struct keeper_group groups[KEEPER_GROUPS_MAX];
};

/** Starts with no group. */
void keeper_init(struct keeper *keeper);

/** Closes every socket: from now on connections are refused. */
void keeper_fini(struct keeper *keeper);

/** A new server process starts: it has asked for nothing yet. */
void keeper_begin(struct keeper *keeper);

/**
 * The group `name` with `count` sockets on `address`: kept, grown, shrunk or opened now. The group
 * stays owned by the keeper and valid until the next call. DAIS_E_INVALID for a bad name, address
 * or count, DAIS_E_CONFLICT also when this server process has it already, DAIS_E_LIMIT also with
 * KEEPER_GROUPS_MAX groups, otherwise as sockets_open_group.
 */
DAIS_CHECK_RESULT int32_t keeper_listen(struct keeper *keeper, const char *name,
                                        const char *address, uint32_t count,
                                        const struct keeper_group **ret_group);

/** The server process is ready: closes the groups that it did not ask for. */
void keeper_commit(struct keeper *keeper);

/** The server process listens there no more: closes that group; an unknown one is ignored. */
void keeper_forget(struct keeper *keeper, const char *name, const char *address);
