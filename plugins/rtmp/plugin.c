/* SPDX-License-Identifier: MIT */
/* Ingest by RTMP: descriptor and tables. */
#include "conn.h"
#include "dais/dais.h"

static const struct dais_need NEEDS[] = {
    DAIS_NEED_CONFIG,  DAIS_NEED_FIBER, DAIS_NEED_LOG,      DAIS_NEED_MEDIA,   DAIS_NEED_MEM,
    DAIS_NEED_METRICS, DAIS_NEED_NET,   DAIS_NEED_SERVICES, DAIS_NEED_STREAMS, {NULL, NULL, 0, 0},
};

static const struct dais_field CONFIG_FIELDS[] = {
    DAIS_FIELD_CONFIG(struct conn_config, listen, DAIS_KIND_STRING, 1, 253, "0.0.0.0", NULL,
                      "address to listen on"),
    DAIS_FIELD_CONFIG(struct conn_config, port, DAIS_KIND_INT, 0, 65535, "1935", "RTMP_PORT",
                      "port to listen on; 0 for any"),
    DAIS_FIELD_CONFIG(struct conn_config, tls_port, DAIS_KIND_INT, 1, 65535, NULL, "RTMPS_PORT",
                      "port for RTMPS, usually 1936; default none"),
    DAIS_FIELD_CONFIG(struct conn_config, connections_max, DAIS_KIND_INT, 1, 100000, "1000", NULL,
                      "connections at a time; more wait in the backlog"),
    DAIS_FIELD_CONFIG(struct conn_config, handshake_timeout_ms, DAIS_KIND_INT, 100, 600000, "20000",
                      NULL, "from accept to publish, in milliseconds"),
    DAIS_FIELD_CONFIG(struct conn_config, media_timeout_ms, DAIS_KIND_INT, 100, 600000, "15000",
                      NULL, "longest silence of a publisher, in milliseconds"),
    DAIS_FIELD_CONFIG(struct conn_config, message_bytes_max, DAIS_KIND_INT, 65536, 16777215,
                      "4194304", NULL, "largest message (one frame), in bytes"),
    DAIS_FIELD_END,
};
static const struct dais_shape CONFIG = DAIS_SHAPE("RtmpConfig", struct conn_config, CONFIG_FIELDS);

static const struct dais_metric METRICS[] = {
    [CONN_PUBLISHERS] = {"publishers", DAIS_GAUGE, 0, "Encoders that publish"},
    [CONN_REFUSED] = {"refused_total", DAIS_COUNTER, 0, "Encoders that were refused"},
    [CONN_BROKEN] = {"broken_total", DAIS_COUNTER, 0, "Connections closed for what they sent"},
    [CONN_PACKETS_DROPPED] = {"packets_dropped_total", DAIS_COUNTER, 0,
                              "Frames that did not reach the hub"},
    {NULL, 0, 0, NULL},
};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = dais_config->read(&CONFIG, &conn_config);
    if (!error)
        error = dais_metrics->table(METRICS, &conn_metrics_first);
    return error ? error : conn_listen();
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "rtmp",
    .version = "0.1.0",
    .summary = "Takes streams from encoders by RTMP",
    .needs = NEEDS,
    .init = init,
};
