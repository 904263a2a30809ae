/* SPDX-License-Identifier: MIT */
#include "proc/keeper.h"

#include "base/check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void close_from(struct keeper_group *group, uint32_t first)
{
    for (uint32_t i = first; i < group->count; i++)
        close(group->fds[i]);
    group->count = first;
}

static void remove_group(struct keeper *keeper, struct keeper_group *group)
{
    close_from(group, 0);
    CHECK(keeper->count > 0);
    struct keeper_group *end = &keeper->groups[keeper->count--];
    memmove(group, group + 1, (size_t)(end - (group + 1)) * sizeof *group); /* keeps the order */
}

static struct keeper_group *find(struct keeper *keeper, const char *name, const char *asked)
{
    for (uint32_t i = 0; i < keeper->count; i++) {
        struct keeper_group *group = &keeper->groups[i];
        if (strcmp(group->name, name) == 0 && strcmp(group->asked, asked) == 0)
            return group;
    }
    return NULL;
}

void keeper_init(struct keeper *keeper)
{
    keeper->count = 0;
}

void keeper_fini(struct keeper *keeper)
{
    for (uint32_t i = 0; i < keeper->count; i++)
        close_from(&keeper->groups[i], 0);
    keeper->count = 0;
}

void keeper_begin(struct keeper *keeper)
{
    for (uint32_t i = 0; i < keeper->count; i++)
        keeper->groups[i].wanted = false;
}

void keeper_commit(struct keeper *keeper)
{
    uint32_t i = 0;
    while (i < keeper->count) {
        if (keeper->groups[i].wanted)
            i++;
        else
            remove_group(keeper, &keeper->groups[i]);
    }
}

static int32_t open_group(struct keeper *keeper, const char *name, const char *asked,
                          uint32_t count)
{
    struct sockets_address address;
    int32_t error = sockets_parse(asked, &address);
    if (error != DAIS_OK)
        return error;
    if (keeper->count == KEEPER_GROUPS_MAX)
        return DAIS_E_LIMIT;
    struct keeper_group *group = &keeper->groups[keeper->count];
    error = sockets_open_group(&address, count, group->fds, &group->address);
    if (error != DAIS_OK)
        return error;
    group->count = count;
    snprintf(group->name, sizeof group->name, "%s", name);
    snprintf(group->asked, sizeof group->asked, "%s", asked);
    sockets_format(&group->address, group->bound);
    keeper->count++;
    return DAIS_OK;
}

static int32_t resize_group(struct keeper_group *group, uint32_t count)
{
    if (count < group->count)
        close_from(group, count);
    if (count == group->count)
        return DAIS_OK;
    int32_t error = sockets_extend_group(&group->address, count - group->count,
                                         group->fds + group->count);
    if (error == DAIS_OK)
        group->count = count;
    return error;
}

int32_t keeper_listen(struct keeper *keeper, const char *name, const char *address, uint32_t count,
                      const struct keeper_group **ret_group)
{
    if (count == 0 || count > SOCKETS_GROUP_MAX || strlen(name) >= KEEPER_NAME_MAX ||
        strlen(address) >= SOCKETS_ADDRESS_MAX)
        return DAIS_E_INVALID;

    int32_t error;
    struct keeper_group *group = find(keeper, name, address);
    if (group != NULL && group->wanted)
        return DAIS_E_CONFLICT;
    if (group != NULL) {
        error = resize_group(group, count);
    } else {
        error = open_group(keeper, name, address, count);
        if (error == DAIS_E_CONFLICT || error == DAIS_E_LIMIT) {
            keeper_commit(keeper); /* a group of the last server process may be in the way */
            error = open_group(keeper, name, address, count);
        }
    }
    if (error != DAIS_OK)
        return error;
    group = find(keeper, name, address);
    CHECK(group != NULL);
    group->wanted = true;
    *ret_group = group;
    return DAIS_OK;
}

void keeper_forget(struct keeper *keeper, const char *name, const char *address)
{
    struct keeper_group *group = find(keeper, name, address);
    if (group != NULL)
        remove_group(keeper, group);
}
