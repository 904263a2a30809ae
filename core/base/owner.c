/* SPDX-License-Identifier: MIT */
#include "base/owner.h"

#include <stddef.h>

static _Thread_local struct owner_slot own_slot;

/* A thread-local pointer can't start as the address of another one, so threads that were never
 * given a slot share this one, whose marks nobody reads for attribution. */
static struct owner_slot nobody;

_Thread_local struct owner_slot *owner_slot_self = &nobody;

void owner_slot_use(struct owner_slot *slot)
{
    struct owner owner = owner_get();
    owner_slot_self = slot ? slot : &own_slot;
    owner_set(&owner);
}
