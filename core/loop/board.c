/* SPDX-License-Identifier: MIT */
#include "loop/board.h"

#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "loop/mail.h"
#include "loop/timer.h"
#include "loop/worker.h"

#include <string.h>

/** When what a full worker missed is sent again. */
#define LATE_AGAIN_MS 5u

/** A change on its way to one worker. */
struct board_mail {
    struct mail mail;
    struct list_node node; /* in `late` of the sender while the receiver's mail is full */
    uint32_t board;
    uint32_t receiver;
    struct dais_buf *object; /* NULL: the key goes away; a reference of the message */
    uint32_t key_len;
    char key[];
};

/** What a worker knows. */
struct board_worker {
    struct map index[BOARDS_MAX]; /* empty until something lies there */
    struct list late;             /* struct board_mail, oldest first */
    struct list removals;         /* struct removal */
    uint32_t removals_count;
    struct timer again;
};

/** A key that goes away later. */
struct removal {
    struct list_node node;
    struct timer timer;
    struct board_worker *worker;
    uint32_t board;
    struct dais_buf *object; /* a reference */
    uint32_t key_len;
    char key[];
};

/** A board; its number is its place. */
struct board {
    uint32_t plugin;
    uint32_t layout;
    uint32_t keys_max; /* the most that any row allowed */
    char name[BOARD_NAME_BYTES_MAX + 1];
};

/** A row that leads to a board. */
struct board_row {
    const struct dais_board *row;
    uint32_t board;
};

/* Written by the main thread, and only where no worker can look. */
static struct board boards[BOARDS_MAX];
static uint32_t boards_count;
static struct board_row rows[BOARD_ROWS_MAX];
static uint32_t rows_count;

/** The board of a plugin and name; boards_count when it is new. */
static uint32_t board_named(uint32_t plugin, const char *name)
{
    uint32_t i = 0;
    while (i < boards_count && (boards[i].plugin != plugin || strcmp(boards[i].name, name) != 0))
        i++;
    return i;
}

int32_t board_check(uint32_t plugin, const struct dais_board *row)
{
    if (!row || !row->name || !row->name[0] || strlen(row->name) > BOARD_NAME_BYTES_MAX ||
        row->keys_max == 0 || row->keys_max > UINT32_MAX / WORKERS_MAX || row->key_bytes_max == 0)
        return DAIS_E_INVALID;
    uint32_t number = board_named(plugin, row->name);
    if (number < boards_count && boards[number].layout != row->layout)
        return DAIS_E_CONFLICT;
    return number == BOARDS_MAX || rows_count == BOARD_ROWS_MAX ? DAIS_E_LIMIT : DAIS_OK;
}

int32_t board_add(uint32_t plugin, const struct dais_board *row)
{
    int32_t error = board_check(plugin, row);
    if (error)
        return error;
    uint32_t number = board_named(plugin, row->name);
    struct board *board = &boards[number];
    if (number == boards_count) {
        *board = (struct board){.plugin = plugin, .layout = row->layout};
        memcpy(board->name, row->name, strlen(row->name) + 1);
        boards_count++;
    }
    if (row->keys_max > board->keys_max)
        board->keys_max = row->keys_max;
    board_drop(row);
    rows[rows_count++] = (struct board_row){row, number};
    return DAIS_OK;
}

void board_drop(const struct dais_board *row)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < rows_count; i++)
        if (rows[i].row != row)
            rows[kept++] = rows[i];
    rows_count = kept;
}

void boards_reset(void)
{
    CHECK(worker_count() == 0);
    boards_count = rows_count = 0;
}

static struct board_worker *self(void)
{
    return worker_self() ? worker_slot_get(WORKER_SLOT_HOST_SHARED) : NULL;
}

/** The board that a row leads to; BOARDS_MAX when to none. The newest rows are asked for most. */
static uint32_t board_find(const struct dais_board *row)
{
    for (uint32_t i = rows_count; i-- > 0;)
        if (rows[i].row == row)
            return rows[i].board;
    return BOARDS_MAX;
}

