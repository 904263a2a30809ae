/* SPDX-License-Identifier: MIT */
#include "pg.h"

#include <errno.h>
#include <libpq-fe.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/runas.h"

void pg_make_dir(struct pg *pg)
{
    char message[RUNAS_MESSAGE_BYTES];
    struct runas account;
    *pg = (struct pg){0};
    snprintf(pg->dir, sizeof pg->dir, "/tmp/dais-test-XXXXXX");
    assert_non_null(mkdtemp(pg->dir));
    assert_int_equal(runas_find(NULL, message, &account), 0);
    assert_int_equal(chown(pg->dir, account.uid, account.gid), 0);
}

static void launch(struct pg *pg)
{
    int32_t code = embedded_start(pg->embedded, &pg->pid);
    if (code == DAIS_OK)
        code = embedded_wait_ready(pg->embedded, 20000);
    if (code != DAIS_OK)
        fail_msg("postgres: %s", embedded_message(pg->embedded));
}

void pg_start(struct pg *pg)
{
    char message[EMBEDDED_MESSAGE_BYTES_MAX] = "";
    struct embedded_options options = {.data_dir = pg->dir, .connections = 40};
    if (embedded_open(&options, message, &pg->embedded) != DAIS_OK)
        fail_msg("%s", message);
    if (embedded_prepare(pg->embedded) != DAIS_OK)
        fail_msg("%s", embedded_message(pg->embedded));
    launch(pg);
}

static void collect(struct pg *pg)
{
    int status = 0;
    while (waitpid(pg->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    embedded_exited(pg->embedded, status);
}

void pg_crash(struct pg *pg)
{
    assert_int_equal(kill(pg->pid, SIGKILL), 0);
    collect(pg);
}

void pg_restart(struct pg *pg)
{
    /* Until the last child of the killed postmaster is gone, a new one refuses to start. */
    for (;;) {
        assert_int_equal(embedded_start(pg->embedded, &pg->pid), 0);
        int32_t code = embedded_wait_ready(pg->embedded, 20000);
        if (code == DAIS_OK)
            return;
        assert_int_equal(code, DAIS_E_UNAVAILABLE);
        collect(pg);
    }
}

void pg_stop(struct pg *pg)
{
    embedded_close(pg->embedded);
    pg->embedded = NULL;
}

void pg_remove(struct pg *pg)
{
    char command[128];
    pg_stop(pg);
    snprintf(command, sizeof command, "rm -rf --one-file-system -- '%s'", pg->dir);
    assert_int_equal(system(command), 0);
}

static void ignore_notice(void *arg, const char *text) {}

const char *pg_ask(const struct pg *pg, const char *sql)
{
    static _Thread_local char answer[256];
    answer[0] = '\0';
    PGconn *conn = PQconnectdb(embedded_conninfo(pg->embedded));
    PQsetNoticeProcessor(conn, ignore_notice, NULL);
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK && PQntuples(result) > 0)
        snprintf(answer, sizeof answer, "%s", PQgetvalue(result, 0, 0));
    else if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(conn));
    PQclear(result);
    PQfinish(conn);
    return answer;
}
