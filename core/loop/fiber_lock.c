/* SPDX-License-Identifier: MIT */
#include "loop/fiber_lock.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/mem.h"
#include "loop/fiber_state.h"
#include "loop/mail.h"

#include <string.h>

#define MAGIC CHECK_MAGIC_OF('L', 'O', 'C', 'K')

/* One request for a lock, then the holding of it. It travels: to the home worker to ask, back when
 * it is granted, home again to be given back, where it is freed. Only `wait` and `held` belong to
 * the asker all the time. */
struct dais_lock {
    struct mail mail;
    uint32_t magic;
    uint32_t home;
    uint32_t asker;
    int32_t code;             /* why it was refused, if it was */
    struct lock_entry *entry; /* at home, once queued or granted */
    struct list_node queued;  /* at home */
    struct list_node held;    /* at the asker: in its fiber's list */
    struct fiber_wait *wait;  /* at the asker; NULL: nobody waits any more */
    uint64_t key_len;
    char key[];
};

/* At the home worker: a key that somebody holds. */
struct lock_entry {
    struct list waiters;
    struct dais_lock *holder;
};

void locks_init(struct worker *worker)
{
    map_init(&worker->locks, UINT32_MAX / 4);
}

void locks_fini(struct worker *worker)
{
    CHECK(worker->locks.count == 0);
    map_fini(&worker->locks);
}

static struct dais_str key_of(const struct dais_lock *lock)
{
    return dais_str(lock->key, lock->key_len);
}

static void pass(uint32_t worker, struct dais_lock *lock, void (*deliver)(struct mail *mail))
{
    lock->mail.deliver = deliver;
    if (worker == worker_index())
        deliver(&lock->mail);
    else
        mail_post(worker, &lock->mail);
}

static struct dais_lock *lock_of(struct mail *mail)
{
    return CHECK_CAST(dais_lock, CONTAINER_OF(mail, struct dais_lock, mail), MAGIC);
}

static void give_back_at_home(struct mail *mail);

/* At the asker: it was granted or refused. */
static void answer_asker(struct mail *mail)
{
    struct dais_lock *lock = lock_of(mail);
    if (lock->wait) {
        fiber_resume(lock->wait, lock->code);
        return;
    }
    worker_current->locks_abandoned--;
    if (lock->code)
        mem_free(lock);
    else
        pass(lock->home, lock, give_back_at_home);
}

/* At home: the next in the queue holds it, or the key is forgotten. */
static void pass_on(struct lock_entry *entry, const struct dais_lock *from)
{
    struct list_node *node = list_pop(&entry->waiters);
    if (!node) {
        (void)map_remove(&worker_current->locks, key_of(from));
        mem_free(entry);
        return;
    }
    entry->holder = LIST_ITEM(node, struct dais_lock, queued);
    pass(entry->holder->asker, entry->holder, answer_asker);
}

static void give_back_at_home(struct mail *mail)
{
    struct dais_lock *lock = lock_of(mail);
    CHECK(lock->entry->holder == lock);
    pass_on(lock->entry, lock);
    mem_free(lock);
}

static int32_t make_entry(struct dais_lock *lock)
{
    struct lock_entry *entry = mem_zalloc(1, sizeof *entry);
    if (!entry)
        return DAIS_E_MEMORY;
    int32_t code = map_put(&worker_current->locks, key_of(lock), entry);
    if (code) {
        mem_free(entry);
        return code;
    }
    list_init(&entry->waiters);
    entry->holder = lock;
    lock->entry = entry;
    return DAIS_OK;
}

/* At home: somebody asks. */
static void ask_home(struct mail *mail)
{
    struct dais_lock *lock = lock_of(mail);
    struct lock_entry *entry = map_get(&worker_current->locks, key_of(lock));
    if (entry) {
        lock->entry = entry;
        list_push(&entry->waiters, &lock->queued);
        return;
    }
    lock->code = make_entry(lock);
    pass(lock->asker, lock, answer_asker);
}

/* The fiber waits no longer. What is on its way finds that out when it arrives. */
static void abandon(struct dais_lock *lock)
{
    lock->wait = NULL;
    if (lock->home != lock->asker) {
        worker_current->locks_abandoned++;
        return;
    }
    CHECK(list_is_linked(&lock->queued)); /* here a grant would have resumed the fiber */
    list_remove(&lock->queued);
    mem_free(lock);
}

int32_t fiber_lock(struct dais_str key, uint64_t timeout_ms, struct dais_lock **ret_lock)
{
    struct fiber *fiber = fiber_self();
    struct fiber_wait wait;
    if (!fiber)
        return DAIS_E_STATE;
    if (key.len == 0 || key.len > (uint64_t)limit_get(LIMIT_LOCK_KEY_BYTES))
        return DAIS_E_INVALID;
    struct dais_lock *lock = mem_zalloc(1, sizeof *lock + key.len);
    if (!lock)
        return DAIS_E_MEMORY;
    lock->magic = MAGIC;
    lock->home = worker_home(key);
    lock->asker = worker_index();
    lock->key_len = key.len;
    memcpy(lock->key, key.ptr, key.len);
    lock->wait = &wait;
    fiber_wait_init(&wait);
    pass(lock->home, lock, ask_home);
    int32_t code = fiber_suspend(&wait, timeout_ms);
    if (!wait.done) {
        abandon(lock);
        return code;
    }
    lock->wait = NULL;
    if (code) {
        mem_free(lock);
        return code;
    }
    list_push(&fiber->locks, &lock->held);
    *ret_lock = lock;
    return DAIS_OK;
}

void fiber_unlock(struct dais_lock *lock)
{
    if (!lock)
        return;
    CHECK(lock->magic == MAGIC && list_is_linked(&lock->held));
    list_remove(&lock->held);
    pass(lock->home, lock, give_back_at_home);
}

void fiber_unlock_indirect(struct dais_lock **lock)
{
    fiber_unlock(*lock);
}

void fiber_locks_release(struct fiber *fiber)
{
    for (struct list_node *node = list_first(&fiber->locks); node; node = list_first(&fiber->locks))
        fiber_unlock(LIST_ITEM(node, struct dais_lock, held));
}
