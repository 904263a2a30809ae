/* SPDX-License-Identifier: MIT */
#include "data/migrate_step.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "data/sqlstate.h"
#include "data/statement.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* "dais" and "migr" as two numbers: the same for every server of this kind. */
#define LOCK_SQL "SELECT pg_try_advisory_lock(1684106611, 1835624306)"

static const char history_sql[] =
    "CREATE SCHEMA IF NOT EXISTS dais;"
    "CREATE TABLE IF NOT EXISTS dais.migrations ("
    " plugin text NOT NULL, version integer NOT NULL, name text NOT NULL,"
    " checksum text NOT NULL, kind text NOT NULL CHECK (kind IN ('expand', 'contract')),"
    " applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (plugin, version))";

__attribute__((format(printf, 2, 3))) static int32_t refuse(struct migration *migration,
                                                            const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int written = vsnprintf(migration->message, sizeof migration->message, format, args);
    va_end(args);
    if (written < 0)
        migration->message[0] = '\0';
    return DAIS_E_STATE;
}

static void disconnect(struct migration *migration)
{
    PQfinish(migration->pg);
    migration->pg = NULL;
    migration->locked = 0;
}

void migrate_end(struct migration *migration)
{
    disconnect(migration);
}

static void ignore_notice(void *arg, const char *text) {}

#define SETTINGS                                                                                   \
    "-c search_path= -c TimeZone=UTC -c statement_timeout=0 -c client_min_messages=error "         \
    "-c lock_timeout="

static int32_t connect(struct migration *migration)
{
    /* What waits for a lock holds up whoever wants it next. */
    const char *settings = migration->only ? SETTINGS "2000" : SETTINGS "0";
    const char *const names[] = {"dbname",  "application_name", "client_encoding",
                                 "options", "connect_timeout",  NULL};
    const char *const values[] = {
        migration->conninfo, "dais/migrations", "UTF8", settings, "5", NULL};
    if (migration->pg)
        return DAIS_OK;
    migration->pg = PQconnectdbParams(names, values, 1);
    if (PQstatus(migration->pg) != CONNECTION_OK) {
        disconnect(migration);
        return DAIS_E_UNAVAILABLE;
    }
    PQsetNoticeProcessor(migration->pg, ignore_notice, NULL);
    return DAIS_OK;
}

/* The code for an answer that is no success; `what` is for the operator. Clears the result. */
static int32_t failed(struct migration *migration, PGresult *result, const char *what)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    int32_t code = DAIS_E_UNAVAILABLE;
    if (PQstatus(migration->pg) == CONNECTION_OK && !sqlstate_is_loss(state)) {
        const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        code = refuse(migration, "%s: %s (%s)", what, text ? text : "no answer",
                      state ? state : "");
    }
    PQclear(result);
    /* Whatever was begun is undone with the connection. */
    disconnect(migration);
    return code;
}

