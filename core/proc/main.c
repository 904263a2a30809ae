/* SPDX-License-Identifier: MIT */
/* The command `dais`: finds the verb and runs it. */
#include "base/random.h"
#include "proc/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More words than any verb takes. */
#define MAIN_WORDS_MAX 256u

static const struct args_field serve_fields[] = {
    {.name = "safe", .flag = true, .prose = "leave out plugins that are not bundled"},
    {.name = "core-dumps", .flag = true, .prose = "let a crash write a core file"},
    {.name = "dev", .flag = true, .prose = "load plugins again when their files change"},
};

static const struct args_field lint_fields[] = {
    {.name = "file", .positional = true, .required = true, .prose = "the plugin's .so"},
};

static const struct args_field check_fields[] = {
    {.name = "file",
     .positional = true,
     .prose = "the configuration file",
     .fallback = "dais.yaml"},
};

static const struct args_field trial_fields[] = {
    {.name = "files", .positional = true, .required = true, .prose = "lines of id=path"},
};

static const struct args_field describe_fields[] = {
    {.name = "format", .prose = "form of the answer", .choices = "text, json", .fallback = "text"},
    {.name = "topic", .positional = true, .prose = "only this: routes, config, limits …"},
};

static const struct args_field help_fields[] = {
    {.name = "verb", .positional = true, .prose = "the verb to explain"},
    {.name = "more", .positional = true, .prose = "its second word"},
    {.name = "words", .positional = true, .prose = "its third word"},
};

#define FIELDS(table) (table), sizeof(table) / sizeof((table)[0])

const struct cli_verb cli_verbs[] = {
    {{"serve", "start the server, with its own PostgreSQL unless database.url is set",
      FIELDS(serve_fields)},
     verb_serve,
     false},
    {{"server", "the server process, without a supervisor", FIELDS(serve_fields)},
     verb_server,
     true},
    {{"trial", "try plugins' files in a process that may die of it", FIELDS(trial_fields)},
     verb_trial,
     true},
    {{"check", "look for errors in the configuration and in what its plugins need",
      FIELDS(check_fields)},
     verb_check,
     false},
    {{"plugin lint", "tell what keeps a file from being loaded as a plugin", FIELDS(lint_fields)},
     verb_lint,
     false},
    {{"describe", "print routes, configuration keys, limits, metrics, statements and verbs",
      FIELDS(describe_fields)},
     verb_describe,
     false},
    {{"doctor", "tell what is missing or limited on this machine", NULL, 0}, verb_doctor, false},
    {{"help", "list the verbs, or explain one", FIELDS(help_fields)}, verb_help, false},
    {{"version", "print the version", NULL, 0}, verb_version, false},
    {{NULL, NULL, NULL, 0}, NULL, false},
};

const struct cli_verb *cli_find(const char *const *words, uint32_t count, uint32_t *ret_taken)
{
    for (const struct cli_verb *row = cli_verbs; row->verb.words != NULL; row++) {
        uint32_t taken = args_match(row->verb.words, words, count);
        if (taken > 0) {
            *ret_taken = taken;
            return row;
        }
    }
    return NULL;
}

/* Whether words[0] is the option `name`; its value and how many words it takes. */
static uint32_t take_global(const char *const *words, uint32_t count, const char *name,
                            const char **ret_value)
{
    size_t len = strlen(name);
    if (strncmp(words[0], name, len) != 0)
        return 0;
    if (words[0][len] == '=') {
        *ret_value = words[0] + len + 1;
        return 1;
    }
    if (words[0][len] != '\0' || count < 2)
        return 0;
    *ret_value = words[1];
    return 2;
}

/* A relative folder means the one below the working directory of now. */
static void set_data_dir(const char *path)
{
    char here[REACH_PATH_BYTES], absolute[2 * REACH_PATH_BYTES];
    if (path[0] != '/' && getcwd(here, sizeof here) != NULL) {
        snprintf(absolute, sizeof absolute, "%s/%s", here, path);
        path = absolute;
    }
    setenv("DAIS_DATA", path, 1);
}

/* Takes --data and --config out of the words; gives how many are left. */
static uint32_t take_globals(const char *const *words, uint32_t count, const char **ret_left,
                             struct cli *ret_cli)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < count;) {
        const char *value = NULL;
        uint32_t taken = take_global(words + i, count - i, "--config", &ret_cli->config);
        if (taken == 0) {
            taken = take_global(words + i, count - i, "--data", &value);
            if (value != NULL)
                set_data_dir(value);
        }
        if (taken == 0)
            ret_left[left++] = words[i++];
        i += taken;
    }
    return left;
}

/* "--help" anywhere asks about the verb before it. */
static bool wants_help(const char *const *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0)
            return true;
    }
    return false;
}

static int run_help(const struct cli *cli, const char *const *words, uint32_t count)
{
    struct args args = {0};
    uint32_t given = 0;
    for (uint32_t i = 0; i < count && given < 3 && words[i][0] != '-'; i++)
        args.values[given++] = words[i];
    return verb_help(cli, &args);
}

static int run(const struct cli *cli, const char *const *words, uint32_t count)
{
    struct args args;
    char message[ARGS_MESSAGE_BYTES];
    uint32_t taken = 0;
    if (count == 0 || wants_help(words, count))
        return run_help(cli, words, count);
    if (strcmp(words[0], "--version") == 0)
        return verb_version(cli, NULL);
    const struct cli_verb *row = cli_find(words, count, &taken);
    if (row == NULL)
        return verb_remote(cli, words, count);
    if (args_parse(&row->verb, words + taken, count - taken, &args, message) != DAIS_OK) {
        fprintf(stderr, "dais %s: %s (see `dais help %s`)\n", row->verb.words, message,
                row->verb.words);
        return CLI_USAGE;
    }
    return row->run(cli, &args);
}

int main(int argc, char **argv)
{
    const char *words[MAIN_WORDS_MAX];
    struct cli cli = {.config = NULL};
    if (argc < 1 || argc > (int)MAIN_WORDS_MAX) {
        fputs("dais: too many arguments\n", stderr);
        return CLI_USAGE;
    }
    random_init();
    uint32_t count = take_globals((const char *const *)argv + 1, (uint32_t)argc - 1, words, &cli);
    return run(&cli, words, count);
}
