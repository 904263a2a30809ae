/* SPDX-License-Identifier: MIT */
#include "host/control.h"

#include "base/error.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/log.h"
#include "host/files.h"
#include "host/report.h"
#include "host/state.h"
#include "host/verbs.h"
#include "loop/fiber.h"
#include "loop/poll.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/** Calls at once; more wait in the backlog. */
#define CONTROL_CALLS_MAX 16u
#define CONTROL_BACKLOG 16
/** A client that does not send or take anything for that long is cut off. */
#define CONTROL_PATIENCE_MS 10000u

/** The listening side; on worker 0 only. */
struct control {
    int fd;
    struct poll *poll;
    uint32_t calls;
};

static int32_t receive_part(int fd, struct strbuf *line, char *part, size_t bytes)
{
    uint32_t events;
    ssize_t got = recv(fd, part, bytes, 0);
    if (got > 0)
        strbuf_add(line, dais_str(part, (uint64_t)got));
    if (got > 0 || (got < 0 && errno == EINTR))
        return strbuf_error(line);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return poll_wait(fd, POLL_READABLE, CONTROL_PATIENCE_MS, &events);
    return DAIS_E_GONE;
}

/** One line without its end. */
static int32_t receive(int fd, struct strbuf *line)
{
    char part[2048];
    for (;;) {
        int32_t error = receive_part(fd, line, part, sizeof part);
        if (error)
            return error;
        if (line->len && line->ptr[line->len - 1] == '\n') {
            strbuf_truncate(line, line->len - 1);
            return DAIS_OK;
        }
    }
}

static void send_line(int fd, struct dais_str text)
{
    uint32_t events;
    while (text.len) {
        ssize_t sent = send(fd, text.ptr, text.len, MSG_NOSIGNAL);
        if (sent > 0)
            text = str_sub(text, (uint64_t)sent, text.len);
        else if (errno != EINTR &&
                 ((errno != EAGAIN && errno != EWOULDBLOCK) ||
                  poll_wait(fd, POLL_WRITABLE, CONTROL_PATIENCE_MS, &events) != DAIS_OK))
            return;
    }
}

static const char *kind_name(uint32_t kind)
{
    static const char *const names[] = {
        [DAIS_KIND_STRING] = "string", [DAIS_KIND_INT] = "int",     [DAIS_KIND_NUMBER] = "number",
        [DAIS_KIND_BOOL] = "bool",     [DAIS_KIND_UUID] = "uuid",   [DAIS_KIND_TIME] = "time",
        [DAIS_KIND_ENUM] = "enum",     [DAIS_KIND_EMAIL] = "email", [DAIS_KIND_OBJECT] = "object",
        [DAIS_KIND_LIST] = "list",     [DAIS_KIND_JSON] = "json",
    };
    return kind < sizeof names / sizeof names[0] && names[kind] ? names[kind] : "string";
}

static void write_choices(struct json_writer *json, const struct dais_field *field)
{
    json_key(json, "choices");
    if (!field->choices) {
        json_add_null(json);
        return;
    }
    json_open_array(json);
    for (const char *const *choice = field->choices; *choice; choice++)
        json_add_stringz(json, *choice);
    json_close_array(json);
}

static void write_flag(struct json_writer *json, const char *key, int value)
{
    json_key(json, key);
    json_add_bool(json, value);
}

static void write_text(struct json_writer *json, const char *key, const char *value)
{
    json_key(json, key);
    json_add_string(json, dais_cstr(value));
}

/** Required fields that are no secrets stand by their position, others when they say so. */
static void write_field(struct json_writer *json, const struct dais_field *field)
{
    int required = (field->flags & DAIS_FIELD_REQUIRED) != 0;
    int secret = (field->flags & DAIS_FIELD_SECRET) != 0;
    json_open_object(json);
    write_text(json, "name", field->name);
    write_text(json, "kind", kind_name(field->kind));
    int positional = required || (field->flags & DAIS_FIELD_POSITIONAL);
    write_flag(json, "positional", positional && !secret);
    write_flag(json, "required", required);
    write_flag(json, "secret", secret);
    write_text(json, "env", field->env);
    write_text(json, "default", field->fallback);
    write_choices(json, field);
    write_text(json, "prose", field->prose);
    json_close_object(json);
}

static void write_verb(struct json_writer *json, const struct verb_info *info)
{
    const struct dais_shape *shape = info->verb->shape;
    json_open_object(json);
    write_text(json, "words", info->verb->words);
    write_text(json, "summary", info->verb->summary);
    write_text(json, "plugin", info->plugin ? info->plugin->id : NULL);
    json_key(json, "fields");
    json_open_array(json);
    for (const struct dais_field *field = shape ? shape->fields : NULL; field && field->name;
         field++)
        write_field(json, field);
    json_close_array(json);
    json_close_object(json);
}

static void answer_verbs(struct json_writer *json)
{
    uint32_t cursor = 0;
    struct verb_info info;
    write_flag(json, "ok", 1);
    json_key(json, "verbs");
    json_open_array(json);
    while (verb_next(&cursor, &info))
        write_verb(json, &info);
    json_close_array(json);
}

