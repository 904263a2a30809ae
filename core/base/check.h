/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Assertions of the core's own invariants, active in every build.
 *
 * CHECK is for what only a bug of ours can break: it prints file, line and condition and aborts, so
 * that the supervisor restarts a process whose state is known. Peers, disk, database, configuration
 * and plugins are never CHECKed; they get an error code.
 */
#include <stddef.h>
#include <stdint.h>

/** Prints "file:line: text" on standard error and aborts. Async-signal-safe. */
_Noreturn void check_failed(const char *file, int line, const char *text);

/** Aborts unless `cond` holds. */
#define CHECK(cond) ((cond) ? (void)0 : check_failed(__FILE__, __LINE__, #cond))

/** As CHECK, with `text` (a literal) saying what was expected. */
#define CHECK_MSG(cond, text) ((cond) ? (void)0 : check_failed(__FILE__, __LINE__, text))

/** A magic number from four characters, for the first member of a struct:
 * CHECK_MAGIC_OF('F','I','B','R'). */
#define CHECK_MAGIC_OF(a, b, c, d)                                                                 \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/** Turns a `void *` into `struct type *` (an expression), after looking at its `magic` member. */
#define CHECK_CAST(type, pointer, expected)                                                        \
    ({                                                                                             \
        struct type *check_cast_ = (pointer);                                                      \
        CHECK(check_cast_ != NULL && check_cast_->magic == (expected));                            \
        check_cast_;                                                                               \
    })

/** The struct that contains `member` at `pointer`. */
#define CONTAINER_OF(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
