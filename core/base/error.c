/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <errno.h>
#include <stddef.h>

struct row {
    uint32_t status;
    const char *code;
    const char *title;
    const char *name;
};

/* By minus the code's number. */
static const struct row rows[] = {[0] = {200, "ok", "Success", "DAIS_OK"},
#define ERROR_ROW(name, number, status, code, title)                                               \
    [-(number)] = {status, code, title, "DAIS_E_" #name},
                                  DAIS_ERRORS(ERROR_ROW)
#undef ERROR_ROW
};

static const struct row *row_of(int32_t code)
{
    const int32_t count = (int32_t)(sizeof rows / sizeof rows[0]);
    if (code > 0 || code <= -count || !rows[-code].name)
        code = DAIS_E_INTERNAL;
    return &rows[-code];
}

uint32_t error_status(int32_t code)
{
    return row_of(code)->status;
}

const char *error_code(int32_t code)
{
    return row_of(code)->code;
}

const char *error_title(int32_t code)
{
    return row_of(code)->title;
}

const char *error_name(int32_t code)
{
    return row_of(code)->name;
}

int32_t error_from_errno(int system_error)
{
    static const struct {
        int from;
        int32_t to;
    } map[] = {
        {0, DAIS_OK},
        {ENOENT, DAIS_E_NOT_FOUND},
        {ENOTDIR, DAIS_E_NOT_FOUND},
        {EACCES, DAIS_E_DENIED},
        {EPERM, DAIS_E_DENIED},
        {EEXIST, DAIS_E_CONFLICT},
        {EADDRINUSE, DAIS_E_CONFLICT},
        {EINVAL, DAIS_E_INVALID},
        {EBADF, DAIS_E_INVALID},
        {ENAMETOOLONG, DAIS_E_INVALID},
        {ENOMEM, DAIS_E_MEMORY},
        {EAGAIN, DAIS_E_LIMIT},
        {EMFILE, DAIS_E_LIMIT},
        {ENFILE, DAIS_E_LIMIT},
        {ENOSPC, DAIS_E_UNAVAILABLE},
        {ECONNREFUSED, DAIS_E_UNAVAILABLE},
        {ENETUNREACH, DAIS_E_UNAVAILABLE},
        {EHOSTUNREACH, DAIS_E_UNAVAILABLE},
        {ETIMEDOUT, DAIS_E_TIMEOUT},
        {ECANCELED, DAIS_E_CANCELLED},
        {ECONNRESET, DAIS_E_GONE},
        {EPIPE, DAIS_E_GONE},
        {ESRCH, DAIS_E_GONE},
        {EFBIG, DAIS_E_TOO_LARGE},
        {E2BIG, DAIS_E_TOO_LARGE},
        {EMSGSIZE, DAIS_E_TOO_LARGE},
    };
    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++) {
        if (map[i].from == system_error)
            return map[i].to;
    }
    return DAIS_E_INTERNAL;
}
