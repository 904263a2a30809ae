/* SPDX-License-Identifier: MIT */
/*
 * Members who listen to talkers. A message is "<talker> <number>", each talker's numbers begin with
 * 1. Tells when all are in the room; its input says how many messages there were, whereupon it
 * waits until each member has as many, and prints what was wrong.
 */
#include "load.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define WAIT_NS 30000000000u
#define SURPLUS_NS 500000000u /* what comes twice comes within this time */

void load_hear_take(struct load_member *member, const char *text, size_t len)
{
    static const char key[] = "\"message\":\"";
    uint64_t talker = load_text_number(text, len, key);
    char behind[64];
    snprintf(behind, sizeof(behind), "%s%llu ", key, (unsigned long long)talker);
    uint64_t number = load_text_number(text, len, behind);
    if (talker >= LOAD_TALKERS_MAX || number != member->talkers[talker] + 1u)
        member->gaps++;
    else
        member->talkers[talker] = (uint32_t)number;
}

static uint32_t count_lacking(const struct load *load, uint64_t said)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < load->options.members; i++)
        count += load->members[i].deliveries < said;
    return count;
}

static void print_found(const struct load *load, uint64_t said)
{
    uint32_t wrong = 0, surplus = 0;
    for (uint32_t i = 0; i < load->options.members; i++) {
        wrong += load->members[i].gaps != 0;
        surplus += load->members[i].deliveries > said;
    }
    printf("{\"members\":%u,\"said\":%llu,\"deliveries\":%llu,\"lacking\":%u,\"surplus\":%u,"
           "\"wrong\":%u,\"closed\":%u}\n",
           load->options.members, (unsigned long long)said, (unsigned long long)load->deliveries,
           count_lacking(load, said), surplus, wrong, load->closed);
}

static void listen_on(struct load *load)
{
    for (uint32_t i = 0; i < load->options.members; i++) {
        load->members[i].talkers = calloc(LOAD_TALKERS_MAX, sizeof(uint32_t));
        if (!load->members[i].talkers)
            load_fail("the talkers");
    }
}

void load_hear(struct load *load)
{
    struct pollfd input = {.fd = 0, .events = POLLIN};
    unsigned long long said = 0;
    listen_on(load);
    load_connect_all(load);
    printf("{\"joined\":%u}\n", load->joined);
    fflush(stdout);
    while (poll(&input, 1, 0) == 0)
        load_turn(load, 20000000);
    if (scanf("%llu", &said) != 1)
        load_fail("how many messages there were");
    uint64_t until_ns = load_now_ns() + WAIT_NS;
    while (count_lacking(load, said) && load_now_ns() < until_ns)
        load_turn(load, 20000000);
    for (until_ns = load_now_ns() + SURPLUS_NS; load_now_ns() < until_ns;)
        load_turn(load, 20000000);
    print_found(load, said);
}
