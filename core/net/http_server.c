/* SPDX-License-Identifier: MIT */
#include "base/limits.h"
#include "base/mem.h"
#include "net/http_inner.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define PROBLEM_BYTES_MAX 512u
/** Memory for settings. */
#define SETUP_BYTES_MAX (1u << 20)
#define ORIGINS_MAX 64u

static _Thread_local char problem[PROBLEM_BYTES_MAX];

const char *http_problem(void)
{
    return problem;
}

int32_t http_refuse(int32_t code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(problem, sizeof problem, format, args);
    va_end(args);
    return code;
}

static int32_t check_config(const struct http_config *config, const struct http_hooks *hooks)
{
    if (config->workers == 0)
        return http_refuse(DAIS_E_INVALID, "a server needs at least one worker");
    if (config->address_count == 0 || config->address_count > HTTP_ADDRESSES_MAX)
        return http_refuse(DAIS_E_INVALID, "a server listens on 1 to %u addresses, not %u",
                           HTTP_ADDRESSES_MAX, config->address_count);
    if (config->cors_origin_count > ORIGINS_MAX)
        return http_refuse(DAIS_E_INVALID, "at most %u CORS origins are allowed", ORIGINS_MAX);
    for (uint32_t i = 0; i < config->trusted_proxy_count; i++) {
        struct http_network network;
        if (http_network_parse(config->trusted_proxies[i], &network) != DAIS_OK)
            return http_refuse(DAIS_E_INVALID, "the trusted proxy %.*s is no address or network",
                               STR_ARG(config->trusted_proxies[i]));
    }
    if (!hooks->open_sockets)
        return http_refuse(DAIS_E_INVALID, "nobody opens the sockets");
    if (config->tls_address_count > (config->tls ? config->address_count : 0))
        return http_refuse(DAIS_E_INVALID, "addresses that speak TLS need a certificate");
    return DAIS_OK;
}

static const struct dais_str *copy_list(struct dais_arena *arena, const struct dais_str *list,
                                        uint32_t count)
{
    struct dais_str *copy = arena_alloc(arena, (count + 1) * sizeof *copy);
    for (uint32_t i = 0; copy && i < count; i++) {
        copy[i] = arena_dup(arena, list[i]);
        if (!copy[i].ptr)
            return NULL;
    }
    return copy;
}

static int32_t copy_networks(struct http_server *server, const struct http_config *config)
{
    server->networks = arena_alloc(&server->arena,
                                   (config->trusted_proxy_count + 1) * sizeof *server->networks);
    if (!server->networks)
        return DAIS_E_MEMORY;
    for (uint32_t i = 0; i < config->trusted_proxy_count; i++) {
        int32_t code = http_network_parse(config->trusted_proxies[i], &server->networks[i]);
        CHECK(code == DAIS_OK); /* check_config has read it already */
    }
    server->network_count = config->trusted_proxy_count;
    return DAIS_OK;
}

static uint32_t or_limit(uint32_t value, enum limit limit)
{
    return value ? value : (uint32_t)limit_get(limit);
}

static int32_t copy_config(struct http_server *server, const struct http_config *config)
{
    struct http_config *mine = &server->config;
    *mine = *config;
    mine->request_timeout_ms = or_limit(config->request_timeout_ms, LIMIT_HTTP_REQUEST_MS);
    mine->handler_timeout_ms = or_limit(config->handler_timeout_ms, LIMIT_HTTP_HANDLER_MS);
    mine->peer_timeout_ms = or_limit(config->peer_timeout_ms, LIMIT_HTTP_PEER_MS);
    mine->bytes_per_s_min = or_limit(config->bytes_per_s_min, LIMIT_HTTP_BYTES_PER_S);
    mine->trusted_proxies = NULL; /* server->networks */
    mine->addresses = copy_list(&server->arena, config->addresses, config->address_count);
    mine->cors_origins = copy_list(&server->arena, config->cors_origins, config->cors_origin_count);
    if (!mine->addresses || !mine->cors_origins)
        return DAIS_E_MEMORY;
    int32_t code = copy_networks(server, config);
    if (code != DAIS_OK)
        return code;
    for (uint32_t i = 0; i < config->cors_origin_count; i++)
        server->cors_any = server->cors_any || str_eqz(config->cors_origins[i], "*");
    return DAIS_OK;
}

/* HTTP/2 stays off: a reset flood would take a worker's whole time, and nothing in h2o counts it.
 */
