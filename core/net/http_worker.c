/* SPDX-License-Identifier: MIT */
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "loop/fiber.h"
#include "loop/worker.h"
#include "net/http_inner.h"

/** While draining, how often it is looked whether all answers are out. */
#define DRAIN_CHECK_MS 10u

struct http_worker *http_worker_self(struct http_server *server)
{
    return &server->workers[worker_index()];
}

int32_t http_worker_start(struct http_server *server)
{
    struct http_worker *worker = http_worker_self(server);
    http_lazy_setup();
    worker->server = server;
    worker->index = worker_index();
    worker->connections_max = (uint32_t)limit_get(LIMIT_HTTP_CONNECTIONS);
    worker->next_id = random_u64();
    list_init(&worker->conns);
    list_init(&worker->held);
    list_init(&worker->detached);
    list_init(&worker->upgrades);
    list_init(&worker->spare);
    h2o_context_init(&worker->h2o, worker_uv(), &server->h2o);
    worker->accept = (h2o_accept_ctx_t){.ctx = &worker->h2o, .hosts = server->h2o.hosts};
    worker->per_address_max = (uint32_t)limit_get(LIMIT_HTTP_CONNECTIONS_PER_ADDRESS);
    http_client_start(worker);
    http_lazy_start(worker);
    http_sweep_start(worker);
    if (server->config.tls && worker->index == 0)
        tls_watch_start(server->config.tls);
    worker->accept_secure = worker->accept;
    return http_accept_start(worker);
}

/* Ends when the last answer is out; the loop's stop waits for it, and cancels it in the end. */
static void wait_for_answers(void *arg)
{
    struct http_worker *worker = arg;
    while (worker->requests > 0)
        if (fiber_sleep(DRAIN_CHECK_MS) != DAIS_OK)
            break;
    http_upgrade_forget(worker);
}

void http_worker_drain(struct http_server *server)
{
    struct http_worker *worker = http_worker_self(server);
    struct fiber_spec spec = {.name = "http drain", .fn = wait_for_answers, .arg = worker};
    worker->draining = true;
    if (server->config.tls && worker->index == 0)
        tls_watch_stop(server->config.tls);
    http_accept_stop(worker);
    worker->h2o.shutdown_requested = 1; /* h2o's own function would arm a timer of HTTP/2 */
    http_detach_drain(worker);
    if (fiber_spawn(&spec, NULL) != DAIS_OK)
        LOG_WARN("answers under way are not waited for");
}

/* As h2o_context_dispose, which would also run the loop from inside of the loop. */
static void dispose_context(h2o_context_t *h2o)
{
    h2o_timeout_t *timeouts[] = {&h2o->zero_timeout,
                                 &h2o->one_sec_timeout,
                                 &h2o->hundred_ms_timeout,
                                 &h2o->handshake_timeout,
                                 &h2o->http1.req_timeout,
                                 &h2o->http2.idle_timeout,
                                 &h2o->http2.graceful_shutdown_timeout,
                                 &h2o->proxy.io_timeout};
    for (size_t i = 0; i < sizeof timeouts / sizeof timeouts[0]; i++)
        h2o_timeout_dispose(h2o->loop, timeouts[i]);
    free(h2o->_pathconfs_inited.entries);
    free(h2o->_module_configs);
    h2o_filecache_destroy(h2o->filecache);
    free(h2o->storage.entries);
    h2o_multithread_unregister_receiver(h2o->queue, &h2o->receivers.hostinfo_getaddr);
    h2o_multithread_destroy_queue(h2o->queue);
    if (h2o->_timestamp_cache.value)
        h2o_mem_release_shared(h2o->_timestamp_cache.value);
}

void http_worker_settle(struct http_worker *worker)
{
    if (!worker->stopping || worker->connections > 0 || worker->listening > 0)
        return;
    worker->stopping = false; /* only once */
    tls_use_drop(&worker->tls);
    for (struct list_node *node; (node = list_pop(&worker->spare));)
        mem_free(LIST_ITEM(node, struct dais_req, held));
    http_lazy_stop(worker);
    http_client_stop(worker);
    dispose_context(&worker->h2o);
}

void http_worker_stop(struct http_server *server)
{
    struct http_worker *worker = http_worker_self(server);
    if (!worker->server)
        return;
    worker->draining = true;
    worker->stopping = true;
    http_accept_stop(worker);
    http_sweep_all(worker);
    http_worker_settle(worker);
}
