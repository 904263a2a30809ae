/* SPDX-License-Identifier: MIT */
#include "data/rows.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/db.h"
#include "data/pool.h"
#include "loop/fiber.h"

#define MAGIC CHECK_MAGIC_OF('R', 'O', 'W', 'S')

struct dais_rows {
    uint32_t magic;
    struct list_node node; /* in its fiber's scope */
    PGresult *result;
};

static void end_scope(void *arg)
{
    struct rows_scope *scope = arg;
    struct list_node *node;
    while ((node = list_first(&scope->transactions)))
        tx_abandon(LIST_ITEM(node, struct dais_tx, node));
    while ((node = list_first(&scope->rows)))
        db_rows_free(LIST_ITEM(node, struct dais_rows, node));
}

struct rows_scope *rows_scope(void)
{
    struct rows_scope *scope = fiber_local_get(FIBER_LOCAL_TX);
    if (scope)
        return scope;
    scope = arena_alloc(fiber_arena(), sizeof *scope);
    if (!scope || fiber_defer(end_scope, scope) != DAIS_OK)
        return NULL;
    list_init(&scope->rows);
    list_init(&scope->transactions);
    fiber_local_set(FIBER_LOCAL_TX, scope);
    return scope;
}

int32_t rows_new(PGresult *result, struct dais_rows **ret_rows)
{
    struct rows_scope *scope = rows_scope();
    struct dais_rows *rows = scope ? mem_zalloc(1, sizeof *rows) : NULL;
    if (!rows) {
        PQclear(result);
        return DAIS_E_MEMORY;
    }
    rows->magic = MAGIC;
    rows->result = result;
    list_push(&scope->rows, &rows->node);
    *ret_rows = rows;
    return DAIS_OK;
}

void db_rows_free(struct dais_rows *rows)
{
    if (!rows)
        return;
    CHECK(rows->magic == MAGIC);
    list_remove(&rows->node);
    PQclear(rows->result);
    mem_free(rows);
}

static void free_kept(void *rows)
{
    db_rows_free(rows);
}

int32_t db_rows_keep(struct dais_rows *rows)
{
    CHECK(rows->magic == MAGIC);
    int32_t code = arena_defer(fiber_arena(), free_kept, rows);
    if (code == DAIS_OK)
        list_remove(&rows->node);
    return code;
}

uint32_t db_rows_count(const struct dais_rows *rows)
{
    return rows ? (uint32_t)PQntuples(rows->result) : 0;
}

uint64_t db_rows_affected(const struct dais_rows *rows)
{
    uint64_t count = 0;
    const char *text = rows ? PQcmdTuples(rows->result) : "";
    return str_parse_uint(dais_cstr(text), UINT64_MAX, &count) == DAIS_OK ? count : 0;
}

struct dais_str db_cell(const struct dais_rows *rows, uint32_t row, uint32_t column)
{
    if (!rows || row >= (uint32_t)PQntuples(rows->result) ||
        column >= (uint32_t)PQnfields(rows->result) ||
        PQgetisnull(rows->result, (int)row, (int)column))
        return dais_str(NULL, 0);
    return dais_str(PQgetvalue(rows->result, (int)row, (int)column),
                    (uint64_t)PQgetlength(rows->result, (int)row, (int)column));
}

int64_t db_cell_int(const struct dais_rows *rows, uint32_t row, uint32_t column)
{
    int64_t number = 0;
    struct dais_str text = db_cell(rows, row, column);
    return text.ptr && str_parse_int(text, INT64_MIN, INT64_MAX, &number) == DAIS_OK ? number : 0;
}

struct dais_str db_cell_bytes(const struct dais_rows *rows, uint32_t row, uint32_t column)
{
    struct dais_str text = db_cell(rows, row, column);
    struct dais_arena *arena = fiber_arena();
    if (!arena || !str_has_prefix(text, "\\x"))
        return dais_str(NULL, 0);
    struct strbuf bytes;
    strbuf_init_in(&bytes, arena, text.len / 2 + 1);
    if (str_decode_hex(str_sub(text, 2, text.len), &bytes) != DAIS_OK ||
        strbuf_error(&bytes) != DAIS_OK)
        return dais_str(NULL, 0);
    return strbuf_view(&bytes);
}
