/* SPDX-License-Identifier: MIT */
/* What a cheer may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "template.h"

static void test_a_cheer_is_one_word(void **state)
{
    (void)state;
    assert_true(template_is_word(dais_cstr("Olé!")));
    assert_false(template_is_word(dais_cstr("")));
    assert_false(template_is_word(dais_cstr("two words")));
    assert_false(template_is_word(dais_cstr("line\n")));
    assert_false(template_is_word(dais_cstr("\x7F")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_cheer_is_one_word)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
