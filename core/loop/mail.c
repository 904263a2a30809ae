/* SPDX-License-Identifier: MIT */
#include "loop/mail.h"

#include "base/check.h"
#include "base/limits.h"
#include "loop/worker_state.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Senders push on a stack; the worker takes the whole stack and turns it round. Nothing is ever
 * popped singly, so there is no ABA. The head of a closed box is this mark. */
static struct mail closed;

int32_t mail_box_init(struct worker *worker)
{
    atomic_init(&worker->mail.head, NULL);
    atomic_init(&worker->mail.count, 0);
    atomic_init(&worker->mail.asleep, false);
    worker->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return worker->wake_fd < 0 ? DAIS_E_LIMIT : DAIS_OK;
}

void mail_box_fini(struct worker *worker)
{
    if (worker->wake_fd >= 0)
        (void)close(worker->wake_fd);
    worker->wake_fd = -1;
}

static int32_t push(struct worker *worker, struct mail *mail)
{
    struct mail *head = atomic_load_explicit(&worker->mail.head, memory_order_relaxed);
    do {
        if (head == &closed)
            return DAIS_E_GONE;
        mail->next = head;
    } while (!atomic_compare_exchange_weak(&worker->mail.head, &head, mail));
    /* The worker sets `asleep`, then looks at the head; here it is the other way round: one of the
     * two sees the other. */
    if (atomic_load(&worker->mail.asleep) && atomic_exchange(&worker->mail.asleep, false)) {
        const uint64_t one = 1;
        ssize_t written = write(worker->wake_fd, &one, sizeof one);
        CHECK(written == sizeof one || errno == EAGAIN);
    }
    return DAIS_OK;
}

int32_t mail_send(uint32_t index, struct mail *mail)
{
    struct worker *worker = worker_at(index);
    uint32_t before = atomic_fetch_add_explicit(&worker->mail.count, 1, memory_order_relaxed);
    int32_t code = before >= (uint32_t)limit_get(LIMIT_MAIL) ? DAIS_E_LIMIT : push(worker, mail);
    if (code)
        atomic_fetch_sub_explicit(&worker->mail.count, 1, memory_order_relaxed);
    return code;
}

void mail_post(uint32_t index, struct mail *mail)
{
    struct worker *worker = worker_at(index);
    atomic_fetch_add_explicit(&worker->mail.count, 1, memory_order_relaxed);
    int32_t code = push(worker, mail);
    CHECK_MSG(code == DAIS_OK, "the worker has ended although its answer is waited for");
}

uint32_t mail_waiting(uint32_t index)
{
    return atomic_load_explicit(&worker_at(index)->mail.count, memory_order_relaxed);
}

bool mail_is_waiting(const struct worker *worker)
{
    return atomic_load(&worker->mail.head) != NULL;
}

static uint32_t deliver_all(struct worker *worker, struct mail *newest)
{
    struct mail *oldest = NULL;
    uint32_t count = 0;
    while (newest) {
        struct mail *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
        count++;
    }
    atomic_fetch_sub_explicit(&worker->mail.count, count, memory_order_relaxed);
    while (oldest) {
        struct mail *next = oldest->next;
        oldest->deliver(oldest);
        oldest = next;
    }
    return count;
}

uint32_t mail_deliver(struct worker *worker)
{
    if (!atomic_load_explicit(&worker->mail.head, memory_order_relaxed))
        return 0;
    return deliver_all(worker, atomic_exchange(&worker->mail.head, NULL));
}

void mail_box_close(struct worker *worker)
{
    struct mail *none = NULL;
    while (!atomic_compare_exchange_strong(&worker->mail.head, &none, &closed)) {
        mail_deliver(worker);
        none = NULL;
    }
}
