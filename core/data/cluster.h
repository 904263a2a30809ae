/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The files of the embedded cluster: made once, settings written at each start, an old postmaster
 * ended. All functions run in a child that is the cluster's owner (runas.h) and block; `message`
 * has RUNAS_MESSAGE_BYTES.
 *
 *   <dir>              the cluster, 0700
 *   <dir>.new          while it is made; renamed when complete
 *   <dir>/postgresql.conf, pg_hba.conf, pg_ident.conf   written by cluster_settings
 *   <dir>/local.conf   an operator's own settings; read last, written empty once
 */
#include "dais/error.h"

#include <stdint.h>

#define CLUSTER_PATH_BYTES 512u
/** The role and superuser of the cluster. */
#define CLUSTER_ROLE "dais"
/** No clash with another PostgreSQL is possible: the number only names the socket's file. */
#define CLUSTER_PORT "5432"
/** Bytes of sockaddr_un.sun_path left for the folder before "/.s.PGSQL.5432". */
#define CLUSTER_SOCKET_DIR_BYTES_MAX 92u

/** Where everything is. */
struct cluster {
    char bin_dir[CLUSTER_PATH_BYTES];
    char dir[CLUSTER_PATH_BYTES];
    char log_dir[CLUSTER_PATH_BYTES];
    char socket_dir[CLUSTER_SOCKET_DIR_BYTES_MAX + 1];
    char user[64]; /**< operating system user that may connect, besides root */
    uint32_t connections;
    uint32_t shared_buffers_mb;
};

/**
 * Finds the folder of initdb and postgres: of the version that made the cluster, else 15, else
 * what pg_config says. DAIS_E_NOT_FOUND.
 */
DAIS_CHECK_RESULT int32_t cluster_find_programs(struct cluster *cluster, char *message);

/** A runas_fn over struct cluster: all of the below in their order. */
DAIS_CHECK_RESULT int32_t cluster_prepare(void *cluster, char *message);

/**
 * Ends a postmaster that still runs on this cluster, fast and then at once; removes the note of one
 * that is gone and whose number another process has now. DAIS_E_UNAVAILABLE when it does not end.
 */
DAIS_CHECK_RESULT int32_t cluster_end_old(const struct cluster *cluster, char *message);

/** Makes the cluster unless it is there. DAIS_E_DENIED, DAIS_E_UNAVAILABLE. */
DAIS_CHECK_RESULT int32_t cluster_make(const struct cluster *cluster, char *message);

/** Writes settings and access rules. DAIS_E_DENIED. */
DAIS_CHECK_RESULT int32_t cluster_settings(const struct cluster *cluster, char *message);

/** A runas_fn over struct cluster: cuts the log file when it has grown past its bound. */
DAIS_CHECK_RESULT int32_t cluster_trim_log(void *cluster, char *message);

/** Opens the log file for appending, or -1. */
int cluster_open_log(const struct cluster *cluster);
