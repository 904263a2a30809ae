/* SPDX-License-Identifier: MIT */
#include "host/admin.h"

#include "base/json_write.h"
#include "base/metrics.h"
#include "base/str.h"
#include "data/db.h"
#include "data/migrate.h"
#include "host/abi.h"
#include "host/asyncapi.h"
#include "host/config.h"
#include "host/docs_page.h"
#include "host/openapi.h"
#include "host/plugin_metrics.h"
#include "host/realtime.h"
#include "host/state.h"
#include "loop/fiber.h"

#define METRICS_BYTES_MAX (4u << 20)
#define DOCUMENT_BYTES_MAX (8u << 20)
#define READY_BYTES_MAX 32768u

static int32_t answer_health(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return http_reply(req, 200, "text/plain; charset=utf-8", dais_cstr("ok\n"));
}

/** Adds one reason why the server is not ready. */
static void miss(struct json_writer *json, const char *what, const char *reason)
{
    json_open_object(json);
    json_key(json, "what");
    json_add_stringz(json, what);
    json_key(json, "reason");
    json_add_stringz(json, reason);
    json_close_object(json);
}

static uint32_t miss_database(struct json_writer *json)
{
    if (!host_get()->options.database) {
        miss(json, "database", "none is configured");
        return 1;
    }
    if (migrate_state() == MIGRATE_REFUSED) {
        miss(json, "schema", migrate_message());
        return 1;
    }
    if (db_available_everywhere())
        return 0;
    miss(json, "database", "it does not answer");
    return 1;
}

/** Plugins that the server may do without are not missed. */
static uint32_t miss_plugins(struct json_writer *json)
{
    struct host *host = host_get();
    uint32_t missed = 0;
    for (uint32_t owner = 1; owner < host->owner_count; owner++) {
        const struct plugin *plugin = &host->plugins[owner];
        uint32_t state = atomic_load(&plugin->state);
        if (state == PLUGIN_STARTED || state == PLUGIN_FAILED || state == PLUGIN_QUARANTINED)
            continue;
        miss(json, plugin->id, state == PLUGIN_STOPPED ? "it has stopped" : "it is starting");
        missed++;
    }
    return missed;
}

/** Listeners of plugins open last, and close first. */
static uint32_t miss_listeners(struct json_writer *json)
{
    uint32_t phase = atomic_load(&host_get()->phase);
    if (phase == HOST_SERVING)
        return 0;
    miss(json, "listeners", phase < HOST_SERVING ? "they open next" : "they are closed");
    return 1;
}

static int32_t answer_ready(struct dais_req *req, const struct dais_input *input)
{
    struct strbuf out;
    struct json_writer json;
    (void)input;
    strbuf_init_in(&out, http_arena(req), READY_BYTES_MAX);
    json_write_init(&json, &out);
    json_open_object(&json);
    json_key(&json, "missing");
    json_open_array(&json);
    uint32_t missed = miss_database(&json) + miss_plugins(&json) + miss_listeners(&json);
    json_close_array(&json);
    json_key(&json, "ready");
    json_add_bool(&json, missed == 0);
    json_close_object(&json);
    if (strbuf_error(&out))
        return strbuf_error(&out);
    return http_reply(req, missed ? 503 : 200, "application/json", strbuf_view(&out));
}

/** Somebody on this machine; not whom a proxy on it speaks for. */
static int is_local(struct dais_req *req)
{
    struct dais_str peer = http_peer(req);
    if (http_header(req, "x-forwarded-for").ptr || http_header(req, "forwarded").ptr)
        return 0;
    return str_eqz(peer, "::1") || str_has_prefix(peer, "127.");
}

static int32_t answer_metrics(struct dais_req *req, const struct dais_input *input)
{
    struct strbuf out;
    (void)input;
    if (host_get()->options.config->metrics_access == METRICS_LOCAL && !is_local(req))
        return http_fail(req, DAIS_E_DENIED, NULL,
                         "metrics are for this machine; see metrics.access");
    strbuf_init_in(&out, http_arena(req), METRICS_BYTES_MAX);
    metrics_render(&out);
    plugin_metrics_render(&out);
    if (strbuf_error(&out))
        return strbuf_error(&out);
    return http_reply(req, 200, "text/plain; version=0.0.4; charset=utf-8", strbuf_view(&out));
}

