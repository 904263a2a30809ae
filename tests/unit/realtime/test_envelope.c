/* SPDX-License-Identifier: MIT */
#include "base/json_scan.h"
#include "realtime/envelope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void assert_view(struct dais_str view, const char *text)
{
    if (view.len != strlen(text) || memcmp(view.ptr, text, view.len) != 0)
        fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(view), text);
}

static void assert_refused(const char *text, const char *field, const char *why)
{
    struct envelope envelope;
    struct json_error error;
    assert_int_equal(envelope_parse(dais_cstr(text), &envelope, &error), DAIS_E_INVALID);
    assert_string_equal(error.field, field);
    assert_string_equal(error.text, why);
}

static void test_reads_what_clients_send(void **state)
{
    struct envelope envelope;
    struct json_error error;
    (void)state;
    assert_int_equal(
        envelope_parse(
            dais_cstr("{\"event\":\"chat:send\", \"data\": {\"text\":\"hi\"} ,\"id\":7}"),
            &envelope, &error),
        DAIS_OK);
    assert_view(envelope.event, "\"chat:send\"");
    assert_view(envelope.data, "{\"text\":\"hi\"}");
    assert_view(envelope.id, "7");
    assert_int_equal(envelope_parse(dais_cstr("{\"\\u0065vent\":\"a\"}"), &envelope, &error),
                     DAIS_OK);
    assert_view(envelope.event, "\"a\"");
    assert_null(envelope.data.ptr);
    assert_null(envelope.id.ptr);
}

static void test_says_what_is_wrong(void **state)
{
    (void)state;
    assert_refused("", "", "the message must be a JSON object");
    assert_refused("[]", "", "the message must be a JSON object");
    assert_refused("{\"event\":}", "", "the message must be a JSON object");
    assert_refused("{}", "event", "is required");
    assert_refused("{\"event\":1}", "event", "must be a text");
    assert_refused("{\"event\":\"\"}", "event", "must have 1 to 128 bytes");
    assert_refused("{\"event\":\"a\\u0000\"}", "event", "must not hold a NUL character");
    assert_refused("{\"event\":\"a\",\"id\":null}", "id", "must be a text or a number");
    assert_refused("{\"event\":\"a\",\"id\":[1]}", "id", "must be a text or a number");
    assert_refused("{\"event\":\"a\",\"room\":1}", "room",
                   "is not known: there are event, data and id");
    assert_refused("{\"event\":\"a\",\"event\":\"b\"}", "event", "was given twice");
}

static void test_bounds_of_event_and_id(void **state)
{
    char text[2 * ENVELOPE_NAME_BYTES_MAX];
    struct envelope envelope;
    struct json_error error;
    (void)state;
    for (uint32_t len = ENVELOPE_NAME_BYTES_MAX; len <= ENVELOPE_NAME_BYTES_MAX + 1; len++) {
        struct strbuf out;
        strbuf_init_on(&out, text, sizeof text);
        strbuf_addf(&out, "{\"event\":\"%0*d\"}", (int)len, 0);
        int32_t code = envelope_parse(strbuf_view(&out), &envelope, &error);
        assert_int_equal(code, len == ENVELOPE_NAME_BYTES_MAX ? DAIS_OK : DAIS_E_INVALID);
        strbuf_clear(&out);
        strbuf_addf(&out, "{\"event\":\"a\",\"id\":\"%0*d\"}", (int)len - 2, 0);
        code = envelope_parse(strbuf_view(&out), &envelope, &error);
        assert_int_equal(code, len == ENVELOPE_ID_BYTES_MAX ? DAIS_OK : DAIS_E_INVALID);
    }
}

static void test_writes_events(void **state)
{
    const struct envelope_mark mark = {dais_cstr("live:\"1\""), 5, 12};
    (void)state;
    STRBUF_AUTO struct strbuf out;
    strbuf_init(&out, 4096);
    envelope_add_event(&out, dais_cstr("a\"b"), dais_cstr("{\"x\":1}"), NULL);
    assert_view(strbuf_view(&out), "{\"event\":\"a\\\"b\",\"data\":{\"x\":1}}");
    strbuf_clear(&out);
    envelope_add_event(&out, dais_cstr("a"), dais_str(NULL, 0), &mark);
    assert_view(
        strbuf_view(&out),
        "{\"event\":\"a\",\"data\":null,\"room\":\"live:\\\"1\\\"\",\"epoch\":5,\"seq\":12}");
}

static void test_writes_answers(void **state)
{
    const struct envelope_problem problem = {
        .error = DAIS_E_LIMIT, .detail = "wait", .field = "text", .retry_ms = 1001};
    const char *const json = "{\"title\":\"Too many requests\",\"status\":429,\"code\":\"limit\","
                             "\"detail\":\"wait\",\"field\":\"text\",\"retryAfter\":2}";
    (void)state;
    STRBUF_AUTO struct strbuf out, want;
    strbuf_init(&out, 4096);
    strbuf_init(&want, 4096);
    envelope_add_ack(&out, dais_cstr("7"), dais_cstr("{}"));
    assert_view(strbuf_view(&out), "{\"event\":\"ack\",\"id\":7,\"ok\":true,\"data\":{}}");
    strbuf_clear(&out);
    envelope_add_ack(&out, dais_cstr("7"), dais_str(NULL, 0));
    assert_view(strbuf_view(&out), "{\"event\":\"ack\",\"id\":7,\"ok\":true}");
    strbuf_clear(&out);
    envelope_add_failure(&out, dais_cstr("\"x\""), &problem);
    strbuf_addf(&want, "{\"event\":\"ack\",\"id\":\"x\",\"ok\":false,\"error\":%s}", json);
    assert_view(strbuf_view(&out), strbuf_cstr(&want));
    strbuf_clear(&out);
    strbuf_clear(&want);
    envelope_add_error(&out, dais_cstr("chat:send"), &problem);
    strbuf_addf(&want, "{\"event\":\"error\",\"data\":{\"event\":\"chat:send\",\"error\":%s}}",
                json);
    assert_view(strbuf_view(&out), strbuf_cstr(&want));
}

static void test_a_short_problem(void **state)
{
    const struct envelope_problem problem = {.error = DAIS_E_DENIED, .detail = "", .field = NULL};
    (void)state;
    STRBUF_AUTO struct strbuf out;
    strbuf_init(&out, 4096);
    assert_string_equal(envelope_problem_text(&problem), "This is not allowed");
    envelope_add_problem(&out, &problem);
    assert_view(strbuf_view(&out),
                "{\"title\":\"This is not allowed\",\"status\":403,\"code\":\"denied\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_clients_send), cmocka_unit_test(test_says_what_is_wrong),
        cmocka_unit_test(test_bounds_of_event_and_id),  cmocka_unit_test(test_writes_events),
        cmocka_unit_test(test_writes_answers),          cmocka_unit_test(test_a_short_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
