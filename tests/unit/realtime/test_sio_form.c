/* SPDX-License-Identifier: MIT */
/* How sockets of Socket.IO say events: the frames, as any worker makes them. */
#include "base/buf.h"
#include "realtime/events.h"
#include "realtime/sio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct envelope_mark mark = {{"live:1", 6}, 5, 12};

static int name_spaces(void **state)
{
    static const struct dais_space rows[] = {{.name = "/custom"}, {.name = NULL}};
    static struct http_owner owner = {.id = "test"};
    struct events_table *table;
    (void)state;
    assert_int_equal(events_table_new(&table), DAIS_OK);
    assert_int_equal(events_table_spaces(table, &owner, rows), DAIS_OK);
    events_use(table);
    return 0;
}

static int forget_spaces(void **state)
{
    (void)state;
    events_use(NULL);
    return 0;
}

/* What a client of the space gets: the texts, and "<binary>" for attachments, each on a line. */
static void assert_said(uint32_t space, const struct socket_event *event, const char *expected)
{
    const struct socket_form *form = sio_form(space);
    struct dais_str rest, payload;
    bool binary;
    STRBUF_AUTO struct strbuf out, said;
    strbuf_init(&out, 1u << 20);
    strbuf_init(&said, 1u << 20);
    assert_int_equal(form->event(form, event, &out), DAIS_OK);
    rest = strbuf_view(&out);
    while (frame_next(&rest, &binary, &payload)) {
        strbuf_add(&said, binary ? dais_cstr("<binary>") : payload);
        strbuf_addc(&said, '\n');
    }
    assert_string_equal(strbuf_cstr(&said), expected);
}

static void assert_args(const char *args, const struct envelope_mark *where, const char *expected)
{
    const struct socket_event event = {
        .name = dais_cstr("a"), .args = dais_cstr(args), .mark = where};
    assert_said(0, &event, expected);
}

static void test_events(void **state)
{
    const struct socket_event quoted = {.name = dais_cstr("a\"b"), .args = dais_cstr("1")};
    (void)state;
    assert_args("{\"x\":1}", NULL, "42[\"a\",{\"x\":1}]\n");
    assert_args("1,\"2\"", NULL, "42[\"a\",1,\"2\"]\n");
    assert_args("", NULL, "42[\"a\"]\n");
    assert_said(1, &quoted, "42/custom,[\"a\\\"b\",1]\n");
}

/* One object argument: room, epoch and seq are its last members. */
static void test_numbered_events(void **state)
{
    (void)state;
    assert_args("{\"x\":1}", &mark,
                "42[\"a\",{\"x\":1,\"room\":\"live:1\",\"epoch\":5,\"seq\":12}]\n");
    assert_args(" { } ", &mark, "42[\"a\",{\"room\":\"live:1\",\"epoch\":5,\"seq\":12}]\n");
    assert_args("", &mark, "42[\"a\",{\"room\":\"live:1\",\"epoch\":5,\"seq\":12}]\n");
    assert_args("1,{\"x\":{}}", &mark,
                "42[\"a\",1,{\"x\":{},\"room\":\"live:1\",\"epoch\":5,\"seq\":12}]\n");
    assert_args("[1]", &mark, "42[\"a\",[1]]\n");
}

static void test_attachments_follow(void **state)
{
    struct dais_buf *bytes = buf_copy(dais_cstr("abc"));
    struct dais_buf *attachments[] = {bytes, bytes};
    const struct socket_event event = {
        .name = dais_cstr("a"),
        .args = dais_cstr("{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}"),
        .attachments = attachments,
        .attachment_count = 2,
    };
    (void)state;
    assert_said(1, &event,
                "452-/custom,[\"a\",{\"_placeholder\":true,\"num\":0},"
                "{\"_placeholder\":true,\"num\":1}]\n<binary>\n<binary>\n");
    buf_unref(bytes);
}

static void test_too_many_attachments(void **state)
{
    struct dais_buf *none[11] = {NULL};
    const struct socket_event event = {
        .name = dais_cstr("a"), .attachments = none, .attachment_count = 11};
    (void)state;
    STRBUF_AUTO struct strbuf out;
    strbuf_init(&out, 1024);
    assert_int_equal(sio_form(0)->event(sio_form(0), &event, &out), DAIS_E_INVALID);
}

static void test_what_is_asked_has_an_id(void **state)
{
    const struct socket_event event = {.name = dais_cstr("a"), .ask = UINT64_MAX};
    (void)state;
    assert_said(0, &event, "4218446744073709551615[\"a\"]\n");
    assert_said(1, &event, "42/custom,18446744073709551615[\"a\"]\n");
}

static void test_a_full_builder_says_so(void **state)
{
    char memory[16];
    struct strbuf out;
    const struct socket_event event = {.name = dais_cstr("a"), .args = dais_cstr("\"0123456789\"")};
    (void)state;
    strbuf_init_on(&out, memory, sizeof memory);
    assert_int_equal(sio_form(0)->event(sio_form(0), &event, &out), DAIS_E_TOO_LARGE);
}

static void test_a_form_is_made_once(void **state)
{
    (void)state;
    assert_ptr_equal(sio_form(1), sio_form(1));
    assert_int_equal(sio_form(1)->index, 2);
    assert_string_equal(sio_form(1)->space, "/custom");
    assert_string_equal(sio_form(0)->space, "/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_numbered_events),
        cmocka_unit_test(test_attachments_follow),
        cmocka_unit_test(test_too_many_attachments),
        cmocka_unit_test(test_what_is_asked_has_an_id),
        cmocka_unit_test(test_a_full_builder_says_so),
        cmocka_unit_test(test_a_form_is_made_once),
    };
    return cmocka_run_group_tests(tests, name_spaces, forget_spaces);
}
