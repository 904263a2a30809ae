/* SPDX-License-Identifier: MIT */
#include "store_rows.h"

#include "dais/mem.h"
#include "store_time.h"

#define ID_BYTES 36u

int32_t store_run(struct dais_tx *tx, const struct dais_statement *statement,
                  const struct dais_param *params, struct dais_rows **ret_rows)
{
    return dais_query_in(tx, statement, params, statement->params, ret_rows);
}

int32_t store_find(struct dais_tx *tx, const struct dais_statement *statement,
                   const struct dais_param *params, struct dais_rows **ret_rows)
{
    struct dais_rows *rows = NULL;
    int32_t error = store_run(tx, statement, params, &rows);
    if (error)
        return error;
    if (dais_db->rows_count(rows) == 0) {
        dais_db->rows_free(rows);
        return DAIS_E_NOT_FOUND;
    }
    *ret_rows = rows;
    return DAIS_OK;
}

int32_t store_touch(struct dais_tx *tx, const struct dais_statement *statement,
                    const struct dais_param *params, uint64_t *ret_count)
{
    struct dais_rows *rows = NULL;
    int32_t error = store_run(tx, statement, params, &rows);
    if (error)
        return error;
    *ret_count = dais_db->rows_affected(rows);
    dais_db->rows_free(rows);
    return DAIS_OK;
}

static struct dais_str or_empty_list(struct dais_str json)
{
    return json.ptr ? json : dais_cstr("[]");
}

int32_t store_message_take(const struct dais_rows *rows, uint32_t row,
                           struct store_message *ret_message)
{
    char *created = dais_mem->arena_alloc(dais_mem->arena_self(), STORE_TIME_BYTES);
    if (!created)
        return DAIS_E_MEMORY;
    struct store_message *to = ret_message;
    *to = (struct store_message){.author.uid = dais_db->cell_int(rows, row, 5)};
    struct dais_str *const views[] = {
        &to->id,
        &to->room_id,
        &to->author.id,
        &to->author.name,
        &to->author.avatar_url,
        NULL,
        &to->type,
        &to->text,
        &to->client_id,
        &to->reply.id,
        &to->reply.user_id,
        &to->reply.user_name,
        &to->reply.text,
        &to->mentions,
        &to->reactions,
        &to->data,
        &to->edited_at,
    };
    uint32_t column = 0;
    for (; column < sizeof views / sizeof views[0]; column++)
        if (views[column])
            *views[column] = dais_db->cell(rows, row, column);
    to->is_pinned = dais_db->cell_int(rows, row, column++) != 0;
    to->is_released = dais_db->cell_int(rows, row, column) != 0;
    to->is_delayed = !to->is_released;
    to->is_edited = to->edited_at.ptr != NULL;
    to->mentions = or_empty_list(to->mentions);
    to->reactions = or_empty_list(to->reactions);
    to->created_ms = store_time_of_id(to->id);
    store_time_text(to->created_ms, created);
    to->created_at = dais_cstr(created);
    return DAIS_OK;
}

int32_t store_message_find(struct dais_tx *tx, const struct dais_statement *statement,
                           const struct dais_param *params, struct store_message *ret_message)
{
    struct dais_rows *rows = NULL;
    int32_t error = store_find(tx, statement, params, &rows);
    return error ? error : store_message_take(rows, 0, ret_message);
}

int32_t store_list_take(const struct dais_rows *rows, struct store_list *ret_list)
{
    uint32_t count = dais_db->rows_count(rows);
    struct store_message *items = dais_mem->arena_alloc(dais_mem->arena_self(),
                                                        (count + 1) * sizeof *items);
    int32_t error = items ? DAIS_OK : DAIS_E_MEMORY;
    for (uint32_t i = 0; !error && i < count; i++)
        error = store_message_take(rows, i, &items[i]);
    if (!error)
        *ret_list = (struct store_list){items, count};
    return error;
}

int32_t store_ids_take(const struct dais_rows *rows, struct store_ids *ret_ids)
{
    uint32_t count = dais_db->rows_count(rows);
    struct dais_str *ids = dais_mem->arena_alloc(dais_mem->arena_self(), (count + 1) * sizeof *ids);
    if (!ids)
        return DAIS_E_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        ids[i] = dais_db->cell(rows, i, 0);
    *ret_ids = (struct store_ids){ids, count};
    return DAIS_OK;
}

/** Ids with commas between. `marks` are the brackets around the list and around each id. */
static int32_t ids_join(const struct dais_str *ids, uint32_t count, const char *marks,
                        struct dais_str *ret_text)
{
    uint64_t quote_len = marks[2] ? 1 : 0, at = 0;
    char *text = dais_mem->arena_alloc(dais_mem->arena_self(), 2 + count * (ID_BYTES + 3ull));
    if (!text)
        return DAIS_E_MEMORY;
    text[at++] = marks[0];
    for (uint32_t i = 0; i < count; i++) {
        if (ids[i].len != ID_BYTES)
            return DAIS_E_INVALID;
        if (i > 0)
            text[at++] = ',';
        memcpy(text + at, marks + 2, quote_len);
        memcpy(text + at + quote_len, ids[i].ptr, ID_BYTES);
        memcpy(text + at + quote_len + ID_BYTES, marks + 2, quote_len);
        at += ID_BYTES + 2 * quote_len;
    }
    text[at++] = marks[1];
    *ret_text = dais_str(text, at);
    return DAIS_OK;
}

int32_t store_array(const struct dais_str *ids, uint32_t count, struct dais_str *ret_array)
{
    *ret_array = dais_str(NULL, 0);
    return count == 0 ? DAIS_OK : ids_join(ids, count, "{}", ret_array);
}

int32_t store_json_list(const struct dais_str *ids, uint32_t count, struct dais_str *ret_json)
{
    *ret_json = dais_cstr("[]");
    return count == 0 ? DAIS_OK : ids_join(ids, count, "[]\"", ret_json);
}
