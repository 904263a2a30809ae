/* SPDX-License-Identifier: MIT */
/* The rules of accounts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth.h"

static void test_spans(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds; /* 0: refused */
    } CASES[] = {
        {"7d", 604800},  {"12h", 43200}, {"30m", 1800}, {"45s", 45},  {"3600", 3600},
        {"2w", 1209600}, {"1", 1},       {"", 0},       {"d", 0},     {"0d", 0},
        {"7days", 0},    {"-1d", 0},     {"7 d", 0},    {"3651d", 0}, {"99999999999999999999", 0},
        {"7y", 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        int64_t seconds = 0;
        int32_t error = auth_span_parse(dais_cstr(CASES[i].text), &seconds);
        assert_int_equal(seconds, CASES[i].seconds);
        assert_int_equal(error, CASES[i].seconds ? DAIS_OK : DAIS_E_INVALID);
    }
}

static void test_roles(void **state)
{
    (void)state;
    struct dais_str none = dais_cstr("none");
    assert_int_equal(auth_roles(dais_cstr("admin"), none), DAIS_ROLE_ADMIN);
    assert_int_equal(auth_roles(dais_cstr("attendee"), none), DAIS_ROLE_ATTENDEE);
    assert_int_equal(auth_roles(dais_cstr("speaker"), dais_cstr("approved")),
                     DAIS_ROLE_SPEAKER | DAIS_ROLE_CREATOR);
    assert_int_equal(auth_roles(dais_cstr("speaker"), dais_cstr("pending")), DAIS_ROLE_SPEAKER);
    assert_int_equal(auth_roles(dais_cstr("root"), none), 0);
    assert_int_equal(auth_roles(dais_cstr(NULL), none), 0);
}

static void test_default_name(void **state)
{
    (void)state;
    assert_true(dais_str_eq(auth_default_name(dais_cstr("ada@example.org")), dais_cstr("ada")));
    assert_true(dais_str_eq(auth_default_name(dais_cstr("ada")), dais_cstr("ada")));
    assert_int_equal(auth_default_name(dais_cstr("")).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_default_name),
    };
    return cmocka_run_group_tests_name("auth_rules", tests, NULL, NULL);
}
