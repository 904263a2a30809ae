/* SPDX-License-Identifier: MIT */
#include "base/check.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/random.h"
#include "data/bus.h"
#include "data/db.h"
#include "host/admin.h"
#include "host/certificates.h"
#include "host/config.h"
#include "host/delivery.h"
#include "host/files.h"
#include "host/hooks.h"
#include "host/identity.h"
#include "host/operations.h"
#include "host/plugin_life.h"
#include "host/plugin_routes.h"
#include "host/process_metrics.h"
#include "host/rate.h"
#include "host/realtime.h"
#include "host/reload.h"
#include "host/report.h"
#include "host/state.h"
#include "loop/board.h"
#include "media/hub.h"
#include "net/tcp.h"
#include "net/tls.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *name_of(uint32_t owner)
{
    const struct plugin *plugin = host_plugin(owner);
    return plugin ? plugin->id : NULL;
}

/** <folder of the executable>/plugins, or ../lib/dais/plugins beside it when that is there. */
static int32_t find_plugins_dir(struct host *host)
{
    static const char *const places[] = {"plugins", "../plugins", "../lib/dais/plugins"};
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    if (len <= 0)
        return DAIS_E_UNAVAILABLE;
    program[len] = '\0';
    char *slash = strrchr(program, '/');
    CHECK(slash != NULL);
    *slash = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct stat stat_of;
        host->options.plugins_dir = arena_printf(&host->arena, "%s/%s", program, places[i]).ptr;
        if (!host->options.plugins_dir)
            return DAIS_E_MEMORY;
        if (stat(host->options.plugins_dir, &stat_of) == 0 && S_ISDIR(stat_of.st_mode))
            break;
    }
    return DAIS_OK;
}

/** All addresses of HTTP; those that speak TLS stand last. */
static int32_t join_addresses(struct host *host, struct http_config *settings)
{
    const struct dais_list *plain = &host->options.config->http_listen;
    const struct dais_list *secure = &host->options.config->tls_listen;
    uint64_t count = plain->count + secure->count;
    struct dais_str *addresses = arena_alloc(&host->arena, count * sizeof *addresses);
    if (!addresses)
        return DAIS_E_MEMORY;
    if (plain->count > 0)
        memcpy(addresses, plain->items, plain->count * sizeof *addresses);
    if (secure->count > 0)
        memcpy(addresses + plain->count, secure->items, secure->count * sizeof *addresses);
    settings->addresses = addresses;
    settings->address_count = (uint32_t)count;
    settings->tls_address_count = (uint32_t)secure->count;
    return DAIS_OK;
}

static int32_t open_http(struct host *host)
{
    const struct config *config = host->options.config;
    struct http_config settings = {
        .tls = host->tls,
        .workers = host->workers,
        .cors_origins = config->cors_origins.items,
        .cors_origin_count = (uint32_t)config->cors_origins.count,
        .access_log = config->access_log,
        .trusted_proxies = config->trusted_proxies.items,
        .trusted_proxy_count = (uint32_t)config->trusted_proxies.count,
        .forwarded = config->forwarded,
    };
    int32_t error = join_addresses(host, &settings);
    if (!error)
        error = http_new(&settings, &host_hooks, &host->http);
    if (error)
        report_add(host->report, "http: %s", http_problem());
    return error;
}

static int32_t open_layers(struct host *host)
{
    struct db_options database = {.conninfo = host->options.database};
    struct tcp_config tcp = {.workers = host->workers,
                             .open_sockets = host_hooks.open_sockets,
                             .close_sockets = host->options.close_sockets};
    int32_t error = metrics_init(host->workers);
    if (!error)
        error = certificates_open(host->options.config, host->report, &host->tls);
    tcp.tls = host->tls;
    if (!error)
        error = open_http(host);
    if (!error)
        error = tcp_new(&tcp, &host->tcp);
    if (!error)
        error = process_metrics_register();
    if (!error)
        error = hub_init();
    if (error)
        return error;
    error = realtime_open();
    if (!error)
        error = tables_new(host, &host->tables);
    if (error)
        return error;
    error = db_open(&database);
    if (error)
        report_add(host->report, "database.url cannot be read");
    if (!error)
        error = operations_init();
    return error ? error : delivery_init();
}

/** Row 0 of the owners: the core's own routes. */
static void name_core(struct host *host)
{
    struct plugin *core = &host->plugins[OWNER_CORE];
    memcpy(core->id, "core", sizeof "core");
    core->out.id = core->id;
    host->owner_count = 1;
    log_plugin_names(name_of);
}

static int32_t load(struct host *host)
{
    int32_t error = host->options.plugins_dir ? DAIS_OK : find_plugins_dir(host);
    if (!error)
        error = open_layers(host);
    if (error)
        return error;
    uint32_t before = report_count(host->report);
    if (admin_register(host) != DAIS_OK)
        report_add(host->report, "the routes of the core: %s", http_problem());
    plugin_life_load(host);
    if (!host->options.offline) {
        plugin_routes_restore(host, NULL);
        operations_restore(host);
    }
    tables_use(host, &host->tables);
    operations_rebuild(host);
    error = identity_init();
    if (!error)
        error = reload_init();
    if (plugin_life_problems(host) > 0 || report_count(host->report) > before)
        return DAIS_E_INVALID;
    return error;
}

int32_t host_new(const struct host_options *options, struct report *report, struct host **ret_host)
{
    CHECK(options->offline || options->open_sockets);
    struct host *host = mem_zalloc(1, sizeof *host);
    if (!host)
        return DAIS_E_MEMORY;
    random_init();
    arena_init(&host->arena, HOST_ARENA_BYTES_MAX);
    host->options = *options;
    host->report = report;
    host->workers = options->config->workers;
    host->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    host_set(host);
    host_use_slot(host, options->slot_count - 1);
    name_core(host);
    uint32_t before = report_count(report);
    int32_t error = rate_table_new((uint32_t)limit_get(LIMIT_RATE_CELLS), &host->rates);
    if (!error)
        error = host->wake_fd < 0 ? DAIS_E_UNAVAILABLE : load(host);
    if (error) {
        if (report_count(report) == before)
            report_add(report, "the server cannot be set up: %s", strerror(errno));
        host_free(host);
        return error;
    }
    *ret_host = host;
    return DAIS_OK;
}

void host_stop(struct host *host)
{
    int saved = errno;
    uint64_t one = 1;
    atomic_store(&host->stopping, 1);
    if (write(host->wake_fd, &one, sizeof one) < 0)
        CHECK(errno == EAGAIN); /* the counter is full: it is awake */
    errno = saved;
}

void host_hangup(struct host *host)
{
    if (host->tls)
        tls_reload_soon(host->tls);
}

uint32_t host_http_port(const struct host *host, uint32_t index)
{
    return http_port(host->http, index);
}

void host_free(struct host *host)
{
    if (!host)
        return;
    plugin_life_fini(host);
    operations_fini();
    tables_free(&host->tables);
    http_free(host->http);
    realtime_close();
    tcp_free(host->tcp);
    tls_free(host->tls);
    db_close();
    bus_close();
    plugin_life_free(host);
    boards_reset();
    metrics_fini();
    log_plugin_names(NULL);
    if (host->wake_fd >= 0)
        close(host->wake_fd);
    host_set(NULL);
    owner_slot_use(NULL);
    arena_reset(&host->arena);
    rate_table_free(host->rates);
    mem_free(host);
}
