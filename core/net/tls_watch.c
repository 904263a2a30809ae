/* SPDX-License-Identifier: MIT */
/*
 * The look at the files of the certificates.
 *
 * Whoever renews a certificate writes two files, one after the other. So files that changed are
 * read only once two looks found them alike, and those that could not be used are not tried again
 * before they change.
 */
#include "base/log.h"
#include "loop/fiber.h"
#include "loop/job.h"
#include "net/tls_inner.h"

#include <sys/stat.h>

#define LOOK_MS 2000u

/* FNV-1a, a word at a time. */
static uint64_t fold(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * 0x100000001b3u;
}

static uint64_t look_at(uint64_t hash, const char *path)
{
    struct stat entry;
    if (stat(path, &entry) != 0)
        return fold(hash, 0);
    hash = fold(hash, (uint64_t)entry.st_dev);
    hash = fold(hash, (uint64_t)entry.st_ino);
    hash = fold(hash, (uint64_t)entry.st_size);
    hash = fold(hash, (uint64_t)entry.st_mtim.tv_sec);
    return fold(hash, (uint64_t)entry.st_mtim.tv_nsec);
}

uint64_t tls_files_look(const struct tls *tls)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (uint32_t i = 0; i < tls->count; i++) {
        hash = look_at(hash, tls->pairs[i].certificate.ptr);
        hash = look_at(hash, tls->pairs[i].key.ptr);
    }
    return hash;
}

static int32_t look(void *arg)
{
    struct tls *tls = arg;
    char message[TLS_MESSAGE_BYTES];
    uint64_t before = tls->seen;
    tls->seen = tls_files_look(tls);
    bool changed = tls->seen != atomic_load(&tls->read) && tls->seen == before;
    if (!atomic_exchange(&tls->asked, false) && !changed)
        return DAIS_OK;
    return tls_reload(tls, message);
}

/* What went wrong with the certificates stands in the log already. */
static void run(void *arg)
{
    struct tls *tls = arg;
    uint32_t disk = 0;
    int32_t code = job_class_find(dais_cstr("disk"), &disk);
    if (code == DAIS_OK)
        code = job_run(disk, look, tls);
    if (code != DAIS_OK)
        LOG_DEBUG("certificates looked at in vain", log_code(code));
    tls->looking = false;
}

static void on_time(struct timer *timer)
{
    struct tls *tls = CONTAINER_OF(timer, struct tls, timer);
    struct fiber_spec spec = {.name = "tls watch", .fn = run, .arg = tls};
    if (tls->looking)
        return;
    tls->looking = fiber_spawn(&spec, NULL) == DAIS_OK;
}

void tls_reload_soon(struct tls *tls)
{
    atomic_store(&tls->asked, true);
}

void tls_watch_start(struct tls *tls)
{
    tls->seen = atomic_load(&tls->read);
    timer_init(&tls->timer, on_time);
    timer_start_every(&tls->timer, LOOK_MS);
}

void tls_watch_stop(struct tls *tls)
{
    timer_stop(&tls->timer);
}