static void configure_h2o(struct http_server *server)
{
    h2o_globalconf_t *h2o = &server->h2o;
    h2o_config_init(h2o);
    h2o->server_name = h2o_iovec_init(H2O_STRLIT("dais"));
    h2o->http1.upgrade_to_http2 = 0;
    h2o->handshake_timeout = (uint64_t)limit_get(LIMIT_TLS_HANDSHAKE_MS);
    h2o->http1.req_timeout = (uint64_t)limit_get(LIMIT_HTTP_IDLE_MS);
    h2o->max_request_entity_size = (size_t)server->body_bytes_max;
    h2o_hostconf_t *host = h2o_config_register_host(h2o, h2o_iovec_init(H2O_STRLIT("dais")), 65535);
    h2o_pathconf_t *path = h2o_config_register_path(host, "/", 0);
    h2o_create_handler(path, sizeof(h2o_handler_t))->on_req = http_run;
}

static int32_t make(struct http_server *server, const struct http_config *config)
{
    uint64_t fd_count = (uint64_t)config->workers * config->address_count;
    int32_t code = copy_config(server, config);
    if (code == DAIS_OK)
        code = http_refusal_setup(server);
    if (code != DAIS_OK)
        return code;
    server->workers = mem_zalloc(config->workers, sizeof *server->workers);
    server->fds = mem_zalloc(fd_count, sizeof *server->fds);
    if (!server->workers || !server->fds)
        return DAIS_E_MEMORY;
    for (uint64_t i = 0; i < fd_count; i++)
        server->fds[i] = -1;
    code = http_table_new(server, &server->table);
    return code == DAIS_OK ? http_metrics_register(server) : code;
}

int32_t http_new(const struct http_config *config, const struct http_hooks *hooks,
                 struct http_server **ret_server)
{
    int32_t code = check_config(config, hooks);
    if (code != DAIS_OK)
        return code;
    struct http_server *server = mem_zalloc(1, sizeof *server);
    if (!server)
        return http_refuse(DAIS_E_MEMORY, "no memory");
    arena_init(&server->arena, SETUP_BYTES_MAX);
    server->hooks = hooks;
    server->body_bytes_max = (uint64_t)limit_get(LIMIT_BODY_BYTES);
    server->path_bytes_max = (uint64_t)limit_get(LIMIT_HTTP_PATH_BYTES);
    server->header_bytes_max = (uint64_t)limit_get(LIMIT_HTTP_HEADER_BYTES);
    server->linger_bytes = (uint64_t)limit_get(LIMIT_HTTP_LINGER_BYTES);
    server->linger_ms = (uint64_t)limit_get(LIMIT_HTTP_LINGER_MS);
    server->rate_of_others = hooks->rate_class ? (uint32_t)hooks->rate_class("media") : 0;
    configure_h2o(server);
    code = make(server, config);
    if (code != DAIS_OK) {
        http_free(server);
        return http_refuse(code, "the server cannot be made");
    }
    *ret_server = server;
    return DAIS_OK;
}

void http_free(struct http_server *server)
{
    if (!server)
        return;
    uint64_t count = server->fds ? (uint64_t)server->config.workers * server->config.address_count
                                 : 0;
    for (uint64_t i = 0; i < count; i++)
        if (server->fds[i] >= 0)
            close(server->fds[i]);
    for (struct http_table *table = server->table, *before; table; table = before) {
        before = table->replaced;
        http_table_drop(table);
    }
    h2o_config_dispose(&server->h2o);
    mem_free(server->fds);
    mem_free(server->workers);
    arena_reset(&server->arena);
    mem_free(server);
}

static uint32_t port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return 0;
    return address.ss_family == AF_INET6
               ? ntohs(((const struct sockaddr_in6 *)(const void *)&address)->sin6_port)
               : ntohs(((const struct sockaddr_in *)(const void *)&address)->sin_port);
}

bool http_is_secure(const struct http_config *config, uint32_t address)
{
    return address >= config->address_count - config->tls_address_count;
}

/* "http", "http1" … and "https", "https1" …: names that hold while the numbers of others change. */
static void name_address(const struct http_config *config, uint32_t address, char ret_name[16])
{
    bool secure = http_is_secure(config, address);
    uint32_t nth = secure ? address - (config->address_count - config->tls_address_count) : address;
    const char *scheme = secure ? "https" : "http";
    if (nth == 0)
        snprintf(ret_name, 16, "%s", scheme);
    else
        snprintf(ret_name, 16, "%s%u", scheme, nth);
}

int32_t http_open(struct http_server *server)
{
    if (server->open)
        return http_refuse(DAIS_E_STATE, "the server is open already");
    server->open = true;
    for (uint32_t i = 0; i < server->config.address_count; i++) {
        char name[16];
        int *fds = &server->fds[i * server->config.workers];
        name_address(&server->config, i, name);
        int32_t code = server->hooks->open_sockets(name, server->config.addresses[i],
                                                   server->config.workers, fds);
        if (code != DAIS_OK)
            return http_refuse(code, "%.*s cannot be listened on",
                               STR_ARG(server->config.addresses[i]));
        server->ports[i] = port_of(fds[0]);
    }
    return DAIS_OK;
}

uint32_t http_port(const struct http_server *server, uint32_t index)
{
    return index < server->config.address_count ? server->ports[index] : 0;
}
