/* SPDX-License-Identifier: MIT */
/*
 * bench_senders --port N --way ws|http --room ID [--text T] [--seconds S] <tokens
 *
 * One sender for each line of the input. Prints {"senders","seconds","per_s","p50_ms","p99_ms"}.
 */
#include "senders.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#define WARM_UP_NS 1000000000u
#define STUCK_NS 10000000000u
#define STEP_NS 10000u
#define STEPS 1000000u
#define EVENTS_MAX 256

struct crowd {
    struct senders_options options;
    struct sender *senders;
    uint32_t count;
    uint32_t open;
    int epoll;
    bool counts; /* what is answered now counts */
    uint64_t answers;
    uint32_t *latencies; /* answers by STEP_NS */
};

void senders_fail(const char *what)
{
    fprintf(stderr, "bench_senders: %s: %m\n", what);
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static const struct option OPTIONS[] = {
    {"port", required_argument, NULL, 'p'},    {"way", required_argument, NULL, 'w'},
    {"room", required_argument, NULL, 'r'},    {"text", required_argument, NULL, 't'},
    {"seconds", required_argument, NULL, 's'}, {NULL, 0, NULL, 0},
};

static void take_option(struct senders_options *options, int letter)
{
    if (letter == 'p')
        options->port = (uint16_t)strtoul(optarg, NULL, 10);
    else if (letter == 'w')
        options->sockets = strcmp(optarg, "ws") == 0;
    else if (letter == 'r')
        options->room = optarg;
    else if (letter == 't')
        options->text = optarg;
    else if (letter == 's')
        options->seconds = strtod(optarg, NULL);
    else
        exit(2);
}

static void read_tokens(struct crowd *crowd)
{
    char line[SENDERS_TOKEN_BYTES];
    while (crowd->count < SENDERS_MAX && fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        memcpy(crowd->senders[crowd->count++].token, line, sizeof(line));
    }
}

static void say(struct crowd *crowd, struct sender *sender)
{
    sender->began_ns = now_ns();
    senders_say(&crowd->options, sender);
}

static void note(struct crowd *crowd, const struct sender *sender)
{
    uint64_t step = (now_ns() - sender->began_ns) / STEP_NS;
    if (!crowd->counts)
        return;
    crowd->latencies[step < STEPS ? step : STEPS - 1]++;
    crowd->answers++;
}

static void take(struct crowd *crowd, struct sender *sender)
{
    bool was_open = sender->is_open;
    if (!senders_read(&crowd->options, sender))
        return;
    if (was_open)
        note(crowd, sender);
    else
        crowd->open++;
    say(crowd, sender);
}

static void turn(struct crowd *crowd)
{
    static struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(crowd->epoll, events, EVENTS_MAX, (int)(STUCK_NS / 1000000u));
    if (count == 0)
        errno = ETIMEDOUT;
    if (count <= 0)
        senders_fail("no answer");
    for (int i = 0; i < count; i++)
        take(crowd, events[i].data.ptr);
}

static void begin(struct crowd *crowd)
{
    for (uint32_t i = 0; i < crowd->count; i++) {
        struct sender *sender = &crowd->senders[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = sender};
        senders_connect(&crowd->options, sender);
        if (epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, sender->fd, &event) < 0)
            senders_fail("epoll_ctl");
        if (!sender->is_open)
            continue;
        crowd->open++;
        say(crowd, sender);
    }
    while (crowd->open < crowd->count)
        turn(crowd);
}

static double quantile_ms(const struct crowd *crowd, double share)
{
    uint64_t seen = 0;
    for (size_t i = 0; i < STEPS; i++) {
        seen += crowd->latencies[i];
        if ((double)seen >= share * (double)crowd->answers)
            return (double)(i + 1) * STEP_NS / 1e6;
    }
    return 0;
}

static void run_until(struct crowd *crowd, uint64_t until_ns)
{
    while (now_ns() < until_ns)
        turn(crowd);
}

int main(int argc, char **argv)
{
    static struct crowd crowd = {.options = {.text = "Hello", .seconds = 5}};
    int letter;
    while ((letter = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1)
        take_option(&crowd.options, letter);
    crowd.epoll = epoll_create1(EPOLL_CLOEXEC);
    crowd.senders = calloc(SENDERS_MAX, sizeof(*crowd.senders));
    crowd.latencies = calloc(STEPS, sizeof(*crowd.latencies));
    if (crowd.epoll < 0 || !crowd.senders || !crowd.latencies || !crowd.options.room)
        senders_fail("the begin");
    read_tokens(&crowd);
    begin(&crowd);
    run_until(&crowd, now_ns() + WARM_UP_NS);
    crowd.counts = true;
    uint64_t began_ns = now_ns();
    run_until(&crowd, began_ns + (uint64_t)(crowd.options.seconds * 1e9));
    double seconds = (double)(now_ns() - began_ns) / 1e9;
    printf("{\"senders\":%u,\"seconds\":%.3f,\"per_s\":%.1f,\"p50_ms\":%.2f,\"p99_ms\":%.2f}\n",
           crowd.count, seconds, (double)crowd.answers / seconds, quantile_ms(&crowd, 0.50),
           quantile_ms(&crowd, 0.99));
    return 0;
}
