/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The limits: every maximum of the core in one table, each with its default, unit and prose. The
 * configuration may override them by name (`limits:`) before the workers start; after that they
 * don't change. Documentation and `dais describe` are generated from the table.
 */
#include "dais/error.h"
#include "dais/types.h"

/** X(NAME, name in the configuration, default, min, max, unit, prose) */
#define LIMITS(X)                                                                                  \
    X(ARENA_BYTES, arena_bytes, 8388608, 65536, 1073741824, "bytes",                               \
      "memory of one request or fiber")                                                            \
    X(ARENA_POOL_BYTES, arena_pool_bytes, 4194304, 0, 1073741824, "bytes",                         \
      "free arena memory kept by a thread")                                                        \
    X(BODY_BYTES, body_bytes, 1048576, 1024, 1073741824, "bytes", "HTTP request body")             \
    X(BUS_EVENTS, bus_events, 4096, 16, 1048576, "events",                                         \
      "bus events that not every worker has heard yet")                                            \
    X(BUS_SUBSCRIPTIONS, bus_subscriptions, 1024, 1, 65536, "rows",                                \
      "subscriptions of bus topics by all plugins")                                                \
    X(CHILDREN, children, 256, 1, 4096, "processes", "child processes of a worker")                \
    X(CRASH_COUNT, crash_count, 3, 1, 100, "crashes",                                              \
      "crashes of a plugin within crash_window_ms after which it is left out")                     \
    X(CRASH_WINDOW_MS, crash_window_ms, 300000, 1000, 86400000, "ms",                              \
      "how long a crash counts against its plugin")                                                \
    X(DB_QUEUE, db_queue, 4096, 16, 1048576, "statements",                                         \
      "statements waiting in a worker's lane")                                                     \
    X(DB_POOL, db_pool, 4, 1, 64, "connections", "plain database connections of a worker")         \
    X(DB_POOL_QUEUE, db_pool_queue, 1024, 1, 65536, "fibers",                                      \
      "fibers of a worker that wait for a plain database connection")                              \
    X(DB_QUEUE_BYTES, db_queue_bytes, 67108864, 65536, 4294967296, "bytes",                        \
      "values on their way in a worker's lane")                                                    \
    X(DB_RESULT_BYTES, db_result_bytes, 16777216, 65536, 1073741824, "bytes",                      \
      "result of one statement")                                                                   \
    X(DB_STATEMENTS, db_statements, 4096, 1, 65536, "statements", "statements of all plugins")     \
    X(EIO_PACKETS_PER_POLL, eio_packets_per_poll, 16, 1, 65536, "packets",                         \
      "Engine.IO packets in one answer to a poll; some clients take no more")                      \
    X(EIO_PAYLOAD_BYTES, eio_payload_bytes, 1000000, 1024, 16777216, "bytes",                      \
      "an Engine.IO message or body of a POST, as clients are told")                               \
    X(EIO_PING_INTERVAL_MS, eio_ping_interval_ms, 25000, 20, 3600000, "ms",                        \
      "from a pong of an Engine.IO client to the next ping")                                       \
    X(EIO_PING_TIMEOUT_MS, eio_ping_timeout_ms, 20000, 20, 3600000, "ms",                          \
      "from a ping to an Engine.IO client to the end of a session without its pong")               \
    X(EIO_POST_BYTES, eio_post_bytes, 67108864, 1024, 4294967296, "bytes",                         \
      "bodies of Engine.IO clients that wait on a worker")                                         \
    X(EIO_SESSIONS, eio_sessions, 100000, 1, 16777215, "sessions",                                 \
      "Engine.IO sessions of a worker")                                                            \
    X(EIO_SESSIONS_PER_ADDRESS, eio_sessions_per_address, 4096, 1, 16777215, "sessions",           \
      "Engine.IO sessions of one address on a worker")                                             \
    X(EIO_UPGRADE_MS, eio_upgrade_ms, 10000, 20, 600000, "ms",                                     \
      "from a WebSocket for a session that polls to the end of the upgrade")                       \
    X(EVENT_BYTES, event_bytes, 1048576, 1024, 16777216, "bytes",                                  \
      "arguments of an event that is sent to clients")                                             \
    X(EVENT_HANDLER_MS, event_handler_ms, 30000, 100, 3600000, "ms",                               \
      "time for the handler of an event; its waiting calls are then cancelled")                    \
    X(FIBERS, fibers, 16384, 16, 1048576, "fibers", "fibers of a worker")                          \
    X(FIBER_POOL, fiber_pool, 512, 0, 65536, "stacks", "free stacks kept by a worker")             \
    X(FIBER_STACK_BYTES, fiber_stack_bytes, 65536, 32768, 8388608, "bytes", "stack of a fiber")    \
    X(HTTP_BYTES_PER_S, http_bytes_per_s, 1024, 1, 1073741824, "bytes/s",                          \
      "bodies of requests and answers must go on at least that fast")                              \
    X(HTTP_CONNECTIONS, http_connections, 20000, 16, 1048576, "connections",                       \
      "HTTP connections of a worker")                                                              \
    X(HTTP_CONNECTIONS_PER_ADDRESS, http_connections_per_address, 4096, 1, 1048576, "connections", \
      "HTTP connections of one address to a worker; trusted proxies have no such limit")           \
    X(HTTP_FOLDER_BYTES, http_folder_bytes, 67108864, 67108864, 67108864, "bytes",                 \
      "all files of one folder of a plugin; fixed")                                                \
    X(HTTP_HANDLER_MS, http_handler_ms, 30000, 100, 3600000, "ms",                                 \
      "time for a handler; its waiting calls are then cancelled")                                  \
    X(HTTP_HEADERS, http_headers, 100, 100, 100, "headers", "headers of a request; fixed")         \
    X(HTTP_HEADER_BYTES, http_header_bytes, 16384, 1024, 262144, "bytes",                          \
      "all headers of a request")                                                                  \
    X(HTTP_PATH_BYTES, http_path_bytes, 2048, 128, 65536, "bytes", "path and query of a request")  \
    X(HTTP_IDLE_MS, http_idle_ms, 60000, 1000, 3600000, "ms",                                      \
      "keep-alive, headers and body of a request together")                                        \
    X(HTTP_LINGER_BYTES, http_linger_bytes, 16777216, 0, 1073741824, "bytes",                      \
      "thrown away behind a request that was refused unread, so that the answer arrives")          \
    X(HTTP_LINGER_MS, http_linger_ms, 2000, 0, 60000, "ms",                                        \
      "how long a refused client may go on writing before the connection closes")                  \
    X(HTTP_PEER_MS, http_peer_ms, 20000, 1000, 3600000, "ms",                                      \
      "how long a peer may leave what was sent unacknowledged")                                    \
    X(HTTP_REQUEST_MS, http_request_ms, 10000, 100, 3600000, "ms",                                 \
      "from the first byte of a request to its last; a body that keeps its rate has longer")       \
    X(JOB_THREADS, job_threads, 12, 1, 256, "threads", "threads for blocking work")                \
    X(JOB_QUEUE, job_queue, 256, 1, 65536, "jobs", "jobs waiting in a class")                      \
    X(JOB_STACK_BYTES, job_stack_bytes, 1048576, 131072, 67108864, "bytes",                        \
      "stack of a job thread")                                                                     \
    X(JSON_DEPTH, json_depth, 32, 32, 32, "levels", "nesting of a JSON document; fixed")           \
    X(LOCK_KEY_BYTES, lock_key_bytes, 256, 16, 4096, "bytes", "key of a fiber lock")               \
    X(LOG_LINE_BYTES, log_line_bytes, 4096, 512, 4096, "bytes", "a log line; longer ones are cut") \
    X(LOG_LINES_PER_SECOND, log_lines_per_second, 50, 1, 100000, "lines/s",                        \
      "log lines with the same event")                                                             \
    X(MAIL, mail, 65536, 64, 16777216, "messages", "mail waiting for a worker")                    \
    X(MEDIA_QUEUE_BYTES, media_queue_bytes, 8388608, 65536, 1073741824, "bytes",                   \
      "packets of one publisher on their way to its home worker")                                  \
    X(MEDIA_STREAMS, media_streams, 4096, 1, 1048576, "streams", "live streams of a worker")       \
    X(MEDIA_GRACE_MS, media_grace_ms, 15000, 0, 3600000, "ms",                                     \
      "how long a stream waits for an encoder that vanished")                                      \
    X(MEDIA_SILENT_MS, media_silent_ms, 2000, 100, 60000, "ms",                                    \
      "silence after which a publisher gives way to another one")                                  \
    X(MEDIA_DISPLACED_MS, media_displaced_ms, 30000, 0, 3600000, "ms",                             \
      "how long who was thrown out by its own identity is refused")                                \
    X(METRICS, metrics, 2048, 64, 65536, "cells", "metric cells, histogram buckets included")      \
    X(OUTBOX_ATTEMPTS, outbox_attempts, 20, 1, 1000, "attempts",                                   \
      "how often an after_commit hook may fail at an operation before it is set aside")            \
    X(OUTBOX_DEAD_MS, outbox_dead_ms, 2592000000, 60000, 315360000000, "ms",                       \
      "how long operations that were set aside are kept")                                          \
    X(OUTBOX_ORPHAN_MS, outbox_orphan_ms, 604800000, 60000, 315360000000, "ms",                    \
      "how long operations wait for an after_commit hook whose plugin is gone")                    \
    X(OUTBOX_POLL_MS, outbox_poll_ms, 1000, 10, 3600000, "ms",                                     \
      "how often rows that other nodes have left are looked for")                                  \
    X(OUTBOX_RETRY_MS, outbox_retry_ms, 300000, 100, 86400000, "ms",                               \
      "longest wait before an after_commit hook that failed is called again")                      \
    X(PLUGIN_STATE_BYTES, plugin_state_bytes, 268435456, 65536, 1099511627776, "bytes",            \
      "lasting memory of one plugin")                                                              \
    X(RATE_CELLS, rate_cells, 65536, 1024, 16777216, "buckets",                                    \
      "users and addresses whose rates are known at a time, 8 bytes each")                         \
    X(PLUGIN_GENERATIONS, plugin_generations, 8, 2, 15, "generations",                             \
      "generations of one plugin that live at the same time")                                      \
    X(PLUGIN_LOADS, plugin_loads, 2000, 1, 1000000, "files",                                       \
      "plugin files that one process opens; their code stays in memory")                           \
    X(RELOAD_ERRORS, reload_errors, 20, 0, 1000000, "answers",                                     \
      "failures of new code within a second that bring the former code back; 0: never")            \
    X(RELOAD_PARK_MS, reload_park_ms, 250, 10, 60000, "ms",                                        \
      "how long a reload waits for a busy worker")                                                 \
    X(RELOAD_TRIAL_MS, reload_trial_ms, 5000, 0, 600000, "ms",                                     \
      "how long new code may take to set itself up in a process of its own; 0: it is not tried")   \
    X(RELOAD_TASKS_MS, reload_tasks_ms, 60000, 0, 3600000, "ms",                                   \
      "how long tasks of replaced code go on once nothing else of it is under way")                \
    X(RELOAD_GUARD_MS, reload_guard_ms, 60000, 0, 3600000, "ms",                                   \
      "how long after a reload a crash or many errors bring the former code back")                 \
    X(ROOMS, rooms, 65536, 16, 16777216, "rooms", "rooms that have their home on a worker")        \
    X(ROOM_COUNT_MS, room_count_ms, 1000, 10, 60000, "ms",                                         \
      "how often at most the number of a room's viewers is told")                                  \
    X(ROOM_FLOODS, room_floods, 200, 0, 100000, "viewers",                                         \
      "viewers of a room up to which each one's coming and leaving is told")                       \
    X(ROOM_MEMBERS, room_members, 1048576, 1, 16777216, "sockets",                                 \
      "members of a room whose kind says nothing else")                                            \
    X(ROOM_RING_BYTES, room_ring_bytes, 4194304, 65536, 1073741824, "bytes",                       \
      "durable events of a room kept for clients that come back")                                  \
    X(ROOM_RING_EVENTS, room_ring_events, 1000, 1, 1048576, "events",                              \
      "durable events of a room kept for clients that come back")                                  \
    X(ROOM_RING_MS, room_ring_ms, 600000, 100, 86400000, "ms",                                     \
      "how long a durable event, and a room without viewers, is kept")                             \
    X(ROOM_RINGS_BYTES, room_rings_bytes, 268435456, 65536, 1099511627776, "bytes",                \
      "durable events of all rooms of a worker kept for clients that come back")                   \
    X(SHUTDOWN_MS, shutdown_ms, 10000, 0, 600000, "ms", "time for running requests at a stop")     \
    X(SIO_CONNECT_MS, sio_connect_ms, 45000, 100, 3600000, "ms",                                   \
      "for a Socket.IO client to join its first namespace")                                        \
    X(SOCKETS, sockets, 100000, 1, 16777215, "sockets", "real-time sockets of a worker")           \
    X(SOCKETS_DRAIN_MS, sockets_drain_ms, 2000, 0, 60000, "ms",                                    \
      "over which the sockets of a worker are closed at a stop")                                   \
    X(SOCKETS_PER_ADDRESS, sockets_per_address, 4096, 1, 16777215, "sockets",                      \
      "real-time sockets of one address on a worker")                                              \
    X(SOCKET_INBOX, socket_inbox, 64, 1, 16384, "events",                                          \
      "events of one socket that wait for their handler; its input then pauses")                   \
    X(SOCKET_INBOX_BYTES, socket_inbox_bytes, 2097152, 1024, 1073741824, "bytes",                  \
      "the same, by the memory they take")                                                         \
    X(SOCKET_INPUT_BYTES, socket_input_bytes, 67108864, 1024, 4294967296, "bytes",                 \
      "of messages that clients of a worker have sent in part; who sends more is closed")          \
    X(SOCKET_OUTPUT_BYTES, socket_output_bytes, 262144, 4096, 1048576, "bytes",                    \
      "what waits to be read by one real-time client; beyond it, it is closed to resume")          \
    X(SOCKET_REFUSALS, socket_refusals, 100, 1, 255, "events",                                     \
      "events in a row that were too many, after which a socket is closed")                        \
    X(SOCKET_ROOMS, socket_rooms, 64, 1, 65536, "rooms", "rooms that a socket is in")              \
    X(STALL_MS, stall_ms, 2000, 0, 3600000, "ms",                                                  \
      "a loop kept that long by one callback is ended as crashed; 0: never")                       \
    X(STALL_WARN_MS, stall_warn_ms, 100, 0, 3600000, "ms",                                         \
      "a callback that keeps its loop that long is logged and counted; 0: never")                  \
    X(TCP_CONNECTIONS_PER_ADDRESS, tcp_connections_per_address, 256, 1, 1048576, "connections",    \
      "connections of one address to the protocol listeners of a worker")                          \
    X(TLS_HANDSHAKE_MS, tls_handshake_ms, 10000, 100, 600000, "ms",                                \
      "from the connection to the end of its TLS handshake")                                       \
    X(TOKEN_CHECKS, token_checks, 32, 1, 1024, "tokens",                                           \
      "tokens of sockets that a worker verifies again at a time")                                  \
    X(TOKEN_GRACE_MS, token_grace_ms, 25000, 0, 600000, "ms",                                      \
      "from the end of a token to the end of its socket")                                          \
    X(TOKEN_WARN_MS, token_warn_ms, 60000, 0, 3600000, "ms",                                       \
      "how long before the end of its token a socket is told")                                     \
    X(WS_LOGIN_MS, ws_login_ms, 10000, 100, 600000, "ms",                                          \
      "for a client of /ws that has to log in to do so")                                           \
    X(WS_MESSAGE_BYTES, ws_message_bytes, 1048576, 1024, 1073741824, "bytes",                      \
      "a message of a client of /ws")                                                              \
    X(WORKERS, workers, 0, 0, 64, "threads", "worker threads; 0: one for each core")               \
    X(WS_CLOSE_MS, ws_close_ms, 2000, 10, 60000, "ms",                                             \
      "how long a WebSocket client may take to answer a close frame")                              \
    X(WS_PING_MS, ws_ping_ms, 25000, 20, 3600000, "ms",                                            \
      "how often a WebSocket client is pinged, unless its protocol has pings of its own")          \
    X(WS_PONG_MS, ws_pong_ms, 20000, 20, 3600000, "ms",                                            \
      "silence after a ping by which a WebSocket client is lost")

enum limit {
#define LIMIT_ENUM(NAME, name, value, min, max, unit, prose) LIMIT_##NAME,
    LIMITS(LIMIT_ENUM)
#undef LIMIT_ENUM
        LIMIT_COUNT
};

/** One row, for documentation. */
struct limit_row {
    const char *name;
    int64_t initial, min, max;
    const char *unit;
    const char *prose;
};

/** The values; read through limit_get. */
extern int64_t limit_values[LIMIT_COUNT];

/** The value of a limit. */
static inline int64_t limit_get(enum limit limit)
{
    return limit_values[limit];
}

/** Sets a limit by its name. Before threads start. DAIS_E_NOT_FOUND, DAIS_E_RANGE. */
DAIS_CHECK_RESULT int32_t limit_set(struct dais_str name, int64_t value);

/** Puts every limit back to its default. */
void limits_reset(void);

/** The row of a limit. */
const struct limit_row *limit_describe(enum limit limit);