static void answer_call(struct json_writer *json, struct dais_str words, const struct json *args)
{
    struct dais_cli cli = {.message = ""};
    strbuf_init(&cli.text, VERB_TEXT_BYTES_MAX);
    int32_t error = verb_run(&cli, words, args);
    write_flag(json, "ok", error == DAIS_OK);
    if (error) {
        write_text(json, "error", error_code(error));
        write_text(json, "message", *cli.message ? cli.message : error_title(error));
    }
    json_key(json, "text");
    json_add_string(json, strbuf_view(&cli.text));
    strbuf_fini(&cli.text);
}

static void answer(struct strbuf *out, const struct json *request)
{
    struct json_writer json;
    struct dais_str words = json_str(json_getz(request, "verb"));
    json_write_init(&json, out);
    json_open_object(&json);
    if (str_eqz(words, "verbs"))
        answer_verbs(&json);
    else
        answer_call(&json, words, json_getz(request, "args"));
    json_close_object(&json);
    strbuf_addc(out, '\n');
}

static void answer_failure(struct strbuf *out, int32_t error, const char *message)
{
    struct json_writer json;
    json_write_init(&json, out);
    json_open_object(&json);
    write_flag(&json, "ok", 0);
    write_text(&json, "error", error_code(error));
    write_text(&json, "message", message);
    write_text(&json, "text", "");
    json_close_object(&json);
    strbuf_addc(out, '\n');
}

static void serve_call(int fd)
{
    STRBUF_AUTO struct strbuf line;
    STRBUF_AUTO struct strbuf out;
    const struct json *request;
    strbuf_init(&line, CONTROL_LINE_BYTES_MAX);
    strbuf_init(&out, CONTROL_LINE_BYTES_MAX);
    if (receive(fd, &line) != DAIS_OK)
        return;
    int32_t error = json_parse(fiber_arena(), strbuf_view(&line), CONTROL_LINE_BYTES_MAX, &request,
                               NULL);
    if (!error)
        answer(&out, request);
    if (error || strbuf_error(&out)) {
        int32_t reason = error ? error : strbuf_error(&out);
        strbuf_clear(&out);
        answer_failure(&out, reason,
                       error ? "the request cannot be read" : "the answer is too long");
    }
    send_line(fd, strbuf_view(&out));
}

static void serve(void *arg)
{
    struct control *control = host_get()->control;
    int fd = (int)(intptr_t)arg;
    serve_call(fd);
    close(fd);
    if (control->calls-- == CONTROL_CALLS_MAX && control->poll)
        poll_set(control->poll, POLL_READABLE);
}

static void on_connection(void *arg, uint32_t events)
{
    struct control *control = arg;
    (void)events;
    int fd = accept4(control->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    struct fiber_spec spec = {.name = "control", .fn = serve, .arg = (void *)(intptr_t)fd};
    if (fiber_spawn(&spec, NULL) != DAIS_OK) {
        close(fd);
        return;
    }
    if (++control->calls == CONTROL_CALLS_MAX)
        poll_set(control->poll, 0);
}

/** Binds the socket with its mode set before anybody can see it. */
static int32_t bind_socket(int fd, const char *data_dir)
{
    struct sockaddr_un address;
    int folder;
    int32_t error = control_address(data_dir, &address, &folder);
    if (error)
        return error;
    unlink(address.sun_path);
    if (fchmod(fd, 0600) < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
        listen(fd, CONTROL_BACKLOG) < 0)
        error = error_from_errno(errno);
    close(folder);
    return error;
}

static int32_t listen_here(struct host *host, struct control *control)
{
    const char *folder = arena_printf(&host->arena, "%s/run", host->options.data_dir).ptr;
    int other;
    if (!folder)
        return DAIS_E_MEMORY;
    if (control_connect(host->options.data_dir, &other) == DAIS_OK) {
        close(other);
        report_add(host->report, "another server is running on %s", host->options.data_dir);
        return DAIS_E_CONFLICT;
    }
    int32_t error = files_make_folder(folder, 0755);
    control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (!error && control->fd < 0)
        error = error_from_errno(errno);
    if (!error)
        error = bind_socket(control->fd, host->options.data_dir);
    if (error)
        report_add(host->report, "%s/" CONTROL_SOCKET_NAME ": %s", folder, strerror(errno));
    return error;
}

int32_t control_open(void *context)
{
    struct host *host = context;
    struct control *control = arena_alloc(&host->arena, sizeof *control);
    if (!control)
        return DAIS_E_MEMORY;
    control->fd = -1;
    host->control = control;
    int32_t error = listen_here(host, control);
    if (!error)
        error = poll_open(control->fd, on_connection, control, &control->poll);
    if (!error)
        poll_set(control->poll, POLL_READABLE);
    return error;
}

int32_t control_close(void *context)
{
    struct control *control = ((struct host *)context)->control;
    if (!control)
        return DAIS_OK;
    poll_close(control->poll);
    control->poll = NULL;
    if (control->fd >= 0)
        close(control->fd);
    control->fd = -1;
    return DAIS_OK;
}
