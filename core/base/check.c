/* SPDX-License-Identifier: MIT */
#include "base/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t append(char *line, size_t used, size_t size, const char *text)
{
    size_t len = strlen(text);
    if (len > size - used)
        len = size - used;
    memcpy(line + used, text, len);
    return used + len;
}

_Noreturn void check_failed(const char *file, int line, const char *text)
{
    char out[512];
    char digits[12];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    for (unsigned rest = (unsigned)line; rest != 0 && at > 0; rest /= 10)
        digits[--at] = (char)('0' + rest % 10);
    size_t used = append(out, 0, sizeof out, file);
    used = append(out, used, sizeof out, ":");
    used = append(out, used, sizeof out, digits + at);
    used = append(out, used, sizeof out, ": check failed: ");
    used = append(out, used, sizeof out - 1, text);
    out[used++] = '\n';
    ssize_t written = write(STDERR_FILENO, out, used);
    (void)written; /* the process ends either way */
    abort();
}
