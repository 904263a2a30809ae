/* SPDX-License-Identifier: MIT */
/* `dais plugin lint`: what a load would refuse, without a server. */
#include "host/lint.h"
#include "proc/cli.h"

#include <stdio.h>

#define LINT_BYTES_MAX (64u << 10)

/* The row of lint_fields in main.c. */
enum { LINT_FILE };

int verb_lint(const struct cli *cli, const struct args *args)
{
    STRBUF_AUTO struct strbuf out;
    uint32_t count = 0;
    (void)cli;
    strbuf_init(&out, LINT_BYTES_MAX);
    int32_t error = lint_file(args->values[LINT_FILE], &out, &count);
    fputs(strbuf_cstr(&out), stdout);
    if (error != DAIS_OK)
        fputs("dais plugin lint: there is too much to tell\n", stderr);
    return error == DAIS_OK && count == 0 ? 0 : CLI_FAILED;
}
