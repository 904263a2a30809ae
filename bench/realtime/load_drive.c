/* SPDX-License-Identifier: MIT */
/* The publisher: some messages outstanding, or so many per second whatever becomes of them. */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define WARM_UP_NS 1000000000u
#define STUCK_NS 20000000000u
#define DRAIN_NS 10000000000u
#define WINDOW_MAX 64u

static double cpu_s(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* CPU time of the server's process, by /proc/PID/stat. */
static double server_cpu_s(const struct load *load)
{
    char path[64], text[1024];
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof(path), "/proc/%u/stat", load->options.server);
    FILE *file = load->options.server ? fopen(path, "r") : NULL;
    if (!file)
        return 0;
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[len] = 0;
    const char *behind_name = strrchr(text, ')');
    if (behind_name)
        sscanf(behind_name, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
               &system);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* Sends what is left of the publisher's messages; whether nothing is left. */
static bool flush(struct load *load)
{
    ssize_t sent;
    if (load->out_at == load->out_len)
        return true;
    sent = send(load->publisher.fd, load->out + load->out_at, load->out_len - load->out_at,
                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN)
        load_fail("the publisher's send");
    if (sent > 0)
        load->out_at += (size_t)sent;
    return load->out_at == load->out_len;
}

static void put(struct load *load, uint64_t at_ns)
{
    if (load->out_at == load->out_len)
        load->out_at = load->out_len = 0;
    load->out_len += load_text_send(load, at_ns, false, load->out + load->out_len,
                                    sizeof(load->out) - load->out_len);
}

/* Members who read. */
static uint64_t readers(const struct load *load)
{
    return load->options.members - load->options.stalled;
}

/* Asks without a pause: a sleeper that each delivery has to wake is what would be measured. */
static void run_window(struct load *load, uint64_t until_ns)
{
    uint64_t expected = load->deliveries, now_ns = load_now_ns();
    while (now_ns < until_ns) {
        uint64_t began_ns = now_ns;
        for (uint32_t i = 0; i < load->options.window; i++)
            put(load, now_ns);
        expected += load->options.window * readers(load);
        while (!flush(load) || load->deliveries < expected) {
            uint64_t before_ns = now_ns;
            int count = load_turn(load, 0);
            now_ns = load_now_ns();
            if (count == 0)
                load->idle_ns += now_ns - before_ns;
            if (now_ns > began_ns + STUCK_NS) {
                errno = ETIMEDOUT;
                load_fail("a message did not reach everybody");
            }
        }
    }
}

/* A message counts from when it was due, not from when there was room for it. Returns how many. */
static uint64_t run_rate(struct load *load, uint64_t until_ns)
{
    uint64_t step_ns = 1000000000u / load->options.rate, due_ns = load_now_ns(), count = 0;
    while (due_ns < until_ns) {
        uint64_t now_ns = load_now_ns();
        if (now_ns > until_ns + DRAIN_NS)
            break;
        if (now_ns >= due_ns && flush(load)) {
            put(load, due_ns);
            flush(load);
            due_ns += step_ns;
            count++;
            continue;
        }
        load_turn(load, now_ns < due_ns ? due_ns - now_ns : 1000000);
    }
    return count;
}

/* Waits for what is under way, a while. */
static void drain(struct load *load, uint64_t expected)
{
    uint64_t until_ns = load_now_ns() + DRAIN_NS;
    while ((!flush(load) || load->deliveries < expected) && load_now_ns() < until_ns)
        load_turn(load, 10000000);
}

static double quantile_ms(const struct load *load, double share)
{
    uint64_t count = 0, seen = 0;
    for (size_t i = 0; i < LATENCY_STEPS; i++)
        count += load->latencies[i];
    for (size_t i = 0; i < LATENCY_STEPS; i++) {
        seen += load->latencies[i];
        if (count && (double)seen >= share * (double)count)
            return (double)(i + 1) * LATENCY_STEP_NS / 1e6;
    }
    return 0;
}

/* Members who read and got another number of messages than the first of them. */
static uint32_t uneven(const struct load *load)
{
    const struct load_member *first = &load->members[load->options.stalled];
    uint32_t count = 0;
    for (uint32_t i = load->options.stalled; i < load->options.members; i++)
        count += load->members[i].deliveries != first->deliveries;
    return count;
}

/* Reads what the kernel kept for members who did not read, until the server's close. */
static uint32_t closed_with(struct load *load, uint32_t code)
{
    uint32_t count = 0;
    uint64_t until_ns = load_now_ns() + 3000000000u;
    for (uint32_t i = 0; i < load->options.stalled; i++)
        load_listen(load, &load->members[i], true);
    while (load->options.stalled && load->closed < load->options.stalled &&
           load_now_ns() < until_ns)
        load_turn(load, 100000000);
    for (uint32_t i = 0; i < load->options.stalled; i++)
        count += load->members[i].close_code == code;
    return count;
}

static void settle(struct load *load)
{
    struct load_options *options = &load->options;
    if (options->window > WINDOW_MAX) {
        errno = EINVAL;
        load_fail("--window");
    }
    load_connect_all(load);
    if (options->window)
        run_window(load, load_now_ns() + WARM_UP_NS);
    load->timed = options->window == 0;
}

void load_drive(struct load *load)
{
    const struct load_options *options = &load->options;
    settle(load);
    uint64_t before = load->deliveries, began_ns = load_now_ns(), count = 0;
    uint64_t until_ns = began_ns + (uint64_t)(options->seconds * 1e9);
    double cpu = cpu_s(), server_cpu = server_cpu_s(load);
    load->idle_ns = 0;
    if (options->window)
        run_window(load, until_ns);
    else
        count = run_rate(load, until_ns);
    double seconds = (double)(load_now_ns() - began_ns) / 1e9;
    double busy = (cpu_s() - cpu - (double)load->idle_ns / 1e9) / seconds;
    server_cpu = server_cpu_s(load) - server_cpu;
    uint64_t delivered = load->deliveries - before;
    if (!options->window)
        drain(load, before + count * readers(load));
    double missing = options->window
                         ? 0
                         : (double)(count * readers(load)) - (double)(load->deliveries - before);
    printf("{\"members\":%u,\"seconds\":%.3f,\"per_s\":%.0f,\"client_cpu\":%.3f,\"server_cpu_us\":%"
           ".3f,\"p50_ms\":%.2f,"
           "\"p99_ms\":%.2f,\"max_ms\":%.2f,\"sent\":%llu,\"missing\":%.0f,\"uneven\":%u,",
           options->members, seconds, (double)delivered / seconds, busy,
           server_cpu * 1e6 / (double)(delivered ? delivered : 1), quantile_ms(load, 0.50),
           quantile_ms(load, 0.99), (double)load->latency_max_ns / 1e6, (unsigned long long)count,
           missing, uneven(load));
    uint32_t slow = closed_with(load, 4000);
    printf("\"closed\":%u,\"closed_slow\":%u}\n", load->closed, slow);
}
