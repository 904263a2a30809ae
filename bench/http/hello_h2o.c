/* SPDX-License-Identifier: MIT */
/*
 * The baseline of the HTTP benchmark: the least that libh2o can do, one thread, one handler, one
 * constant answer; "/big" answers with 1 MiB from memory. `bench_hello_h2o PORT` serves until it
 * is killed. The allocator is tuned as the server's is and the answer has the same lines, so that
 * only what we add is compared.
 */
#include <h2o.h>
#include <h2o/http1.h>

#include <malloc.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BIG_BYTES (1u << 20)

static h2o_globalconf_t config;
static h2o_context_t context;
static h2o_accept_ctx_t accept_context;
static uv_tcp_t listener;
static char big[BIG_BYTES];

static int on_req(h2o_handler_t *self, h2o_req_t *req)
{
    static h2o_generator_t generator;
    static char body[] = "{\"ok\":true}\r\n";
    int is_big = req->path.len == 4;
    h2o_iovec_t buf = is_big ? h2o_iovec_init(big, sizeof big)
                             : h2o_iovec_init(body, sizeof body - 1);
    (void)self;
    req->res.status = 200;
    req->res.content_length = buf.len;
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
                   H2O_STRLIT("application/json"));
    h2o_add_header_by_str(&req->pool, &req->res.headers, H2O_STRLIT("x-content-type-options"), 0,
                          NULL, H2O_STRLIT("nosniff"));
    h2o_start_response(req, &generator);
    h2o_send(req, &buf, 1, H2O_SEND_STATE_FINAL);
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static void on_accept(uv_stream_t *stream, int status)
{
    uv_tcp_t *conn = status == 0 ? malloc(sizeof *conn) : NULL;
    if (!conn)
        return;
    uv_tcp_init(stream->loop, conn);
    if (uv_accept(stream, (uv_stream_t *)conn) != 0) {
        uv_close((uv_handle_t *)conn, on_closed);
        return;
    }
    uv_tcp_nodelay(conn, 1);
    h2o_accept(&accept_context, h2o_uv_socket_create((uv_stream_t *)conn, on_closed));
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    uv_loop_t loop;
    if (argc != 2)
        return fprintf(stderr, "usage: %s PORT\n", argv[0]), 2;
    signal(SIGPIPE, SIG_IGN);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_TOP_PAD, 4 << 20);
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    memset(big, 'x', sizeof big);
    h2o_config_init(&config);
    h2o_hostconf_t *host = h2o_config_register_host(&config, h2o_iovec_init(H2O_STRLIT("bench")),
                                                    65535);
    h2o_pathconf_t *path = h2o_config_register_path(host, "/", 0);
    h2o_create_handler(path, sizeof(h2o_handler_t))->on_req = on_req;
    uv_loop_init(&loop);
    h2o_context_init(&context, &loop, &config);
    accept_context.ctx = &context;
    accept_context.hosts = config.hosts;
    address.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    uv_tcp_init(&loop, &listener);
    if (uv_tcp_bind(&listener, (struct sockaddr *)&address, 0) != 0 ||
        uv_listen((uv_stream_t *)&listener, 1024, on_accept) != 0)
        return fprintf(stderr, "port %s is not free\n", argv[1]), 1;
    return uv_run(&loop, UV_RUN_DEFAULT);
}
