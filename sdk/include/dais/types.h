/* SPDX-License-Identifier: MIT */
#pragma once
/* The few types that every interface shares. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A view of bytes that somebody else owns; not NUL-terminated. `ptr` NULL means absent, which is
 * not the same as empty. How long it stays valid stands beside the function that gives it.
 */
struct dais_str {
    const char *ptr;
    uint64_t len;
};

/** A view of a string literal; usable in constant initializers. */
#define DAIS_STR_INIT(literal)                                                                     \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

/** A view of `len` bytes at `ptr`. */
static inline struct dais_str dais_str(const char *ptr, uint64_t len)
{
    struct dais_str s = {ptr, len};
    return s;
}

/** The view of a NUL-terminated string; NULL gives the absent view. */
static inline struct dais_str dais_cstr(const char *text)
{
    return dais_str(text, text ? strlen(text) : 0);
}

/** Whether two views hold the same bytes. Not for secrets: the time depends on the contents. */
static inline int dais_str_eq(struct dais_str a, struct dais_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/**
 * A handle of something that the host keeps: an index and a generation. 0 is never valid. A handle
 * whose thing is gone gives DAIS_E_GONE.
 */
typedef uint64_t dais_handle;

#ifdef __cplusplus
}
#endif
