/* SPDX-License-Identifier: MIT */
#include "testhost.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "host/config.h"
#include "host/host.h"
#include "host/report.h"
#include "inner.h"
#include "state.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TRAFFIC_BYTES_MAX (64u << 20)
#define START_PATIENCE_S 10

static char problem[8192];

const char *testhost_problem(void)
{
    return problem;
}

uint32_t testhost_port(const struct testhost *host)
{
    return host_http_port(host->host, 0);
}

const char *testhost_data_dir(const struct testhost *host)
{
    return host->data_dir;
}

static void take_problem(const struct report *report)
{
    size_t len = 0;
    const char *line;
    problem[0] = '\0';
    for (uint32_t i = 0; (line = report_line(report, i)) != NULL && len < sizeof problem; i++)
        len += (size_t)snprintf(problem + len, sizeof problem - len, "%s\n", line);
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *walk)
{
    (void)stat;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void testhost_free(struct testhost *host)
{
    take_problem(host->report);
    config_free(host->config);
    report_free(host->report);
    strbuf_fini(&host->sent);
    strbuf_fini(&host->received);
    nftw(host->data_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    sem_destroy(&host->known);
    mem_free(host->database);
    mem_free(host);
}

static int32_t write_config(struct testhost *host, const struct testhost_options *options)
{
    snprintf(host->config_path, sizeof host->config_path, "%s/dais.yaml", host->data_dir);
    FILE *file = fopen(host->config_path, "we");
    if (!file)
        return DAIS_E_UNAVAILABLE;
    fprintf(file, "http: {listen: [\"127.0.0.1:0\"]}\nworkers: %u\ndata_dir: %s\n%s\nplugins:\n%s",
            options->workers ? options->workers : 2, host->data_dir,
            options->settings ? options->settings : "", options->plugins);
    return fclose(file) == 0 ? DAIS_OK : DAIS_E_UNAVAILABLE;
}

static void say_ready(void *context)
{
    struct testhost *host = context;
    host->serves = 1;
    sem_post(&host->known);
}

/** The main thread of the server, as far as the host is concerned. */
static void *run(void *arg)
{
    struct testhost *host = arg;
    const struct host_options options = {
        .config = host->config,
        .data_dir = host->data_dir,
        .plugins_dir = host->data_dir,
        .database = host->database,
        .embedded = 1,
        .open_sockets = testhost_open_sockets,
        .ready = say_ready,
        .context = host,
    };
    host->result = host_new(&options, host->report, &host->host);
    if (!host->result)
        host->result = host_run(host->host);
    arena_pool_drain(); /* what generations gave back when they ended */
    sem_post(&host->known);
    return NULL;
}

static int32_t begin(struct testhost *host, const struct testhost_options *options)
{
    snprintf(host->data_dir, sizeof host->data_dir, "/tmp/dais-testhost-XXXXXX");
    if (!mkdtemp(host->data_dir))
        return DAIS_E_UNAVAILABLE;
    host->database = options->database ? mem_strdup(options->database) : NULL;
    int32_t error = write_config(host, options);
    if (!error)
        error = config_load(host->config_path, host->report, &host->config);
    if (error)
        return error;
    log_setup((enum log_level)host->config->log_level, LOG_FORMAT_LOGFMT);
    return pthread_create(&host->thread, NULL, run, host) == 0 ? DAIS_OK : DAIS_E_MEMORY;
}

static int32_t finish(struct testhost *host)
{
    pthread_join(host->thread, NULL);
    int32_t result = host->result;
    host_free(host->host);
    testhost_free(host);
    return result;
}

static int32_t await(struct testhost *host)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += START_PATIENCE_S;
    while (sem_timedwait(&host->known, &until) != 0)
        if (errno == ETIMEDOUT)
            return DAIS_E_TIMEOUT;
    return host->serves ? DAIS_OK : DAIS_E_INVALID;
}

int32_t testhost_start(const struct testhost_options *options, struct testhost **ret_host)
{
    struct testhost *host = mem_zalloc(1, sizeof *host);
    CHECK(host != NULL && options->plugins != NULL);
    host->report = report_new();
    strbuf_init(&host->sent, TRAFFIC_BYTES_MAX);
    strbuf_init(&host->received, TRAFFIC_BYTES_MAX);
    sem_init(&host->known, 0, 0);
    int32_t error = begin(host, options);
    if (error) {
        testhost_free(host);
        return error;
    }
    error = await(host);
    if (!error) {
        *ret_host = host;
        return DAIS_OK;
    }
    CHECK_MSG(error != DAIS_E_TIMEOUT || host->host, "the host does not finish loading");
    if (error == DAIS_E_TIMEOUT)
        host_stop(host->host);
    int32_t result = finish(host);
    return result ? result : error;
}

int32_t testhost_stop(struct testhost *host)
{
    if (!host)
        return DAIS_OK;
    host_stop(host->host);
    return finish(host);
}
