/* SPDX-License-Identifier: MIT */
#include "store_many.h"

#include "dais/fiber.h"
#include "dais/log.h"
#include "dais/mem.h"
#include "store_rows.h"

#define WORKERS_MAX 64u
#define CALLS_MAX 64u
/* One is being executed while the answers of the other are handed out. */
#define UNDER_WAY_MAX 2u
#define WAIT_MS 10000
#define NUMBER_BYTES 20u
/* Of a call: its batch could not be stored, because of itself or of another one. */
#define ALONE 1

enum { ADD_MANY };

#define NOT_BARRED "NOT " STORE_BARRED("v.room_id", "v.author_id")

/* The guards are those of the statement "add"; see store.c. OFFSET 0: one look for each row, not
 * all that an owner has blocked. */
const struct dais_statement store_many_statements[] = {
    [ADD_MANY] = {"add_many",
                  "WITH v AS (SELECT w.*, u.uid, u.name, u.avatar_url "
                  "FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], "
                  "$6::text[], $7::uuid[], $8::text[], $9::timestamptz[], $10::bigint[]) "
                  "WITH ORDINALITY AS w (id, room_id, author_id, version, text, "
                  "client_id, reply_to, mentions, created_at, delay, n) "
                  "JOIN auth.users_public u ON u.id = w.author_id), "
                  "added AS (INSERT INTO chat.messages (id, room_id, author_id, type, text, "
                  "client_id, reply_to, mentions, created_at, visible_at, is_released) "
                  "SELECT v.id, v.room_id, v.author_id, 'comment', v.text, "
                  "v.client_id, v.reply_to, v.mentions::uuid[], v.created_at, "
                  "CASE WHEN v.delay > 0 THEN now() + v.delay * interval '1 millisecond' END, "
                  "v.delay = 0 "
                  "FROM v JOIN chat.rooms r ON r.id = v.room_id AND r.version = v.version "
                  "WHERE " NOT_BARRED " AND NOT EXISTS (SELECT FROM auth.blocks_public k "
                  "WHERE k.blocker_id = r.owner_id AND k.blocked_id = v.author_id OFFSET 0) "
                  "ORDER BY v.n "
                  "ON CONFLICT (author_id, room_id, client_id) DO NOTHING RETURNING id) "
                  "SELECT v.n, v.uid, v.name, nullif(v.avatar_url, '') "
                  "FROM added a JOIN v ON v.id = a.id",
                  DAIS_LANE_BATCH, STORE_MANY_VALUES, 0, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

/** A send that waits, on the stack of its fiber. */
struct call {
    struct call *next;
    struct call **place; /* in its batch; NULL: it is in no batch yet */
    const struct dais_param *values;
    struct store_author *author;
    struct dais_arena *arena;
    dais_handle fiber;
    int32_t error;
    uint8_t is_done;
};

/** What a worker keeps. */
struct many {
    struct call *first;
    struct call **end; /* where the next one is to be hung */
    uint32_t under_way;
};

static struct many workers[WORKERS_MAX]; /* each only touched by its own worker */

/* --- values as arrays of SQL --- */

static uint64_t element_bytes(const struct dais_param *value)
{
    return value->kind == DAIS_PARAM_INT ? NUMBER_BYTES + 2 : 2 * value->text.len + 5;
}

static uint64_t put_number(char *to, int64_t number)
{
    return (uint64_t)snprintf(to, NUMBER_BYTES + 1, "%lld", (long long)number);
}

static uint64_t put_text(char *to, struct dais_str text)
{
    uint64_t at = 0;
    to[at++] = '"';
    for (uint64_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\')
            to[at++] = '\\';
        to[at++] = text.ptr[i];
    }
    to[at++] = '"';
    return at;
}

static uint64_t put_element(char *to, const struct dais_param *value)
{
    if (value->kind == DAIS_PARAM_INT)
        return put_number(to, value->number);
    if (value->kind == DAIS_PARAM_TEXT)
        return put_text(to, value->text);
    memcpy(to, "NULL", 4);
    return 4;
}

/** Value `number` of all calls, in the fiber's arena; absent without memory. */
static struct dais_str array_of(struct call *const *calls, uint32_t count, uint32_t number)
{
    uint64_t bytes = 2, at = 0;
    for (uint32_t i = 0; i < count; i++)
        bytes += element_bytes(&calls[i]->values[number]);
    char *text = dais_mem->arena_alloc(dais_mem->arena_self(), bytes);
    if (!text)
        return dais_str(NULL, 0);
    for (uint32_t i = 0; i < count; i++) {
        text[at++] = i == 0 ? '{' : ',';
        at += put_element(text + at, &calls[i]->values[number]);
    }
    text[at++] = '}';
    return dais_str(text, at);
}

/* --- a batch --- */

static void finish(struct call *call)
{
    call->is_done = 1;
    if (dais_fiber->unpark(call->fiber) != DAIS_OK)
        dais_logf(DAIS_ERROR, "a send that waits has ended");
}

static void go_on(struct many *many);

/** What the first calls that wait have, they have no more: they are the batch. */
static uint32_t take_calls(struct many *many, struct call **calls)
{
    uint32_t count = 0;
    while (count < CALLS_MAX && many->first) {
        struct call *call = many->first;
        many->first = call->next;
        calls[count] = call;
        call->place = &calls[count++];
    }
    if (!many->first)
        many->end = &many->first;
    return count;
}

static int32_t query(struct call *const *calls, uint32_t count, struct dais_rows **ret_rows)
{
    struct dais_param arrays[STORE_MANY_VALUES];
    for (uint32_t i = 0; i < STORE_MANY_VALUES; i++) {
        struct dais_str array = array_of(calls, count, i);
        if (!array.ptr)
            return DAIS_E_MEMORY;
        arrays[i] = dais_text(array);
    }
    return store_run(NULL, &store_many_statements[ADD_MANY], arrays, ret_rows);
}

/** Copies an answer to where the one lives who waits for it. */
static int32_t author_copy(const struct dais_rows *rows, uint32_t row, struct call *call)
{
    struct dais_str name = dais_db->cell(rows, row, 2), avatar = dais_db->cell(rows, row, 3);
    struct store_author *author = call->author;
    author->uid = dais_db->cell_int(rows, row, 1);
    author->name = dais_mem->arena_dup(call->arena, name);
    author->avatar_url = avatar.ptr ? dais_mem->arena_dup(call->arena, avatar) : avatar;
    return author->name.ptr && !avatar.ptr == !author->avatar_url.ptr ? DAIS_OK : DAIS_E_MEMORY;
}

static void hand_out(const struct dais_rows *rows, struct call *const *calls, uint32_t count)
{
    for (uint32_t row = 0; row < dais_db->rows_count(rows); row++) {
        uint64_t number = (uint64_t)dais_db->cell_int(rows, row, 0);
        struct call *call = number - 1 < count ? calls[number - 1] : NULL;
        if (call)
            call->error = author_copy(rows, row, call);
    }
}

/** Whether nobody can say if the statement was committed. */
static int is_unsure(int32_t error)
{
    return error == DAIS_E_UNAVAILABLE || error == DAIS_E_TIMEOUT || error == DAIS_E_CANCELLED;
}

static void run(uint64_t cookie)
{
    struct many *many = &workers[dais_fiber->worker()];
    struct call *calls[CALLS_MAX];
    struct dais_rows *rows = NULL;
    (void)cookie;
    uint32_t count = take_calls(many, calls);
    int32_t error = count > 0 ? query(calls, count, &rows) : DAIS_OK;
    for (uint32_t i = 0; i < count; i++)
        if (calls[i])
            calls[i]->error = !error ? DAIS_E_NOT_FOUND : is_unsure(error) ? error : ALONE;
    if (!error)
        hand_out(rows, calls, count);
    for (uint32_t i = 0; i < count; i++)
        if (calls[i])
            finish(calls[i]);
    many->under_way--;
    go_on(many);
}

static const struct dais_task TASK = {"chat_store_many", run};

/** Begins what may begin. Where no fiber can, each goes alone. */
static void go_on(struct many *many)
{
    dais_handle fiber;
    if (!many->first || many->under_way >= UNDER_WAY_MAX)
        return;
    many->under_way++;
    if (dais_fiber->spawn(&TASK, 0, &fiber) == DAIS_OK)
        return;
    many->under_way--;
    while (many->first) {
        struct call *call = many->first;
        many->first = call->next;
        call->error = ALONE;
        finish(call);
    }
    many->end = &many->first;
}

/* --- those who wait --- */

static void withdraw(struct many *many, struct call *call)
{
    if (call->place) {
        *call->place = NULL;
        return;
    }
    struct call **at = &many->first;
    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    if (many->end == &call->next)
        many->end = at;
}

static int32_t wait_for_others(struct many *many, struct call *call)
{
    *many->end = call;
    many->end = &call->next;
    while (!call->is_done) {
        int32_t error = dais_fiber->park(WAIT_MS);
        if (error && !call->is_done) {
            withdraw(many, call);
            return error;
        }
    }
    return call->error;
}

static int32_t go_alone(const struct dais_statement *alone, const struct dais_param *values,
                        struct store_author *author)
{
    struct dais_rows *rows = NULL;
    int32_t error = store_find(NULL, alone, values, &rows);
    if (error)
        return error;
    author->uid = dais_db->cell_int(rows, 0, 0);
    author->name = dais_db->cell(rows, 0, 1);
    author->avatar_url = dais_db->cell(rows, 0, 2);
    return DAIS_OK;
}

int32_t store_many_add(const struct dais_statement *alone, const struct dais_param *values,
                       struct store_author *author)
{
    uint32_t worker = dais_fiber->worker();
    struct many *many = worker < WORKERS_MAX ? &workers[worker] : NULL;
    if (!many)
        return go_alone(alone, values, author);
    if (!many->end)
        many->end = &many->first;
    if (many->first || many->under_way >= UNDER_WAY_MAX) {
        struct call call = {.values = values,
                            .author = author,
                            .arena = dais_mem->arena_self(),
                            .fiber = dais_fiber->self()};
        int32_t error = wait_for_others(many, &call);
        return error == ALONE ? go_alone(alone, values, author) : error;
    }
    many->under_way++;
    int32_t error = go_alone(alone, values, author);
    many->under_way--;
    go_on(many);
    return error;
}
