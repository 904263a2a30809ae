/* SPDX-License-Identifier: MIT */
/* Verbs that run in the server: its own and those of its plugins. */
#include "base/arena.h"
#include "base/error.h"
#include "proc/cli.h"
#include "proc/datadir.h"
#include "proc/prompt.h"
#include "proc/remote.h"

#include <stdio.h>
#include <string.h>

#define REMOTE_ARENA_BYTES (64u << 20)
/* A word further away than this was not meant. */
#define REMOTE_NEAR 2u

static const struct args_verb *find_remote(const struct remote_verbs *verbs,
                                           const char *const *words, uint32_t count,
                                           uint32_t *ret_taken)
{
    const struct args_verb *found = NULL;
    *ret_taken = 0;
    for (uint32_t i = 0; i < verbs->count; i++) {
        uint32_t taken = args_match(verbs->verbs[i].words, words, count);
        if (taken > *ret_taken) {
            *ret_taken = taken;
            found = &verbs->verbs[i];
        }
    }
    return found;
}

/* The given words as far as they can be a verb's: "user ad". */
static void join_words(const char *const *words, uint32_t count, uint32_t max, struct strbuf *out)
{
    strbuf_clear(out);
    for (uint32_t i = 0; i < count && i < max && words[i][0] != '-'; i++)
        strbuf_addf(out, "%s%s", i > 0 ? " " : "", words[i]);
}

static uint32_t count_words(const char *text)
{
    uint32_t count = 1;
    for (; *text != '\0'; text++)
        count += *text == ' ';
    return count;
}

struct nearest {
    const char *words;
    uint32_t distance;
};

static void consider(struct nearest *nearest, const char *name, const char *const *words,
                     uint32_t count)
{
    STRBUF_AUTO struct strbuf given;
    strbuf_init(&given, 1024);
    join_words(words, count, count_words(name), &given);
    uint32_t distance = args_distance(strbuf_cstr(&given), name);
    if (distance < nearest->distance)
        *nearest = (struct nearest){name, distance};
}

static const char *find_nearest(const struct remote_verbs *verbs, const char *const *words,
                                uint32_t count)
{
    struct nearest nearest = {NULL, REMOTE_NEAR + 1};
    for (const struct cli_verb *row = cli_verbs; row->verb.words != NULL; row++) {
        if (!row->hidden)
            consider(&nearest, row->verb.words, words, count);
    }
    for (uint32_t i = 0; i < verbs->count; i++)
        consider(&nearest, verbs->verbs[i].words, words, count);
    return nearest.words;
}

static int unknown(const struct remote_verbs *verbs, const char *const *words, uint32_t count)
{
    const char *nearest = find_nearest(verbs, words, count);
    if (nearest != NULL)
        fprintf(stderr, "dais: there is no verb '%s'; did you mean '%s'?\n", words[0], nearest);
    else
        fprintf(stderr, "dais: there is no verb '%s'; `dais help` lists them\n", words[0]);
    return CLI_USAGE;
}

/* With a right first word, as in "plugin list" beside "plugin lint", it may be the server's. */
static bool is_misspelled(const struct remote_verbs *verbs, const char *const *words,
                          uint32_t count)
{
    const char *nearest = find_nearest(verbs, words, count);
    size_t len = strlen(words[0]);
    return nearest != NULL && (strncmp(nearest, words[0], len) != 0 || nearest[len] != ' ');
}

/* What the supervisor noted last about crashed plugins is there without it. */
static void print_crashes(const char *data_dir)
{
    char path[REACH_PATH_BYTES + 32], line[1024];
    snprintf(path, sizeof path, "%s/run/" DATADIR_CRASHES, data_dir);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        fputs(line, stdout);
    if (file != NULL)
        fclose(file);
}

static int no_server(int32_t error, const char *data_dir, const char *const *words, uint32_t count)
{
    const struct remote_verbs none = {0, NULL};
    if (is_misspelled(&none, words, count))
        return unknown(&none, words, count);
    if (args_match("plugin list", words, count) > 0)
        print_crashes(data_dir);
    if (error == DAIS_E_UNAVAILABLE)
        fprintf(stderr,
                "dais: no server is running on %s; start it with `dais serve`"
                " (another folder: --data DIR or DAIS_DATA)\n",
                data_dir);
    else if (error == DAIS_E_DENIED)
        fprintf(stderr, "dais: the server on %s belongs to another user; try as root\n", data_dir);
    else
        fprintf(stderr, "dais: the server on %s does not answer as it should: %s\n", data_dir,
                error_code(error));
    return CLI_FAILED;
}

/* Asks for the first required secret that nothing gave; a verb has one at most. */
static int32_t ask_secret(const struct args_verb *verb, struct args *args,
                          char secret[PROMPT_BYTES])
{
    for (uint32_t i = 0; i < verb->count; i++) {
        const struct args_field *field = &verb->fields[i];
        if (!field->secret || !field->required || args->values[i] != NULL)
            continue;
        args->values[i] = secret;
        return prompt_secret(field->name, secret);
    }
    return DAIS_OK;
}

static int call_verb(const char *data_dir, const struct args_verb *verb, const struct args *args,
                     struct dais_arena *arena)
{
    struct remote_answer answer;
    int32_t error = remote_call(data_dir, verb, args, arena, &answer);
    if (error != DAIS_OK) {
        fprintf(stderr, "dais %s: the server went away before it answered (%s)\n", verb->words,
                error_code(error));
        return CLI_FAILED;
    }
    fwrite(answer.text.ptr, 1, answer.text.len, stdout);
    if (answer.ok)
        return 0;
    struct dais_str reason = answer.message.len > 0 ? answer.message : answer.error;
    fprintf(stderr, "dais %s: %.*s\n", verb->words, STR_ARG(reason));
    return CLI_FAILED;
}

static int run(const char *data_dir, const char *const *words, uint32_t count,
               struct dais_arena *arena)
{
    struct remote_verbs verbs = {0, NULL};
    struct args args;
    char message[ARGS_MESSAGE_BYTES], secret[PROMPT_BYTES] = "";
    uint32_t taken = 0;
    int32_t error = remote_verbs(data_dir, arena, &verbs);
    if (error != DAIS_OK)
        return no_server(error, data_dir, words, count);
    const struct args_verb *verb = find_remote(&verbs, words, count, &taken);
    if (verb == NULL)
        return unknown(&verbs, words, count);
    if (args_parse(verb, words + taken, count - taken, &args, message) != DAIS_OK) {
        fprintf(stderr, "dais %s: %s (see `dais help %s`)\n", verb->words, message, verb->words);
        return CLI_USAGE;
    }
    if (ask_secret(verb, &args, secret) != DAIS_OK)
        return CLI_USAGE;
    int status = call_verb(data_dir, verb, &args, arena);
    explicit_bzero(secret, sizeof secret);
    return status;
}

int verb_remote(const struct cli *cli, const char *const *words, uint32_t count)
{
    char data_dir[REACH_PATH_BYTES];
    struct dais_arena arena;
    if (cli_data_dir(cli, data_dir) != DAIS_OK)
        return CLI_FAILED;
    arena_init(&arena, REMOTE_ARENA_BYTES);
    int status = run(data_dir, words, count, &arena);
    arena_reset(&arena);
    return status;
}
