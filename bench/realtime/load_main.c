/* SPDX-License-Identifier: MIT */
/*
 * bench_load --port N [--server PID] [--dialect envelope|socketio] [--path P] [--members N]
 * [--seconds S]
 *            --window W | --rate R [--stalled N] | --idle | --missed N [--within-ms T] | --hear
 *            [--join EVENT --data JSON --delivery EVENT] [--event EVENT --say JSON --token T]
 */
#include "load.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

void load_fail(const char *what)
{
    fprintf(stderr, "bench_load: %s: %m\n", what);
    exit(1);
}

uint64_t load_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static const struct option OPTIONS[] = {
    {"port", required_argument, NULL, 'p'},
    {"dialect", required_argument, NULL, 'd'},
    {"path", required_argument, NULL, 'u'},
    {"event", required_argument, NULL, 'e'},
    {"members", required_argument, NULL, 'n'},
    {"stalled", required_argument, NULL, 'x'},
    {"window", required_argument, NULL, 'w'},
    {"rate", required_argument, NULL, 'r'},
    {"payload", required_argument, NULL, 'b'},
    {"missed", required_argument, NULL, 'm'},
    {"within-ms", required_argument, NULL, 't'},
    {"seconds", required_argument, NULL, 's'},
    {"idle", no_argument, NULL, 'i'},
    {"hear", no_argument, NULL, 'h'},
    {"join", required_argument, NULL, 'j'},
    {"data", required_argument, NULL, 'a'},
    {"delivery", required_argument, NULL, 'y'},
    {"say", required_argument, NULL, 'q'},
    {"token", required_argument, NULL, 'k'},
    {"server", required_argument, NULL, 'c'},
    {NULL, 0, NULL, 0},
};

static uint32_t *number_option(struct load_options *options, int letter)
{
    switch (letter) {
    case 'n':
        return &options->members;
    case 'x':
        return &options->stalled;
    case 'w':
        return &options->window;
    case 'r':
        return &options->rate;
    case 'c':
        return &options->server;
    case 'b':
        return &options->payload;
    case 'm':
        return &options->missed;
    case 't':
        return &options->within_ms;
    default:
        return NULL;
    }
}

static const char **text_option(struct load_options *options, int letter)
{
    switch (letter) {
    case 'u':
        return &options->path;
    case 'e':
        return &options->event;
    case 'j':
        return &options->join;
    case 'a':
        return &options->data;
    case 'y':
        return &options->delivery;
    case 'q':
        return &options->say;
    case 'k':
        return &options->token;
    default:
        return NULL;
    }
}

static void take_option(struct load_options *options, int letter)
{
    uint32_t *number = number_option(options, letter);
    const char **text = text_option(options, letter);
    if (number)
        *number = (uint32_t)strtoul(optarg, NULL, 10);
    else if (text)
        *text = optarg;
    else if (letter == 'p')
        options->port = (uint16_t)strtoul(optarg, NULL, 10);
    else if (letter == 'd')
        options->dialect = strcmp(optarg, "socketio") == 0 ? LOAD_SOCKETIO : LOAD_ENVELOPE;
    else if (letter == 's')
        options->seconds = strtod(optarg, NULL);
    else if (letter == 'i')
        options->idle = true;
    else if (letter == 'h')
        options->hear = true;
    else
        exit(2);
}

static void read_options(struct load_options *options, int argc, char **argv)
{
    int letter;
    *options = (struct load_options){.event = "bench:send",
                                     .join = "bench:join",
                                     .data = "{}",
                                     .delivery = "bench:message",
                                     .say = "{\"at\":\"",
                                     .members = 1000,
                                     .payload = 200,
                                     .within_ms = 5000,
                                     .seconds = 5};
    while ((letter = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1)
        take_option(options, letter);
    if (!options->path)
        options->path = options->dialect == LOAD_SOCKETIO ? "/socket.io/?EIO=4&transport=websocket"
                                                          : "/ws";
    if (options->payload < 64 || options->payload > LOAD_TEXT_MAX / 2)
        load_fail("--payload is 64 to 32768");
}

int main(int argc, char **argv)
{
    static struct load load;
    struct rlimit files;
    read_options(&load.options, argc, argv);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    load.members = calloc(load.options.members + 1, sizeof(*load.members));
    load.latencies = calloc(LATENCY_STEPS, sizeof(*load.latencies));
    if (load.epoll < 0 || !load.members || !load.latencies)
        load_fail("the begin");
    for (uint32_t i = 0; i < load.options.members; i++)
        load.members[i].number = i;
    load.publisher.number = load.options.members;
    if (load.options.idle)
        load_idle(&load);
    else if (load.options.hear)
        load_hear(&load);
    else if (load.options.missed)
        load_resume(&load);
    else
        load_drive(&load);
    return 0;
}
