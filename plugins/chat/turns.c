/* SPDX-License-Identifier: MIT */
#include "turns.h"

#include <stddef.h>

static uint64_t mix(uint64_t hash, const char *text, uint64_t len)
{
    for (uint64_t i = 0; i < len; i++)
        hash = (hash ^ (uint8_t)text[i]) * 1099511628211u; /* FNV-1a */
    return hash;
}

uint64_t turns_key(const char *a, uint64_t a_len, const char *b, uint64_t b_len)
{
    uint64_t hash = mix(mix(14695981039346656037u, a, a_len), b, b_len);
    hash ^= hash >> 32; /* places are taken by the low bits */
    return hash ? hash : 1;
}

static int is_over(const struct turns_place *place, uint64_t now_ms, uint64_t every_ms)
{
    return place->key == 0 || now_ms - place->at_ms >= every_ms;
}

/** The place of `key`, else one whose turn is over, else NULL. */
static struct turns_place *find(struct turns *turns, uint64_t key, uint64_t now_ms,
                                uint64_t every_ms)
{
    struct turns_place *free_place = NULL;
    for (uint32_t i = 0; i < TURNS_NEAR; i++) {
        struct turns_place *place = &turns->places[(key + i) % TURNS_PLACES];
        if (place->key == key)
            return place;
        if (!free_place && is_over(place, now_ms, every_ms))
            free_place = place;
    }
    return free_place;
}

int turns_take(struct turns *turns, uint64_t key, uint64_t now_ms, uint64_t every_ms, int on)
{
    struct turns_place *place = find(turns, key, now_ms, every_ms);
    if (!place)
        return 0;
    int over = place->key != key || is_over(place, now_ms, every_ms);
    if (!over && (on || !place->on))
        return 0;
    /* Turning off keeps the time of the turn before: another one on is not sooner for it. */
    *place = (struct turns_place){key, over ? now_ms : place->at_ms, on != 0};
    return 1;
}

void turns_give_back(struct turns *turns, uint64_t key)
{
    for (uint32_t i = 0; i < TURNS_NEAR; i++) {
        struct turns_place *place = &turns->places[(key + i) % TURNS_PLACES];
        if (place->key == key)
            place->key = 0;
    }
}
