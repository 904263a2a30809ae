/* SPDX-License-Identifier: MIT */
/* Times inside of ids and answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_time.h"

static void test_an_id_tells_its_time(void **state)
{
    (void)state;
    /* the example of RFC 9562, appendix A.6 */
    struct dais_str id = dais_cstr("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    assert_int_equal(store_time_of_id(id), 1645557742000);
    static const char *const WRONG[] = {"", "017f22e2", "017f22g2-79b0-7cc3-98c4-dc0c0c07398f",
                                        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0"};
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++)
        assert_int_equal(store_time_of_id(dais_cstr(WRONG[i])), 0);
}

static void test_the_least_id_of_a_time(void **state)
{
    (void)state;
    static const int64_t TIMES[] = {0, 1, 65535, 65536, 1645557742000, 253402300799999};
    char id[STORE_TIME_ID_BYTES];
    for (size_t i = 0; i < sizeof TIMES / sizeof TIMES[0]; i++) {
        store_time_id(TIMES[i], id);
        assert_int_equal(strlen(id), STORE_TIME_ID_BYTES - 1);
        assert_int_equal(store_time_of_id(dais_cstr(id)), TIMES[i]);
    }
    store_time_id(1645557742000, id);
    assert_string_equal(id, "017f22e2-79b0-7000-8000-000000000000");
    store_time_id(-5, id);
    assert_string_equal(id, "00000000-0000-7000-8000-000000000000");
}

static void test_times_are_rfc_3339_in_utc(void **state)
{
    (void)state;
    char text[STORE_TIME_BYTES];
    store_time_text(1645557742000, text);
    assert_string_equal(text, "2022-02-22T19:22:22.000Z");
    store_time_text(951782400007, text); /* a leap day */
    assert_string_equal(text, "2000-02-29T00:00:00.007Z");
    store_time_text(-1, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    store_time_text(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_id_tells_its_time),
        cmocka_unit_test(test_the_least_id_of_a_time),
        cmocka_unit_test(test_times_are_rfc_3339_in_utc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
