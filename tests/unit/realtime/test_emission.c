/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/limits.h"
#include "base/owner.h"
#include "base/str.h"
#include "realtime/emission.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct said {
    int64_t n;
};

static const struct dais_field said_rows[] = {
    DAIS_FIELD(struct said, n, DAIS_KIND_INT, 0, 0, 0, "a number"),
    DAIS_FIELD_END,
};
static const struct dais_shape said_shape = DAIS_SHAPE("Said", struct said, said_rows);

static struct emission *make(const struct dais_rendering *rows)
{
    const struct dais_emit emit = {.renderings = rows, .delivery = DAIS_REPLACEABLE, .key = 7};
    struct emission *emission = NULL;
    assert_int_equal(emission_new(&emit, &emission), DAIS_OK);
    return emission;
}

static void expect_refused(const struct dais_rendering *rows, int32_t code)
{
    const struct dais_emit emit = {.renderings = rows, .delivery = DAIS_DURABLE};
    struct emission *emission = NULL;
    assert_int_equal(emission_new(&emit, &emission), code);
    assert_null(emission);
}

static void expect_text(const struct emission *emission, const char *dialect, const char *event,
                        const char *args)
{
    const struct emission_text *text = emission_text(emission, (uint32_t)emission_dialect(dialect));
    assert_non_null(text);
    assert_true(str_eqz(text->event, event));
    assert_true(str_eqz(text->args, args));
}

static void each_dialect_has_its_text(void **state)
{
    const struct said said = {5};
    const struct dais_rendering rows[] = {
        {.dialect = "one", .event = "a", .shape = &said_shape, .value = &said},
        {.dialect = "two"},
        {.event = "b", .json = dais_cstr("1,\"x\"")},
        {.event = NULL},
    };
    (void)state;
    struct emission *emission = make(rows);
    expect_text(emission, "one", "a", "{\"n\":5}");
    assert_null(emission_text(emission, (uint32_t)emission_dialect("two")));
    expect_text(emission, "three", "b", "1,\"x\"");
    expect_text(emission, NULL, "b", "1,\"x\"");
    emission_unref(emission_ref(emission));
    emission_unref(emission);
}

static void attachments_are_held(void **state)
{
    struct dais_buf *buf = buf_copy(dais_cstr("bytes"));
    const struct dais_rendering rows[] = {
        {.event = "a", .attachments = &buf, .attachment_count = 1}, {.event = NULL}};
    (void)state;
    struct emission *emission = make(rows);
    assert_false(buf_is_unique(buf));
    assert_ptr_equal(emission_text(emission, 0)->attachments[0], buf);
    emission_unref(emission);
    assert_true(buf_is_unique(buf));
    buf_unref(buf);
}

static void what_cannot_be_said_is_refused(void **state)
{
    static char many[2048], name[256];
    const struct dais_rendering none[] = {{.event = NULL}};
    const struct dais_rendering no_value[] = {{.event = "a", .shape = &said_shape},
                                              {.event = NULL}};
    const struct dais_rendering too_long[] = {{.event = "a", .json = {many, sizeof many}},
                                              {.event = NULL}};
    const struct dais_rendering long_name[] = {{.event = name}, {.event = NULL}};
    const struct dais_rendering nothing[] = {{.dialect = ""}, {.event = NULL}};
    const struct dais_rendering later[] = {{.event = "a", .reserved = 1}, {.event = NULL}};
    (void)state;
    memset(many, '1', sizeof many);
    memset(name, 'n', sizeof name - 1);
    assert_int_equal(limit_set(dais_cstr("event_bytes"), 1024), DAIS_OK);
    expect_refused(none, DAIS_E_INVALID);
    expect_refused(no_value, DAIS_E_INVALID);
    expect_refused(too_long, DAIS_E_TOO_LARGE);
    expect_refused(long_name, DAIS_E_INVALID);
    expect_refused(nothing, DAIS_E_INVALID);
    expect_refused(later, DAIS_E_INVALID);
    limits_reset();
}

static void keys_belong_to_plugins(void **state)
{
    const struct dais_rendering rows[] = {{.event = "a"}, {.event = NULL}};
    const struct owner before = owner_get(), other = {.plugin = before.plugin + 1};
    (void)state;
    struct emission *first = make(rows), *same = make(rows);
    owner_set(&other);
    struct emission *another = make(rows);
    owner_set(&before);
    assert_int_equal(first->key, same->key);
    assert_int_not_equal(first->key, another->key);
    emission_unref(first);
    emission_unref(same);
    emission_unref(another);
}

static void dialects_are_few(void **state)
{
    char name[32];
    int32_t code = DAIS_OK;
    (void)state;
    int32_t first = emission_dialect("one");
    for (uint32_t i = 0; i <= EMISSION_DIALECTS_MAX && code >= 0; i++) {
        (void)snprintf(name, sizeof name, "dialect-%u", i);
        code = emission_dialect(name);
    }
    assert_int_equal(code, DAIS_E_LIMIT);
    assert_int_equal(emission_dialect("one"), first);
    assert_string_equal(emission_dialect_name((uint32_t)first), "one");
    assert_int_equal(emission_dialect(""), 0);
    assert_int_equal(emission_dialect("a name that is longer than a dialect's"), DAIS_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_dialect_has_its_text),
        cmocka_unit_test(attachments_are_held),
        cmocka_unit_test(what_cannot_be_said_is_refused),
        cmocka_unit_test(keys_belong_to_plugins),
        cmocka_unit_test(dialects_are_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
