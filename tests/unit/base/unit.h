/* SPDX-License-Identifier: MIT */
#pragma once
/* What the tests of this layer share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/** Runs `fn(arg)` in a process of its own, which must abort. */
static inline void assert_aborts(void (*fn)(void *arg), void *arg)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        /* The message is expected, and nothing of it concerns the reader of the test's output. */
        int null_fd = open("/dev/null", O_WRONLY);
        (void)dup2(null_fd, STDERR_FILENO);
        (void)signal(SIGABRT, SIG_DFL);
        fn(arg);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

#define assert_str(view, text)                                                                     \
    do {                                                                                           \
        struct dais_str assert_view_ = (view);                                                     \
        assert_non_null(assert_view_.ptr);                                                         \
        assert_int_equal(assert_view_.len, strlen(text));                                          \
        assert_memory_equal(assert_view_.ptr, text, assert_view_.len);                             \
    } while (0)