static int32_t execute(struct migration *migration, const char *sql, const char *what)
{
    PGresult *result = PQexec(migration->pg, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
        return failed(migration, result, what);
    PQclear(result);
    return DAIS_OK;
}

static int32_t take_lock(struct migration *migration)
{
    if (migration->locked)
        return DAIS_OK;
    PGresult *result = PQexec(migration->pg, LOCK_SQL);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return failed(migration, result, "the lock of migrations");
    migration->locked = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return migration->locked ? DAIS_OK : DAIS_E_CONFLICT;
}

/* Compares one row of the history with the code. */
static int32_t check_row(struct migration *migration, const struct statement_schema *schema,
                         const PGresult *history, int row)
{
    int64_t version = 0;
    if (str_parse_int(dais_cstr(PQgetvalue(history, row, 0)), INT32_MIN, INT32_MAX, &version) !=
        DAIS_OK)
        return refuse(migration, "%s: dais.migrations has a version that is no number",
                      schema->owner);
    if (version > schema->count)
        return refuse(migration,
                      "%s: the database has migration %lld, this server knows up to %u; "
                      "a newer version was here",
                      schema->owner, (long long)version, schema->count);
    if (version != row + 1)
        return refuse(migration, "%s: migration %d is missing in the database but %lld is there",
                      schema->owner, row + 1, (long long)version);
    if (strcmp(PQgetvalue(history, row, 1), PQgetvalue(history, row, 2)) != 0)
        return refuse(migration,
                      "%s: migration %lld (%s) was changed after it had been applied; "
                      "make a new one instead",
                      schema->owner, (long long)version, schema->rows[row].name);
    return DAIS_OK;
}

/* The history of one plugin with the checksum of each step's text as the code has it now. */
static PGresult *read_history(struct migration *migration, const struct statement_schema *schema)
{
    STRBUF_AUTO struct strbuf sql;
    strbuf_init(&sql, 64u << 20);
    const char *const values[] = {schema->owner};
    strbuf_addz(&sql, "SELECT m.version, m.checksum, encode(sha256(convert_to(t.sql, 'UTF8')), "
                      "'hex') FROM dais.migrations m LEFT JOIN (VALUES (0, '')");
    for (uint32_t i = 0; i < schema->count; i++) {
        char *text = PQescapeLiteral(migration->pg, schema->rows[i].sql,
                                     strlen(schema->rows[i].sql));
        strbuf_addf(&sql, ", (%u, %s)", schema->rows[i].version, text ? text : "NULL");
        PQfreemem(text);
    }
    strbuf_addz(&sql, ") t(version, sql) USING (version) WHERE m.plugin = $1 ORDER BY m.version");
    return PQexecParams(migration->pg, strbuf_cstr(&sql), 1, NULL, values, NULL, NULL, 0);
}

static int32_t check_schema(struct migration *migration, const struct statement_schema *schema,
                            uint32_t *ret_applied)
{
    PGresult *history = read_history(migration, schema);
    if (PQresultStatus(history) != PGRES_TUPLES_OK)
        return failed(migration, history, "reading dais.migrations");
    int32_t code = DAIS_OK;
    for (int row = 0; row < PQntuples(history) && code == DAIS_OK; row++)
        code = check_row(migration, schema, history, row);
    *ret_applied = (uint32_t)PQntuples(history);
    PQclear(history);
    return code;
}

static int32_t note(struct migration *migration, const struct statement_schema *schema,
                    const struct dais_migration *row, const char *what)
{
    char version[16];
    snprintf(version, sizeof version, "%u", row->version);
    const char *const values[] = {schema->owner, version, row->name, row->sql,
                                  row->contract ? "contract" : "expand"};
    PGresult *result = PQexecParams(
        migration->pg,
        "INSERT INTO dais.migrations (plugin, version, name, checksum, kind) "
        "VALUES ($1, $2, $3, encode(sha256(convert_to($4, 'UTF8')), 'hex'), $5)",
        5, NULL, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return failed(migration, result, what);
    PQclear(result);
    return DAIS_OK;
}

static int32_t apply(struct migration *migration, const struct statement_schema *schema,
                     const struct dais_migration *row)
{
    char what[160], create[160];
    uint64_t begun_ms = clock_ms();
    snprintf(what, sizeof what, "%s: migration %u (%s)", schema->owner, row->version, row->name);
    snprintf(create, sizeof create, "BEGIN; CREATE SCHEMA IF NOT EXISTS \"%s\"", schema->owner);
    int32_t code = execute(migration, create, what);
    if (code == DAIS_OK)
        code = execute(migration, row->sql, what);
    if (code == DAIS_OK && PQtransactionStatus(migration->pg) != PQTRANS_INTRANS)
        code = refuse(migration, "%s: a migration must not end its transaction", what);
    if (code == DAIS_OK)
        code = note(migration, schema, row, what);
    if (code == DAIS_OK)
        code = execute(migration, "COMMIT", what);
    if (code == DAIS_OK)
        LOG_INFO("migration applied", log_text("owner", schema->owner),
                 log_uint("version", row->version), log_text("name", row->name),
                 log_text("kind", row->contract ? "contract" : "expand"),
                 log_uint("ms", clock_ms() - begun_ms));
    return code;
}

/* The schema `index` of this run. */
static const struct statement_schema *schema_at(const struct migration *migration, uint32_t index)
{
    if (!migration->only)
        return statement_schema_at(index);
    return index == 0 ? migration->only : NULL;
}

/* What the code that serves now still uses is not taken away. */
static int32_t check_kinds(struct migration *migration, const struct statement_schema *schema,
                           uint32_t applied)
{
    if (!migration->only || applied == 0)
        return DAIS_OK;
    for (uint32_t row = applied; row < schema->count; row++) {
        if (schema->rows[row].contract)
            return refuse(migration,
                          "%s: migration %u (%s) takes something away; restart the server for it",
                          schema->owner, schema->rows[row].version, schema->rows[row].name);
    }
    return DAIS_OK;
}

/* First all plugins are compared: nothing is changed when one of them refuses. */
static int32_t bring_up(struct migration *migration)
{
    uint32_t applied[STATEMENT_OWNERS_MAX] = {0};
    const struct statement_schema *schema;
    int32_t code = execute(migration, history_sql, "making dais.migrations");
    for (uint32_t i = 0; code == DAIS_OK && (schema = schema_at(migration, i)); i++) {
        code = check_schema(migration, schema, &applied[i]);
        if (code == DAIS_OK)
            code = check_kinds(migration, schema, applied[i]);
    }
    for (uint32_t i = 0; code == DAIS_OK && (schema = schema_at(migration, i)); i++) {
        for (uint32_t row = applied[i]; row < schema->count && code == DAIS_OK; row++)
            code = apply(migration, schema, &schema->rows[row]);
    }
    return code;
}

int32_t migrate_step(struct migration *migration)
{
    int32_t code = connect(migration);
    if (code == DAIS_OK)
        code = take_lock(migration);
    if (code == DAIS_OK)
        code = bring_up(migration);
    return code;
}
