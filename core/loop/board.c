/* SPDX-License-Identifier: MIT */
#include "loop/board.h"

#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "loop/mail.h"
#include "loop/timer.h"
#include "loop/worker.h"

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
    struct map index[BOARDS_MAX];
    struct list late; /* struct board_mail, oldest first */
    struct timer again;
};

static const struct dais_board *boards[BOARDS_MAX];
static uint32_t boards_count;

int32_t board_add(const struct dais_board *board)
{
    for (uint32_t i = 0; i < boards_count; i++)
        if (boards[i] == board)
            return DAIS_E_CONFLICT;
    if (boards_count == BOARDS_MAX)
        return DAIS_E_LIMIT;
    boards[boards_count++] = board;
    return DAIS_OK;
}

void boards_reset(void)
{
    CHECK(worker_count() == 0);
    boards_count = 0;
}

static struct board_worker *self(void)
{
    return worker_self() ? worker_slot_get(WORKER_SLOT_HOST_SHARED) : NULL;
}

/** The number of a board; boards_count when it was never added. */
static uint32_t board_find(const struct dais_board *board)
{
    uint32_t i = 0;
    while (i < boards_count && boards[i] != board)
        i++;
    return i;
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
    else if (index_change(&worker->index[message->board], key, message->object))
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

static int32_t change(const struct dais_board *board, struct dais_str key, struct dais_buf *object)
{
    struct board_worker *worker = self();
    uint32_t number = board_find(board);
    if (!worker || number == boards_count)
        return DAIS_E_STATE;
    if (key.len == 0 || key.len > board->key_bytes_max)
        return DAIS_E_INVALID;
    struct map *index = &worker->index[number];
    if (object && index->count >= board->keys_max && !map_get(index, key))
        return DAIS_E_LIMIT;
    int32_t error = index_change(index, key, object ? buf_ref(object) : NULL);
    for (uint32_t i = 0; i < worker_count() && !error; i++)
        if (i != worker_index())
            error = message_send(worker, i, number, key, object);
    return error;
}

int32_t board_put(const struct dais_board *board, struct dais_str key, struct dais_buf *object)
{
    return object ? change(board, key, object) : DAIS_E_INVALID;
}

int32_t board_remove(const struct dais_board *board, struct dais_str key)
{
    return change(board, key, NULL);
}

struct dais_buf *board_get(const struct dais_board *board, struct dais_str key)
{
    const struct board_worker *worker = self();
    uint32_t number = board_find(board);
    return worker && number < boards_count ? map_get(&worker->index[number], key) : NULL;
}

int32_t board_worker_start(void)
{
    struct board_worker *worker = mem_zalloc(1, sizeof *worker);
    if (!worker)
        return DAIS_E_MEMORY;
    list_init(&worker->late);
    /* Each worker admits keys_max by its own view; what is on its way may come on top here. */
    for (uint32_t i = 0; i < boards_count; i++)
        map_init(&worker->index[i], boards[i]->keys_max * WORKERS_MAX);
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
    struct list_node *node;
    while ((node = list_pop(&worker->late))) {
        struct board_mail *message = LIST_ITEM(node, struct board_mail, node);
        buf_unref(message->object);
        mem_free(message);
    }
    worker_slot_set(WORKER_SLOT_HOST_SHARED, NULL);
    mem_free(worker);
}
