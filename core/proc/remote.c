/* SPDX-License-Identifier: MIT */
#include "proc/remote.h"

#include "base/json.h"
#include "base/json_write.h"
#include "host/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int32_t send_all(int fd, struct dais_str text)
{
    while (text.len > 0) {
        ssize_t sent = send(fd, text.ptr, text.len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return DAIS_E_GONE;
        text = str_sub(text, (uint64_t)sent, text.len);
    }
    return DAIS_OK;
}

/* Reads up to the end of the line, which is left out. */
static int32_t receive_line(int fd, struct strbuf *out)
{
    char part[4096];
    for (;;) {
        ssize_t got = recv(fd, part, sizeof part, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return DAIS_E_GONE;
        const char *end = memchr(part, '\n', (size_t)got);
        strbuf_add(out, dais_str(part, end != NULL ? (uint64_t)(end - part) : (uint64_t)got));
        if (strbuf_error(out) != DAIS_OK)
            return strbuf_error(out);
        if (end != NULL)
            return DAIS_OK;
    }
}

/* One request, one answer; the tree lives in `arena`. */
static int32_t call(const char *data_dir, struct dais_str request, struct dais_arena *arena,
                    const struct json **ret_answer)
{
    STRBUF_AUTO struct strbuf line;
    strbuf_init(&line, CONTROL_LINE_BYTES_MAX);
    int fd = -1;
    int32_t error = control_connect(data_dir, &fd);
    if (error != DAIS_OK)
        return error;
    error = send_all(fd, request);
    if (error == DAIS_OK)
        error = receive_line(fd, &line);
    close(fd);
    if (error == DAIS_OK)
        error = json_parse(arena, strbuf_view(&line), CONTROL_LINE_BYTES_MAX, ret_answer, NULL);
    return error;
}

static int32_t make_request(struct strbuf *out, const struct args_verb *verb,
                            const struct args *args)
{
    struct json_writer json;
    json_write_init(&json, out);
    json_open_object(&json);
    json_key(&json, "verb");
    json_add_stringz(&json, verb->words);
    json_key(&json, "args");
    json_open_object(&json);
    for (uint32_t i = 0; i < verb->count; i++) {
        if (args->values[i] == NULL)
            continue;
        json_key(&json, verb->fields[i].name);
        json_add_stringz(&json, args->values[i]);
    }
    json_close_object(&json);
    json_close_object(&json);
    strbuf_addc(out, '\n');
    return strbuf_error(out);
}

int32_t remote_call(const char *data_dir, const struct args_verb *verb, const struct args *args,
                    struct dais_arena *arena, struct remote_answer *ret_answer)
{
    STRBUF_AUTO struct strbuf request;
    const struct json *answer = NULL;
    bool ok = false;
    strbuf_init(&request, CONTROL_LINE_BYTES_MAX);
    int32_t error = make_request(&request, verb, args);
    if (error == DAIS_OK)
        error = call(data_dir, strbuf_view(&request), arena, &answer);
    if (error == DAIS_OK)
        error = json_bool(json_getz(answer, "ok"), &ok);
    if (error != DAIS_OK)
        return error;
    *ret_answer = (struct remote_answer){
        .ok = ok,
        .text = json_str(json_getz(answer, "text")),
        .error = json_str(json_getz(answer, "error")),
        .message = json_str(json_getz(answer, "message")),
    };
    return DAIS_OK;
}

/* A text of the answer with a NUL behind it; NULL when it is absent. */
static const char *text_of(const struct json *object, const char *key, struct dais_arena *arena)
{
    struct dais_str text = json_str(json_getz(object, key));
    return text.ptr != NULL ? arena_cstr(arena, text) : NULL;
}

static bool flag_of(const struct json *object, const char *key)
{
    bool value = false;
    return json_bool(json_getz(object, key), &value) == DAIS_OK && value;
}

/* ["admin","viewer"] as "admin, viewer". */
static const char *join(const struct json *list, struct dais_arena *arena)
{
    struct dais_str joined = {NULL, 0};
    for (uint64_t i = 0; i < json_count(list); i++)
        joined = arena_printf(arena, "%.*s%s%.*s", STR_ARG(joined), i > 0 ? ", " : "",
                              STR_ARG(json_str(json_at(list, i))));
    return joined.ptr;
}

static struct args_field read_field(const struct json *row, struct dais_arena *arena)
{
    struct dais_str kind = json_str(json_getz(row, "kind"));
    return (struct args_field){
        .name = text_of(row, "name", arena),
        .prose = text_of(row, "prose", arena),
        .env = text_of(row, "env", arena),
        .fallback = text_of(row, "default", arena),
        .choices = join(json_getz(row, "choices"), arena),
        .positional = flag_of(row, "positional"),
        .required = flag_of(row, "required"),
        .secret = flag_of(row, "secret"),
        .flag = str_eqz(kind, "bool"),
    };
}

static int32_t read_verb(const struct json *row, struct dais_arena *arena,
                         struct args_verb *ret_verb)
{
    const struct json *rows = json_getz(row, "fields");
    uint64_t count = json_count(rows);
    const char *words = text_of(row, "words", arena);
    const char *summary = text_of(row, "summary", arena);
    if (words == NULL || summary == NULL || count > ARGS_FIELDS_MAX)
        return DAIS_E_INVALID;
    struct args_field *fields = arena_alloc(arena, (count + 1) * sizeof *fields);
    if (fields == NULL)
        return DAIS_E_MEMORY;
    for (uint64_t i = 0; i < count; i++) {
        fields[i] = read_field(json_at(rows, i), arena);
        if (fields[i].name == NULL)
            return DAIS_E_INVALID;
    }
    *ret_verb = (struct args_verb){words, summary, fields, (uint32_t)count};
    return DAIS_OK;
}

int32_t remote_verbs(const char *data_dir, struct dais_arena *arena, struct remote_verbs *ret_verbs)
{
    static const struct dais_str request = DAIS_STR_INIT("{\"verb\":\"verbs\",\"args\":{}}\n");
    const struct json *answer = NULL;
    int32_t error = call(data_dir, request, arena, &answer);
    if (error != DAIS_OK)
        return error;
    const struct json *rows = json_getz(answer, "verbs");
    uint64_t count = json_count(rows);
    if (json_kind(rows) != JSON_KIND_ARRAY || count > REMOTE_VERBS_MAX)
        return DAIS_E_INVALID;
    struct args_verb *verbs = arena_alloc(arena, (count + 1) * sizeof *verbs);
    if (verbs == NULL)
        return DAIS_E_MEMORY;
    for (uint64_t i = 0; error == DAIS_OK && i < count; i++)
        error = read_verb(json_at(rows, i), arena, &verbs[i]);
    if (error == DAIS_OK)
        *ret_verbs = (struct remote_verbs){(uint32_t)count, verbs};
    return error;
}
