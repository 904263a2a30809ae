/* SPDX-License-Identifier: MIT */
#include "proc/args.h"

#include "base/check.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGS_WORD_MAX 32u

uint32_t args_match(const char *name, const char *const *words, uint32_t count)
{
    struct dais_str rest = dais_cstr(name), piece;
    uint32_t matched = 0;
    while (str_split(&rest, ' ', &piece)) {
        if (matched == count || !str_eqz(piece, words[matched]))
            return 0;
        matched++;
    }
    return matched;
}

/* "display-name", "display_name" and "displayName" are one name. */
static bool same_name(struct dais_str given, const char *name)
{
    uint64_t i = 0;
    while (*name != '\0') {
        if (*name == '_' || *name == '-') {
            name++;
        } else if (i < given.len && (given.ptr[i] == '_' || given.ptr[i] == '-')) {
            i++;
        } else {
            if (i == given.len || tolower((uint8_t)given.ptr[i]) != tolower((uint8_t)*name))
                return false;
            i++;
            name++;
        }
    }
    return i == given.len;
}

/* The field of `--name`, or -1. */
static int32_t find_option(const struct args_verb *verb, struct dais_str name)
{
    for (uint32_t i = 0; i < verb->count; i++) {
        if (same_name(name, verb->fields[i].name))
            return (int32_t)i;
    }
    return -1;
}

/* The next positional field that has no value yet, or -1. */
static int32_t next_positional(const struct args_verb *verb, const struct args *args)
{
    for (uint32_t i = 0; i < verb->count; i++) {
        if (verb->fields[i].positional && !verb->fields[i].secret && args->values[i] == NULL)
            return (int32_t)i;
    }
    return -1;
}

/* One call of args_parse. */
struct parse {
    const struct args_verb *verb;
    struct args args;
    char *message;
};

__attribute__((format(printf, 2, 3))) static int32_t refuse(const struct parse *parse,
                                                            const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(parse->message, ARGS_MESSAGE_BYTES, format, arguments);
    va_end(arguments);
    return DAIS_E_INVALID;
}

/* Takes the option words[0] and its value; `ret_taken` is how many words that were. */
static int32_t take_option(struct parse *parse, const char *const *words, uint32_t count,
                           uint32_t *ret_taken)
{
    struct dais_str name = dais_cstr(words[0] + 2);
    const char *value = strchr(words[0], '=');
    if (value != NULL)
        name.len = (uint64_t)(value++ - name.ptr);

    int32_t index = find_option(parse->verb, name);
    if (index < 0)
        return refuse(parse, "there is no option --%.*s", STR_ARG(name));
    const struct args_field *field = &parse->verb->fields[index];
    if (field->secret)
        return refuse(parse, "%s isn't taken from the command line, where others could read it%s%s",
                      field->name, field->env != NULL ? "; set " : "",
                      field->env != NULL ? field->env : "");
    if (parse->args.values[index] != NULL)
        return refuse(parse, "--%s is given twice", field->name);
    *ret_taken = 1;
    if (value == NULL && field->flag) {
        value = "true";
    } else if (value == NULL) {
        if (count < 2)
            return refuse(parse, "--%s needs a value", field->name);
        value = words[1];
        *ret_taken = 2;
    }
    parse->args.values[index] = value;
    return DAIS_OK;
}

static int32_t take_words(struct parse *parse, const char *const *words, uint32_t count)
{
    bool options = true;
    for (uint32_t i = 0; i < count;) {
        uint32_t taken = 1;
        if (options && strcmp(words[i], "--") == 0) {
            options = false;
        } else if (options && strncmp(words[i], "--", 2) == 0) {
            int32_t error = take_option(parse, words + i, count - i, &taken);
            if (error != DAIS_OK)
                return error;
        } else {
            int32_t index = next_positional(parse->verb, &parse->args);
            if (index < 0)
                return refuse(parse, "'%s' is one argument too many", words[i]);
            parse->args.values[index] = words[i];
        }
        i += taken;
    }
    return DAIS_OK;
}

