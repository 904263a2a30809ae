/* SPDX-License-Identifier: MIT */
#include "data/runas.h"

#include "base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What travels from the child to its parent. */
struct answer {
    int32_t code;
    char message[RUNAS_MESSAGE_BYTES];
};

void runas_say(char *message, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int written = vsnprintf(message, RUNAS_MESSAGE_BYTES, format, args);
    va_end(args);
    CHECK(written >= 0);
}

static int32_t take(const struct passwd *entry, char *message, struct runas *ret_account)
{
    if (strlen(entry->pw_name) >= RUNAS_NAME_BYTES) {
        runas_say(message, "the name of user %u is too long", (unsigned)entry->pw_uid);
        return DAIS_E_INVALID;
    }
    struct runas account = {
        .uid = entry->pw_uid, .gid = entry->pw_gid, .other = entry->pw_uid != geteuid()};
    memcpy(account.name, entry->pw_name, strlen(entry->pw_name) + 1);
    *ret_account = account;
    return DAIS_OK;
}

int32_t runas_find(const char *name, char *message, struct runas *ret_account)
{
    const char *const names[] = {name ? name : "dais", name ? NULL : "postgres"};
    if (geteuid() != 0) {
        const struct passwd *self = getpwuid(geteuid());
        if (self)
            return take(self, message, ret_account);
        runas_say(message, "user %u has no entry in the user database", (unsigned)geteuid());
        return DAIS_E_NOT_FOUND;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0] && names[i]; i++) {
        const struct passwd *entry = getpwnam(names[i]);
        if (entry && entry->pw_uid != 0)
            return take(entry, message, ret_account);
    }
    runas_say(message, "PostgreSQL does not run as root and there is no user \"%s\"", names[0]);
    return DAIS_E_NOT_FOUND;
}

int32_t runas_enter(const struct runas *account)
{
    if (!account->other)
        return DAIS_OK;
    if (initgroups(account->name, account->gid) != 0 ||
        setresgid(account->gid, account->gid, account->gid) != 0 ||
        setresuid(account->uid, account->uid, account->uid) != 0)
        return DAIS_E_DENIED;
    CHECK(getuid() == account->uid && geteuid() == account->uid);
    return DAIS_OK;
}

static void write_answer(int fd, const struct answer *answer)
{
    /* Less than PIPE_BUF: it goes out whole, or the parent is gone. */
    ssize_t written = write(fd, answer, sizeof *answer);
    CHECK(written == (ssize_t)sizeof *answer || errno == EPIPE);
}

_Noreturn static void serve(const struct runas *account, runas_fn fn, void *arg, int fd)
{
    struct answer answer = {0};
    answer.code = runas_enter(account);
    if (answer.code == DAIS_OK)
        answer.code = fn(arg, answer.message);
    else
        runas_say(answer.message, "cannot become user \"%s\": %s", account->name, strerror(errno));
    write_answer(fd, &answer);
    _exit(0);
}

static int32_t collect(pid_t child, int fd, char *message)
{
    struct answer answer;
    ssize_t got;
    do
        got = read(fd, &answer, sizeof answer);
    while (got < 0 && errno == EINTR);
    pid_t gone;
    do
        gone = waitpid(child, NULL, 0);
    while (gone < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof answer) {
        runas_say(message, "a helper process ended without an answer");
        return DAIS_E_INTERNAL;
    }
    memcpy(message, answer.message, sizeof answer.message);
    message[RUNAS_MESSAGE_BYTES - 1] = '\0';
    return answer.code;
}

int32_t runas_call(const struct runas *account, runas_fn fn, void *arg, char *message)
{
    _Static_assert(sizeof(struct answer) <= 4096, "one atomic write to a pipe");
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        runas_say(message, "no pipe: %s", strerror(errno));
        return DAIS_E_INTERNAL;
    }
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        serve(account, fn, arg, ends[1]);
    }
    close(ends[1]);
    int32_t code = DAIS_E_INTERNAL;
    if (child < 0)
        runas_say(message, "cannot fork: %s", strerror(errno));
    else
        code = collect(child, ends[0], message);
    close(ends[0]);
    return code;
}
