/* SPDX-License-Identifier: MIT */
#include "host/verbs.h"

#include "base/error.h"
#include "base/json.h"
#include "base/shape.h"
#include "host/certificates.h"
#include "host/describe.h"
#include "host/log_verb.h"
#include "host/marks.h"
#include "host/plugin_crash.h"
#include "host/registration.h"
#include "host/reload_verbs.h"
#include "host/state.h"
#include "loop/fiber.h"

#include <stdio.h>

/** Values in the arguments of one call. */
#define VERB_PAIRS_MAX 256u

struct describe_input {
    uint64_t present;
    struct dais_str format;
};

static const char *const formats[] = {"text", "json", NULL};

static const struct dais_field describe_fields[] = {
    DAIS_FIELD_ENUM("format", struct describe_input, format, 0, formats, "text",
                    "Form of the answer"),
    DAIS_FIELD_END,
};

static const struct dais_shape describe_shape = DAIS_SHAPE("DescribeInput", struct describe_input,
                                                           describe_fields);

static int32_t run_list(struct dais_cli *cli, const void *input)
{
    (void)input;
    describe_plugins(&cli->text);
    return strbuf_error(&cli->text);
}

static int32_t run_describe(struct dais_cli *cli, const void *input)
{
    const struct describe_input *describe = input;
    if (str_eqz(describe->format, "json"))
        describe_json(&cli->text);
    else
        describe_text(&cli->text);
    return strbuf_error(&cli->text);
}

static const struct dais_verb core_verbs[] = {
    {"plugin list", "list plugins with version, state and reason", NULL, run_list},
    {"plugin reload --all", "load the files of all plugins again", NULL, reload_verb_all},
    {"plugin reload", "load a plugin's file again, without a restart", &reload_verb_shape,
     reload_verb_one},
    {"plugin release", "let a plugin that crashed too often back in", &plugin_release_shape,
     plugin_release},
    {"log level", "change what is logged, or tell it, without a restart", &log_verb_shape,
     log_verb_level},
    {"tls reload", "read the certificates again, without a restart", NULL, certificates_reload},
    {"describe", "Routes, keys, limits, metrics, statements and verbs", &describe_shape,
     run_describe},
    {NULL, NULL, NULL, NULL},
};

/** The rows of one table below `*cursor`; counts it down by those that were passed. */
static const struct dais_verb *row_at(const struct dais_verb *table, uint32_t *cursor)
{
    for (; table->words; table++)
        if ((*cursor)-- == 0)
            return table;
    return NULL;
}

int verb_next(uint32_t *cursor, struct verb_info *ret_info)
{
    struct host *host = host_get();
    uint32_t left = (*cursor)++;
    *ret_info = (struct verb_info){.verb = row_at(core_verbs, &left)};
    for (uint32_t i = 0; i < host->order_count && !ret_info->verb; i++) {
        const struct registration *record = NULL;
        ret_info->plugin = host->order[i];
        while (!ret_info->verb && (record = registration_next(host->order[i]->current,
                                                              REGISTRATION_VERBS, record)) != NULL)
            ret_info->verb = row_at(record->table, &left);
    }
    return ret_info->verb != NULL;
}

static int find(struct dais_str words, struct verb_info *ret_info)
{
    uint32_t cursor = 0;
    while (verb_next(&cursor, ret_info))
        if (str_eqz(words, ret_info->verb->words))
            return 1;
    return 0;
}

/** An argument as the text of a command line would be. */
static struct dais_str as_text(const struct json *value, struct dais_arena *arena)
{
    int64_t whole;
    double number;
    bool truth;
    if (json_kind(value) == JSON_KIND_STRING)
        return json_str(value);
    if (json_bool(value, &truth) == DAIS_OK)
        return dais_cstr(truth ? "true" : "false");
    if (json_int(value, &whole) == DAIS_OK)
        return arena_printf(arena, "%lld", (long long)whole);
    if (json_number(value, &number) == DAIS_OK)
        return arena_printf(arena, "%.17g", number);
    return dais_str(NULL, 0);
}

static int32_t add(struct shape_pair *pairs, uint32_t *count, struct dais_str name,
                   struct dais_str value)
{
    if (!value.ptr || *count == VERB_PAIRS_MAX)
        return DAIS_E_INVALID;
    pairs[(*count)++] = (struct shape_pair){name, value};
    return DAIS_OK;
}

static int32_t flatten(const struct json *args, struct dais_arena *arena, struct shape_pair *pairs,
                       uint32_t *ret_count)
{
    void *cursor = NULL;
    struct dais_str name;
    const struct json *value;
    int32_t error = DAIS_OK;
    *ret_count = 0;
    while (!error && json_next(args, &cursor, &name, &value)) {
        if (json_kind(value) != JSON_KIND_ARRAY)
            error = add(pairs, ret_count, name, as_text(value, arena));
        for (uint64_t i = 0; !error && i < json_count(value); i++)
            if (json_kind(value) == JSON_KIND_ARRAY)
                error = add(pairs, ret_count, name, as_text(json_at(value, i), arena));
    }
    return error;
}

static int32_t refuse(struct dais_cli *cli, int32_t error, const char *field, const char *detail)
{
    snprintf(cli->message, sizeof cli->message, "%s%s%s", field, *field ? ": " : "", detail);
    return error;
}

static int32_t read_input(struct dais_cli *cli, const struct dais_verb *verb,
                          const struct json *args, const void **ret_input)
{
    struct dais_arena *arena = fiber_arena();
    struct shape_error wrong;
    uint32_t count;
    struct shape_pair *pairs = arena_alloc(arena, VERB_PAIRS_MAX * sizeof *pairs);
    void *input = verb->shape ? arena_alloc(arena, verb->shape->struct_bytes) : NULL;
    if (!pairs || (verb->shape && !input))
        return DAIS_E_MEMORY;
    if (flatten(args, arena, pairs, &count) != DAIS_OK)
        return refuse(cli, DAIS_E_INVALID, "", "the arguments cannot be read");
    if (!verb->shape && count > 0)
        return refuse(cli, DAIS_E_INVALID, "", "the verb takes no arguments");
    if (verb->shape && shape_read_pairs(verb->shape, (struct shape_pairs){pairs, count}, arena,
                                        input, &wrong) != DAIS_OK)
        return refuse(cli, DAIS_E_INVALID, wrong.field, wrong.detail);
    *ret_input = input;
    return DAIS_OK;
}

int32_t verb_run(struct dais_cli *cli, struct dais_str words, const struct json *args)
{
    struct verb_info info;
    const void *input = NULL;
    if (!find(words, &info))
        return refuse(cli, DAIS_E_NOT_FOUND, "", "there is no such verb");
    int32_t error = read_input(cli, info.verb, args, &input);
    if (error || !info.plugin)
        return error ? error : info.verb->run(cli, input);
    if (atomic_load(&info.plugin->state) != PLUGIN_STARTED)
        return refuse(cli, DAIS_E_UNAVAILABLE, info.plugin->id, "the plugin has not started");
    struct mark mark = mark_enter(info.plugin->current);
    error = info.verb->run(cli, input);
    mark_leave(&mark);
    return error;
}
