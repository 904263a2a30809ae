/* SPDX-License-Identifier: MIT */
/*
 * Everybody leaves, misses some events and comes back with the place of the last event: each has to
 * get all that it missed, in order and once, and is timed from its connect to the last of them.
 */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define WAIT_NS 30000000000u

static void wait_acks(struct load *load, uint64_t acks)
{
    uint64_t until_ns = load_now_ns() + WAIT_NS;
    while (load->acks < acks) {
        load_turn(load, 100000000);
        if (load_now_ns() > until_ns) {
            errno = ETIMEDOUT;
            load_fail("the publisher's acks");
        }
    }
}

static void publish_missed(struct load *load)
{
    static char frame[LOAD_TEXT_MAX + 64];
    for (uint32_t i = 0; i < load->options.missed; i++) {
        size_t len = load_text_send(load, load_now_ns(), true, frame, sizeof(frame));
        uint64_t acks = load->acks + 1;
        load_say_frame(&load->publisher, frame, len);
        wait_acks(load, acks);
    }
}

static bool is_back(const struct load *load, const struct load_member *member)
{
    return member->state == LOAD_JOINED && member->deliveries >= load->options.missed;
}

static uint32_t count_back(const struct load *load)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < load->options.members; i++)
        count += is_back(load, &load->members[i]);
    return count;
}

/* All connect again at an even rate; then waits until each has what it missed. */
static void come_back(struct load *load)
{
    uint32_t count = load->options.members, begun = 0;
    uint64_t began_ns = load_now_ns();
    uint64_t step_ns = (uint64_t)load->options.within_ms * 1000000u / count;
    uint64_t until_ns = began_ns + load->options.within_ms * 1000000u + WAIT_NS;
    while (load_now_ns() < until_ns && (begun < count || count_back(load) < count)) {
        uint64_t now_ns = load_now_ns();
        for (; begun < count && now_ns >= began_ns + begun * step_ns; begun++) {
            load->members[begun].began_ns = load_now_ns();
            load_connect(load, &load->members[begun]);
        }
        load_turn(load, begun < count ? 500000 : 20000000);
    }
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void print_outcome(const struct load *load)
{
    uint32_t count = load->options.members, replayed = 0, back = 0, wrong = 0;
    uint64_t *taken = calloc(count, sizeof(*taken));
    if (!taken)
        load_fail("the times");
    for (uint32_t i = 0; i < count; i++) {
        const struct load_member *member = &load->members[i];
        replayed += member->outcome == 'r' || member->outcome == 'R';
        back += is_back(load, member);
        wrong += member->gaps != 0 || member->deliveries != load->options.missed;
        taken[i] = member->ended_ns > member->began_ns ? member->ended_ns - member->began_ns : 0;
    }
    qsort(taken, count, sizeof(*taken), by_size);
    printf("{\"members\":%u,\"back\":%u,\"replayed\":%u,\"wrong\":%u,\"p50_ms\":%.1f,"
           "\"p99_ms\":%.1f,\"max_ms\":%.1f}\n",
           count, back, replayed, wrong, (double)taken[count / 2] / 1e6,
           (double)taken[count * 99 / 100] / 1e6, (double)taken[count - 1] / 1e6);
    free(taken);
}

void load_resume(struct load *load)
{
    load->numbered = true;
    load_connect_all(load);
    for (uint32_t i = 0; i < load->options.members; i++)
        load_close(load, &load->members[i]);
    load->closed = 0;
    publish_missed(load);
    load->returning = true;
    come_back(load);
    print_outcome(load);
}
