/* SPDX-License-Identifier: MIT */
/* Every place where encoders have been seen to put the stream key. */
#include <string.h>

#include "name.h"
#include "support.h"

static const struct {
    const char *stream_name;
    const char *app;
    const char *url;
    const char *name;
    const char *key;
    const char *other_key;
} rows[] = {
    {"KEY", "live", "rtmp://h/live", "KEY", "KEY", ""},
    {"KEY?token=abc", "live", "rtmp://h/live", "KEY", "KEY", "abc"},
    {"show?key=KEY", "live", "rtmp://h/live", "show", "KEY", ""},
    {"show?a=1&key=KEY&b=2", "live", "", "show", "KEY", ""},
    {"show?key=KEY&token=abc", "live", "", "show", "KEY", "abc"},
    {"?key=KEY", "live", "", "", "KEY", ""},
    {"?token=KEY", "live", "", "", "KEY", ""},
    {"a/b/KEY", "live", "", "KEY", "KEY", ""},
    {"a/b/KEY/?x=/y", "live", "", "KEY", "KEY", ""},
    {"show", "live?key=KEY", "rtmp://h/live?key=other", "show", "KEY", ""},
    {"show", "live", "rtmp://h/live?key=KEY", "show", "KEY", ""},
    {"", "live?token=KEY", "", "", "KEY", ""},
    {"show?key=", "live", "", "show", "show", ""},
    {"show?keys=x&monkey=y", "live", "", "show", "show", ""},
    {"", "", "", "", "", ""},
    {"///", "", "", "", "", ""},
    {"?", "?", "?", "", "", ""},
    {"x?&&key=K&", "", "", "x", "K", ""},
};

static void assert_text(struct dais_str text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    if (text.len > 0)
        assert_memory_equal(text.ptr, expected, text.len);
}

static void keys_are_found(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct name_parts parts = name_parse(dais_cstr(rows[i].stream_name), dais_cstr(rows[i].app),
                                             dais_cstr(rows[i].url));
        assert_text(parts.name, rows[i].name);
        assert_text(parts.key, rows[i].key);
        assert_text(parts.other_key, rows[i].other_key);
    }
}

static void absent_views(void **state)
{
    struct name_parts parts = name_parse(dais_str(NULL, 0), dais_str(NULL, 0), dais_str(NULL, 0));
    assert_int_equal(parts.key.len, 0);
    assert_int_equal(name_without_query(dais_str(NULL, 0)).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_found),
        cmocka_unit_test(absent_views),
    };
    return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