static int32_t answer_openapi(struct dais_req *req, const struct dais_input *input)
{
    struct strbuf out;
    (void)input;
    strbuf_init_in(&out, http_arena(req), DOCUMENT_BYTES_MAX);
    int32_t error = openapi_write(http_arena(req), &out);
    if (error)
        return error;
    return http_reply(req, 200, "application/json", strbuf_view(&out));
}

static int32_t answer_asyncapi(struct dais_req *req, const struct dais_input *input)
{
    struct strbuf out;
    (void)input;
    strbuf_init_in(&out, http_arena(req), DOCUMENT_BYTES_MAX);
    int32_t error = asyncapi_write(http_arena(req), &out);
    if (error)
        return error;
    return http_reply(req, 200, "application/json", strbuf_view(&out));
}

static int32_t answer_docs(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return http_reply(req, 200, "text/html; charset=utf-8",
                      dais_str((const char *)docs_page, docs_page_bytes));
}

/** What a client may want to know about the server. */
struct version {
    struct dais_str name;
    struct dais_str version;
    int64_t abi_major;
};

static const struct dais_field version_fields[] = {
    DAIS_FIELD(struct version, name, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 0, "Always dais"),
    DAIS_FIELD(struct version, version, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 0,
               "Version of the server"),
    DAIS_FIELD_NAMED("abiMajor", struct version, abi_major, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0,
                     0, "Major version of the plugin ABI"),
    DAIS_FIELD_END,
};

static const struct dais_shape version_shape = DAIS_SHAPE("Version", struct version,
                                                          version_fields);

static int32_t answer_version(struct dais_req *req, const struct dais_input *input)
{
    static const struct version version = {DAIS_STR_INIT("dais"), DAIS_STR_INIT(DAIS_VERSION),
                                           DAIS_ABI_MAJOR};
    (void)input;
    return http_reply_fields(req, 200, &version_shape, &version);
}

static const struct dais_route routes[] = {
    {.method = "GET",
     .path = "/healthz",
     .access = DAIS_ACCESS_PUBLIC,
     .rate_class = "media",
     .flags = DAIS_ROUTE_INLINE,
     .status = 200,
     .handler = answer_health,
     .summary = "Whether the process answers"},
    {.method = "GET",
     .path = "/readyz",
     .access = DAIS_ACCESS_PUBLIC,
     .rate_class = "media",
     .status = 200,
     .handler = answer_ready,
     .summary = "Whether database and plugins run; 503 says what is missing"},
    {.method = "GET",
     .path = "/docs",
     .access = DAIS_ACCESS_PUBLIC,
     .flags = DAIS_ROUTE_INLINE,
     .status = 200,
     .handler = answer_docs,
     .summary = "This API as a page"},
    {.method = "GET",
     .path = "/docs/openapi.json",
     .access = DAIS_ACCESS_PUBLIC,
     .status = 200,
     .handler = answer_openapi,
     .summary = "This API as an OpenAPI 3.1 document"},
    {.method = "GET",
     .path = "/docs/asyncapi.json",
     .access = DAIS_ACCESS_PUBLIC,
     .status = 200,
     .handler = answer_asyncapi,
     .summary = "The events of real-time clients as an AsyncAPI 3.0 document"},
    {.method = "GET",
     .path = "/api/version",
     .access = DAIS_ACCESS_PUBLIC,
     .status = 200,
     .answer_shape = &version_shape,
     .handler = answer_version,
     .summary = "Versions of the server and its plugin ABI"},
    {.method = NULL},
};

#define METRICS_ROUTE(ACCESS, ROLES)                                                               \
    {                                                                                              \
        .method = "GET", .path = "/metrics", .access = (ACCESS), .roles = (ROLES), .status = 200,  \
        .handler = answer_metrics,                                                                 \
        .summary = "Counters and gauges in the text format of Prometheus"                          \
    }

static const struct dais_route metrics_routes[] = {
    METRICS_ROUTE(DAIS_ACCESS_PUBLIC, 0),
    {.method = NULL},
};

static const struct dais_route metrics_admin_routes[] = {
    METRICS_ROUTE(DAIS_ACCESS_ROLE, DAIS_ROLE_ADMIN),
    {.method = NULL},
};

int32_t admin_register(struct host *host)
{
    struct http_owner *owner = &host->plugins[OWNER_CORE].out;
    bool admin = host->options.config->metrics_access == METRICS_ADMIN;
    int32_t error = http_table_routes(host->tables.routes, owner, routes);
    if (!error)
        error = http_table_routes(host->tables.routes, owner,
                                  admin ? metrics_admin_routes : metrics_routes);
    return error ? error : realtime_register(host);
}
