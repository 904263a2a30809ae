/* SPDX-License-Identifier: MIT */
/* Members who do nothing: tells when all are in the room and holds them until its input ends. */
#include "load.h"

#include <poll.h>
#include <stdio.h>

void load_idle(struct load *load)
{
    struct pollfd input = {.fd = 0, .events = POLLIN};
    load_connect_all(load);
    printf("{\"joined\":%u}\n", load->joined);
    fflush(stdout);
    while (poll(&input, 1, 0) == 0)
        load_turn(load, 100000000);
    printf("{\"joined\":%u,\"closed\":%u}\n", load->joined, load->closed);
}
