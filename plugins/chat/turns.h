/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who said something a moment ago: a table of fixed size, for what may be told now and then only. A
 * pure structure on the caller's clock. It never refuses who has not had a turn, unless the places
 * of its hash are all taken by others within the same time: then it says no, and what is told this
 * way may be left out.
 */
#include <stdint.h>

#define TURNS_PLACES 4096u
/** Places that one key may have, beside each other. */
#define TURNS_NEAR 4u

struct turns_place {
    uint64_t key; /**< 0: free */
    uint64_t at_ms;
    uint8_t on;
};

struct turns {
    struct turns_place places[TURNS_PLACES];
};

/** A key of what was joined: a room and a user. Never 0. */
uint64_t turns_key(const char *a, uint64_t a_len, const char *b, uint64_t b_len);

/**
 * Whether `key` has a turn at `now_ms`: its last one is `every_ms` ago, or it turns from on to off,
 * once within that time. Takes the turn.
 */
int turns_take(struct turns *turns, uint64_t key, uint64_t now_ms, uint64_t every_ms, int on);

/** Gives a turn back: it was not used. */
void turns_give_back(struct turns *turns, uint64_t key);