/* Whether `value` is in the list "admin, viewer". */
static bool is_choice(const char *choices, const char *value)
{
    struct dais_str rest = dais_cstr(choices), piece;
    while (str_split(&rest, ',', &piece)) {
        if (str_eqz(str_trim(piece), value))
            return true;
    }
    return false;
}

/* What no argument gave comes from the environment; then what is required must be there. */
static int32_t complete(struct parse *parse)
{
    for (uint32_t i = 0; i < parse->verb->count; i++) {
        const struct args_field *field = &parse->verb->fields[i];
        const char **value = &parse->args.values[i];
        if (*value == NULL && field->env != NULL)
            *value = getenv(field->env);
        if (*value == NULL && field->required && !field->secret)
            return refuse(parse, "%s%s is missing", field->positional ? "" : "--", field->name);
        if (*value != NULL && field->choices != NULL && !is_choice(field->choices, *value))
            return refuse(parse, "%s must be one of %s", field->name, field->choices);
    }
    return DAIS_OK;
}

int32_t args_parse(const struct args_verb *verb, const char *const *words, uint32_t count,
                   struct args *ret_args, char message[ARGS_MESSAGE_BYTES])
{
    struct parse parse = {.verb = verb, .message = message};
    CHECK(verb->count <= ARGS_FIELDS_MAX);
    int32_t error = take_words(&parse, words, count);
    if (error == DAIS_OK)
        error = complete(&parse);
    if (error == DAIS_OK)
        *ret_args = parse.args;
    return error;
}

static void usage_line(const struct args_verb *verb, struct strbuf *out)
{
    strbuf_addf(out, "usage: dais %s", verb->words);
    for (uint32_t i = 0; i < verb->count; i++) {
        const struct args_field *field = &verb->fields[i];
        if (field->secret)
            continue;
        strbuf_addz(out, field->required ? " " : " [");
        if (field->positional)
            strbuf_addf(out, "<%s>", field->name);
        else
            strbuf_addf(out, field->flag ? "--%s" : "--%s <value>", field->name);
        if (!field->required)
            strbuf_addc(out, ']');
    }
    strbuf_addc(out, '\n');
}

void args_usage(const struct args_verb *verb, struct strbuf *out)
{
    usage_line(verb, out);
    strbuf_addf(out, "\n%s\n", verb->summary);
    if (verb->count > 0)
        strbuf_addc(out, '\n');
    for (uint32_t i = 0; i < verb->count; i++) {
        const struct args_field *field = &verb->fields[i];
        strbuf_addf(out, "  %-16s %s", field->name, field->prose != NULL ? field->prose : "");
        if (field->choices != NULL)
            strbuf_addf(out, " (%s)", field->choices);
        if (field->fallback != NULL)
            strbuf_addf(out, " [default: %s]", field->fallback);
        if (field->env != NULL)
            strbuf_addf(out, " [%s]", field->env);
        else if (field->secret)
            strbuf_addz(out, " [asked for]");
        strbuf_addc(out, '\n');
    }
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

uint32_t args_distance(const char *a, const char *b)
{
    size_t rows = strlen(a), columns = strlen(b);
    uint32_t table[ARGS_WORD_MAX + 1][ARGS_WORD_MAX + 1];
    if (rows > ARGS_WORD_MAX || columns > ARGS_WORD_MAX)
        return UINT32_MAX;
    for (uint32_t i = 0; i <= rows; i++)
        table[i][0] = i;
    for (uint32_t k = 0; k <= columns; k++)
        table[0][k] = k;
    for (size_t i = 1; i <= rows; i++) {
        for (size_t k = 1; k <= columns; k++) {
            uint32_t best = least(table[i - 1][k], table[i][k - 1]) + 1;
            best = least(best, table[i - 1][k - 1] + (a[i - 1] != b[k - 1]));
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
                best = least(best, table[i - 2][k - 2] + 1);
            table[i][k] = best;
        }
    }
    return table[rows][columns];
}
