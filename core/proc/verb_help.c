/* SPDX-License-Identifier: MIT */
/* `dais help`, `dais version`. */
#include "base/arena.h"
#include "proc/cli.h"
#include "proc/remote.h"

#include <stdio.h>
#include <string.h>

#define HELP_ARENA_BYTES (64u << 20)
#define HELP_TEXT_BYTES (1u << 20)
#define HELP_WORDS_MAX 3u

static void list_verb(const struct args_verb *verb)
{
    printf("  %-20s %s\n", verb->words, verb->summary);
}

/* Whether a verb of the server is in the table of this process, too. */
static bool is_here(const char *words)
{
    for (const struct cli_verb *row = cli_verbs; row->verb.words != NULL; row++) {
        if (strcmp(row->verb.words, words) == 0)
            return true;
    }
    return false;
}

static int list_all(const char *data_dir, const struct remote_verbs *verbs)
{
    puts("usage: dais [--data DIR] [--config FILE] <verb> …\n");
    for (const struct cli_verb *row = cli_verbs; row->verb.words != NULL; row++) {
        if (!row->hidden)
            list_verb(&row->verb);
    }
    if (verbs->count == 0)
        printf("\nMore verbs come from the running server; none is running on %s.\n", data_dir);
    else
        printf("\nOf the server on %s:\n\n", data_dir);
    for (uint32_t i = 0; i < verbs->count; i++) {
        if (!is_here(verbs->verbs[i].words))
            list_verb(&verbs->verbs[i]);
    }
    return 0;
}

static const struct args_verb *find(const struct remote_verbs *verbs, const char *const *words,
                                    uint32_t count)
{
    uint32_t taken = 0;
    const struct cli_verb *row = cli_find(words, count, &taken);
    if (row != NULL)
        return &row->verb;
    for (uint32_t i = 0; i < verbs->count; i++) {
        if (args_match(verbs->verbs[i].words, words, count) > 0)
            return &verbs->verbs[i];
    }
    return NULL;
}

static int explain(const struct remote_verbs *verbs, const char *const *words, uint32_t count)
{
    const struct args_verb *verb = find(verbs, words, count);
    if (verb == NULL) {
        fprintf(stderr, "dais: there is no verb '%s'; `dais help` lists them\n", words[0]);
        return CLI_USAGE;
    }
    STRBUF_AUTO struct strbuf text;
    strbuf_init(&text, HELP_TEXT_BYTES);
    args_usage(verb, &text);
    fputs(strbuf_cstr(&text), stdout);
    return 0;
}

int verb_help(const struct cli *cli, const struct args *args)
{
    struct remote_verbs verbs = {0, NULL};
    struct dais_arena arena;
    char data_dir[REACH_PATH_BYTES];
    uint32_t count = 0, taken = 0;
    while (count < HELP_WORDS_MAX && args->values[count] != NULL)
        count++;
    /* The help of this process's own verbs is there whatever the configuration looks like. */
    if (count > 0 && cli_find(args->values, count, &taken) != NULL)
        return explain(&verbs, args->values, count);
    if (cli_data_dir(cli, data_dir) != DAIS_OK)
        return CLI_FAILED;
    arena_init(&arena, HELP_ARENA_BYTES);
    if (remote_verbs(data_dir, &arena, &verbs) != DAIS_OK)
        verbs.count = 0;
    int status = count > 0 ? explain(&verbs, args->values, count) : list_all(data_dir, &verbs);
    arena_reset(&arena);
    return status;
}

int verb_version(const struct cli *cli, const struct args *args)
{
    (void)cli;
    (void)args;
    puts("dais " DAIS_VERSION);
    return 0;
}