/** This worker's index of a board. */
static struct map *index_of(struct board_worker *worker, uint32_t number)
{
    struct map *index = &worker->index[number];
    /* Each worker admits keys_max by its own view; what is on its way may come on top here. */
    uint32_t count_max = boards[number].keys_max * WORKERS_MAX;
    if (index->count_max == 0)
        map_init(index, count_max);
    else
        index->count_max = count_max; /* a newer row may allow more */
    return index;
}

/** Changes this worker's index; takes over the caller's reference of `object`. */
static int32_t index_change(struct map *index, struct dais_str key, struct dais_buf *object)
{
    struct dais_buf *old = object ? map_get(index, key) : map_remove(index, key);
    if (object) {
        int32_t error = map_put(index, key, object);
        if (error) {
            buf_unref(object);
            return error;
        }
    }
    buf_unref(old);
    return DAIS_OK;
}

static void deliver(struct mail *mail)
{
    struct board_mail *message = CONTAINER_OF(mail, struct board_mail, mail);
    struct board_worker *worker = self();
    struct dais_str key = dais_str(message->key, message->key_len);
    if (!worker)
        buf_unref(message->object);
    else if (index_change(index_of(worker, message->board), key, message->object))
        LOG_ERROR("no memory for a shared object", log_str("key", key));
    mem_free(message);
}

static bool is_same_key(const struct board_mail *a, const struct board_mail *b)
{
    return a->board == b->board && a->receiver == b->receiver &&
           dais_str_eq(dais_str(a->key, a->key_len), dais_str(b->key, b->key_len));
}

/** Keeps a message that its receiver has no room for; an older one of the same key is dropped. */
static void message_keep(struct board_worker *worker, struct board_mail *message)
{
    LIST_EACH (node, &worker->late) {
        struct board_mail *late = LIST_ITEM(node, struct board_mail, node);
        if (!is_same_key(late, message))
            continue;
        list_remove(node);
        buf_unref(late->object);
        mem_free(late);
    }
    list_push(&worker->late, &message->node);
    if (!timer_is_armed(&worker->again))
        timer_start(&worker->again, LATE_AGAIN_MS);
}

static bool is_late_for(const struct board_worker *worker, uint32_t receiver)
{
    LIST_EACH (node, &worker->late)
        if (LIST_ITEM(node, struct board_mail, node)->receiver == receiver)
            return true;
    return false;
}

/** Sends what was kept, up to the first receiver that is still full. */
static void late_send(struct timer *timer)
{
    struct board_worker *worker = CONTAINER_OF(timer, struct board_worker, again);
    struct list_node *node;
    while ((node = list_pop(&worker->late))) {
        struct board_mail *message = LIST_ITEM(node, struct board_mail, node);
        if (!mail_send(message->receiver, &message->mail))
            continue;
        list_push_front(&worker->late, node);
        timer_start(timer, LATE_AGAIN_MS);
        return;
    }
}

static int32_t message_send(struct board_worker *worker, uint32_t receiver, uint32_t board,
                            struct dais_str key, struct dais_buf *object)
{
    struct board_mail *message = mem_alloc(sizeof *message + key.len);
    if (!message)
        return DAIS_E_MEMORY;
    *message = (struct board_mail){
        .mail = {.deliver = deliver},
        .board = board,
        .receiver = receiver,
        .object = object ? buf_ref(object) : NULL,
        .key_len = (uint32_t)key.len,
    };
    memcpy(message->key, key.ptr, key.len);
    if (is_late_for(worker, receiver) || mail_send(receiver, &message->mail))
        message_keep(worker, message);
    return DAIS_OK;
}

/** Changes a key here and on all other workers. */
static int32_t change(struct board_worker *worker, uint32_t number, struct dais_str key,
                      struct dais_buf *object)
{
    int32_t error = index_change(index_of(worker, number), key, object ? buf_ref(object) : NULL);
    for (uint32_t i = 0; i < worker_count() && !error; i++)
        if (i != worker_index())
            error = message_send(worker, i, number, key, object);
    return error;
}

