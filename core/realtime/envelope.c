/* SPDX-License-Identifier: MIT */
#include "realtime/envelope.h"

#include "base/error.h"
#include "base/json_scan.h"
#include "base/json_write.h"

#include <stdio.h>

/* More than the keys of an envelope need. */
#define KEY_BYTES 16u

static int32_t refuse(struct json_error *error, struct dais_str field, const char *text)
{
    *error = (struct json_error){.line = 1, .column = 1};
    (void)snprintf(error->text, sizeof error->text, "%s", text);
    if (str_is_utf8(field))
        (void)snprintf(error->field, sizeof error->field, "%.*s", STR_ARG(str_sub(field, 0, 64)));
    return DAIS_E_INVALID;
}

/* The member of the struct that a key means, or NULL. */
static struct dais_str *place_of(struct envelope *envelope, struct dais_str key)
{
    char memory[KEY_BYTES];
    struct strbuf scratch;
    struct dais_str name;
    strbuf_init_on(&scratch, memory, sizeof memory);
    if (json_scan_text(key, &scratch, &name))
        return NULL;
    if (str_eqz(name, "event"))
        return &envelope->event;
    if (str_eqz(name, "data"))
        return &envelope->data;
    return str_eqz(name, "id") ? &envelope->id : NULL;
}

static int32_t check_event(struct dais_str event, struct json_error *ret_error)
{
    const struct dais_str field = dais_cstr("event");
    char memory[ENVELOPE_NAME_BYTES_MAX + 1];
    struct strbuf scratch;
    struct dais_str name;
    strbuf_init_on(&scratch, memory, sizeof memory);
    if (!event.ptr)
        return refuse(ret_error, field, "is required");
    if (json_scan_kind(event) != JSON_KIND_STRING)
        return refuse(ret_error, field, "must be a text");
    int32_t code = json_scan_text(event, &scratch, &name);
    if (code == DAIS_E_INVALID)
        return refuse(ret_error, field, "must not hold a NUL character");
    if (code || name.len == 0 || name.len > ENVELOPE_NAME_BYTES_MAX)
        return refuse(ret_error, field, "must have 1 to 128 bytes");
    return DAIS_OK;
}

static int32_t check_id(struct dais_str id, struct json_error *ret_error)
{
    const struct dais_str field = dais_cstr("id");
    enum json_kind kind = json_scan_kind(id);
    if (id.ptr && kind != JSON_KIND_STRING && kind != JSON_KIND_INT && kind != JSON_KIND_REAL)
        return refuse(ret_error, field, "must be a text or a number");
    if (id.len > ENVELOPE_ID_BYTES_MAX)
        return refuse(ret_error, field, "must have at most 128 bytes");
    return DAIS_OK;
}

int32_t envelope_parse(struct dais_str text, struct envelope *ret_envelope,
                       struct json_error *ret_error)
{
    struct envelope envelope = {0};
    struct dais_str object, key, value;
    if (json_scan(text, &object) || json_scan_kind(object) != JSON_KIND_OBJECT)
        return refuse(ret_error, dais_str("", 0), "the message must be a JSON object");
    struct dais_str rest = json_scan_inside(object);
    while (json_scan_member(&rest, &key, &value)) {
        struct dais_str *place = place_of(&envelope, key);
        struct dais_str field = dais_str(key.ptr + 1, key.len - 2);
        if (!place)
            return refuse(ret_error, field, "is not known: there are event, data and id");
        if (place->ptr)
            return refuse(ret_error, field, "was given twice");
        *place = value;
    }
    int32_t code = check_event(envelope.event, ret_error);
    if (!code)
        code = check_id(envelope.id, ret_error);
    if (!code)
        *ret_envelope = envelope;
    return code;
}

static void add_data(struct strbuf *out, struct dais_str data)
{
    strbuf_addz(out, ",\"data\":");
    strbuf_add(out, data.len > 0 ? data : dais_cstr("null"));
}

void envelope_add_event(struct strbuf *out, struct dais_str name, struct dais_str data,
                        const struct envelope_mark *mark)
{
    strbuf_addz(out, "{\"event\":");
    json_quote(out, name);
    add_data(out, data);
    if (mark) {
        strbuf_addc(out, ',');
        envelope_add_mark(out, mark);
    }
    strbuf_addc(out, '}');
}

void envelope_add_mark(struct strbuf *out, const struct envelope_mark *mark)
{
    strbuf_addz(out, "\"room\":");
    json_quote(out, mark->room);
    strbuf_addz(out, ",\"epoch\":");
    strbuf_addu(out, mark->epoch);
    strbuf_addz(out, ",\"seq\":");
    strbuf_addu(out, mark->seq);
}

static void begin_ack(struct strbuf *out, struct dais_str id, const char *ok)
{
    strbuf_addz(out, "{\"event\":\"ack\",\"id\":");
    strbuf_add(out, id);
    strbuf_addz(out, ",\"ok\":");
    strbuf_addz(out, ok);
}

void envelope_add_ack(struct strbuf *out, struct dais_str id, struct dais_str data)
{
    begin_ack(out, id, "true");
    if (data.len > 0)
        add_data(out, data);
    strbuf_addc(out, '}');
}

void envelope_add_failure(struct strbuf *out, struct dais_str id,
                          const struct envelope_problem *problem)
{
    begin_ack(out, id, "false");
    strbuf_addz(out, ",\"error\":");
    envelope_add_problem(out, problem);
    strbuf_addc(out, '}');
}

void envelope_add_error(struct strbuf *out, struct dais_str event,
                        const struct envelope_problem *problem)
{
    strbuf_addz(out, "{\"event\":\"error\",\"data\":");
    envelope_add_error_data(out, event, problem);
    strbuf_addc(out, '}');
}

void envelope_add_error_data(struct strbuf *out, struct dais_str event,
                             const struct envelope_problem *problem)
{
    strbuf_addz(out, "{\"event\":");
    json_quote(out, event);
    strbuf_addz(out, ",\"error\":");
    envelope_add_problem(out, problem);
    strbuf_addc(out, '}');
}

const char *envelope_problem_text(const struct envelope_problem *problem)
{
    bool detailed = problem->detail && problem->detail[0];
    return detailed ? problem->detail : error_title(problem->error);
}

static void add_text(struct json_writer *json, const char *key, const char *text)
{
    if (!text || !text[0])
        return;
    json_key(json, key);
    json_add_stringz(json, text);
}

void envelope_add_problem(struct strbuf *out, const struct envelope_problem *problem)
{
    struct json_writer json;
    json_write_init(&json, out);
    json_open_object(&json);
    add_text(&json, "title", error_title(problem->error));
    json_key(&json, "status");
    json_add_uint(&json, error_status(problem->error));
    add_text(&json, "code", error_code(problem->error));
    add_text(&json, "detail", problem->detail);
    add_text(&json, "field", problem->field);
    if (problem->retry_ms > 0) {
        json_key(&json, "retryAfter");
        json_add_uint(&json, (problem->retry_ms + 999) / 1000);
    }
    json_close_object(&json);
}