/** Whether the row leads to a board here, and may have the key. */
static int32_t enter(const struct dais_board *row, struct dais_str key,
                     struct board_worker **ret_worker, uint32_t *ret_number)
{
    *ret_worker = self();
    *ret_number = board_find(row);
    if (!*ret_worker || *ret_number == BOARDS_MAX)
        return DAIS_E_STATE;
    return key.len == 0 || key.len > row->key_bytes_max ? DAIS_E_INVALID : DAIS_OK;
}

int32_t board_put(const struct dais_board *board, struct dais_str key, struct dais_buf *object)
{
    struct board_worker *worker;
    uint32_t number;
    int32_t error = object ? enter(board, key, &worker, &number) : DAIS_E_INVALID;
    if (error)
        return error;
    const struct map *index = index_of(worker, number);
    if (index->count >= board->keys_max && !map_get(index, key))
        return DAIS_E_LIMIT;
    return change(worker, number, key, object);
}

int32_t board_remove(const struct dais_board *board, struct dais_str key)
{
    struct board_worker *worker;
    uint32_t number;
    int32_t error = enter(board, key, &worker, &number);
    return error ? error : change(worker, number, key, NULL);
}

static void removal_free(struct removal *removal)
{
    timer_stop(&removal->timer);
    list_remove(&removal->node);
    removal->worker->removals_count--;
    buf_unref(removal->object);
    mem_free(removal);
}

static void removal_due(struct timer *timer)
{
    struct removal *removal = CONTAINER_OF(timer, struct removal, timer);
    struct dais_str key = dais_str(removal->key, removal->key_len);
    struct map *index = index_of(removal->worker, removal->board);
    if (map_get(index, key) == removal->object &&
        change(removal->worker, removal->board, key, NULL))
        LOG_ERROR("no memory to take a shared object off", log_str("key", key));
    removal_free(removal);
}

int32_t board_remove_later(const struct dais_board *board, struct dais_str key,
                           struct dais_buf *object, uint64_t ms)
{
    struct board_worker *worker;
    uint32_t number;
    int32_t error = object ? enter(board, key, &worker, &number) : DAIS_E_INVALID;
    if (error)
        return error;
    if (worker->removals_count == BOARD_LATER_MAX)
        return DAIS_E_LIMIT;
    struct removal *removal = mem_zalloc(1, sizeof *removal + key.len);
    if (!removal)
        return DAIS_E_MEMORY;
    removal->worker = worker;
    removal->board = number;
    removal->object = buf_ref(object);
    removal->key_len = (uint32_t)key.len;
    memcpy(removal->key, key.ptr, key.len);
    list_push(&worker->removals, &removal->node);
    worker->removals_count++;
    timer_init(&removal->timer, removal_due);
    timer_start(&removal->timer, ms);
    return DAIS_OK;
}

struct dais_buf *board_get(const struct dais_board *board, struct dais_str key)
{
    const struct board_worker *worker = self();
    uint32_t number = board_find(board);
    return worker && number < BOARDS_MAX ? map_get(&worker->index[number], key) : NULL;
}

int32_t board_worker_start(void)
{
    struct board_worker *worker = mem_zalloc(1, sizeof *worker);
    if (!worker)
        return DAIS_E_MEMORY;
    list_init(&worker->late);
    list_init(&worker->removals);
    timer_init(&worker->again, late_send);
    worker_slot_set(WORKER_SLOT_HOST_SHARED, worker);
    return DAIS_OK;
}

void board_worker_stop(void)
{
    struct board_worker *worker = self();
    if (!worker)
        return;
    timer_stop(&worker->again);
    for (uint32_t i = 0; i < boards_count; i++) {
        uint32_t cursor = 0;
        void *object;
        while (map_next(&worker->index[i], &cursor, NULL, &object))
            buf_unref(object);
        map_fini(&worker->index[i]);
    }
    LIST_EACH (node, &worker->removals)
        removal_free(LIST_ITEM(node, struct removal, node));
    struct list_node *node;
    while ((node = list_pop(&worker->late))) {
        struct board_mail *message = LIST_ITEM(node, struct board_mail, node);
        buf_unref(message->object);
        mem_free(message);
    }
    worker_slot_set(WORKER_SLOT_HOST_SHARED, NULL);
    mem_free(worker);
}
