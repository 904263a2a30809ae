/* SPDX-License-Identifier: MIT */
/* Arguments by field tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "proc/args.h"

static const struct args_field fields[] = {
    {.name = "email", .positional = true, .required = true},
    {.name = "displayName"},
    {.name = "role", .required = true, .fallback = "viewer", .choices = "admin, viewer"},
    {.name = "password", .required = true, .secret = true, .env = "DAIS_TEST_PASSWORD"},
    {.name = "dry_run", .flag = true},
};
enum { EMAIL, DISPLAY_NAME, ROLE, PASSWORD, DRY_RUN };

static const struct args_verb verb = {"user add", "adds", fields, 5};

#define PARSE(ret, ...)                                                                            \
    ({                                                                                             \
        const char *const words_[] = {__VA_ARGS__};                                                \
        args_parse(&verb, words_, sizeof words_ / sizeof words_[0], (ret), message);               \
    })

static char message[ARGS_MESSAGE_BYTES];

static void test_match_takes_whole_words(void **state)
{
    (void)state;
    const char *const words[] = {"user", "add", "x"};
    assert_int_equal(args_match("user add", words, 3), 2);
    assert_int_equal(args_match("user", words, 3), 1);
    assert_int_equal(args_match("user add", words, 1), 0);
    assert_int_equal(args_match("use", words, 3), 0);
    assert_int_equal(args_match("user addition", words, 3), 0);
}

static void test_positional_and_options(void **state)
{
    (void)state;
    struct args args;
    assert_int_equal(PARSE(&args, "--role", "admin", "a@b", "--dry-run"), DAIS_OK);
    assert_string_equal(args.values[EMAIL], "a@b");
    assert_string_equal(args.values[ROLE], "admin");
    assert_string_equal(args.values[DRY_RUN], "true");
    assert_null(args.values[DISPLAY_NAME]);
    assert_null(args.values[PASSWORD]);
}

static void test_names_are_matched_in_every_spelling(void **state)
{
    (void)state;
    static const char *const spellings[] = {"--displayName=A", "--display-name=A",
                                            "--display_name=A", "--DISPLAYNAME=A"};
    for (unsigned i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        struct args args;
        assert_int_equal(PARSE(&args, "a@b", "--role=admin", spellings[i]), DAIS_OK);
        assert_string_equal(args.values[DISPLAY_NAME], "A");
    }
    struct args args;
    assert_int_equal(PARSE(&args, "a@b", "--role=admin", "--displayNames=A"), DAIS_E_INVALID);
    assert_int_equal(PARSE(&args, "a@b", "--role=admin", "--display=A"), DAIS_E_INVALID);
}

static void test_a_positional_field_by_its_name(void **state)
{
    (void)state;
    struct args args;
    assert_int_equal(PARSE(&args, "--email", "a@b", "--role=viewer", "--displayName="), DAIS_OK);
    assert_string_equal(args.values[EMAIL], "a@b");
    assert_string_equal(args.values[DISPLAY_NAME], "");
}

static void test_two_dashes_end_the_options(void **state)
{
    (void)state;
    struct args args;
    assert_int_equal(PARSE(&args, "--role", "admin", "--", "--email"), DAIS_OK);
    assert_string_equal(args.values[EMAIL], "--email");
}

static void test_what_is_wrong_is_told(void **state)
{
    (void)state;
    struct args args;
    assert_int_equal(PARSE(&args, "a@b"), DAIS_E_INVALID);
    assert_string_equal(message, "--role is missing");
    assert_int_equal(PARSE(&args, "--role", "admin"), DAIS_E_INVALID);
    assert_string_equal(message, "email is missing");
    assert_int_equal(PARSE(&args, "a@b", "c", "--role", "admin"), DAIS_E_INVALID);
    assert_string_equal(message, "'c' is one argument too many");
    assert_int_equal(PARSE(&args, "a@b", "--role"), DAIS_E_INVALID);
    assert_string_equal(message, "--role needs a value");
    assert_int_equal(PARSE(&args, "a@b", "--role=admin", "--role=viewer"), DAIS_E_INVALID);
    assert_string_equal(message, "--role is given twice");
    assert_int_equal(PARSE(&args, "a@b", "--rule=a"), DAIS_E_INVALID);
    assert_string_equal(message, "there is no option --rule");
    assert_int_equal(PARSE(&args, "a@b", "--role=vie"), DAIS_E_INVALID);
    assert_string_equal(message, "role must be one of admin, viewer");
}

static void test_a_secret_comes_from_the_environment_only(void **state)
{
    (void)state;
    struct args args;
    assert_int_equal(PARSE(&args, "a@b", "--role=admin", "--password=x"), DAIS_E_INVALID);
    assert_non_null(strstr(message, "DAIS_TEST_PASSWORD"));
    setenv("DAIS_TEST_PASSWORD", "hidden", 1);
    assert_int_equal(PARSE(&args, "a@b", "--role=admin"), DAIS_OK);
    assert_string_equal(args.values[PASSWORD], "hidden");
    unsetenv("DAIS_TEST_PASSWORD");
}

static void test_usage_names_every_field(void **state)
{
    (void)state;
    STRBUF_AUTO struct strbuf out;
    strbuf_init(&out, 4096);
    args_usage(&verb, &out);
    const char *text = strbuf_cstr(&out);
    assert_int_equal(strbuf_error(&out), DAIS_OK);
    assert_non_null(strstr(text, "usage: dais user add <email> [--displayName <value>]"
                                 " --role <value> [--dry_run]\n"));
    assert_non_null(strstr(text, "(admin, viewer) [default: viewer]"));
    assert_null(strstr(text, "--password"));
}

static void test_distance(void **state)
{
    (void)state;
    assert_int_equal(args_distance("serve", "serve"), 0);
    assert_int_equal(args_distance("serv", "serve"), 1);
    assert_int_equal(args_distance("sevre", "serve"), 1);
    assert_int_equal(args_distance("", "serve"), 5);
    assert_int_equal(args_distance("doktor", "doctor"), 1);
    assert_int_equal(args_distance("ab", "cd"), 2);
    assert_true(args_distance("x", "012345678901234567890123456789012") == UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match_takes_whole_words),
        cmocka_unit_test(test_positional_and_options),
        cmocka_unit_test(test_names_are_matched_in_every_spelling),
        cmocka_unit_test(test_a_positional_field_by_its_name),
        cmocka_unit_test(test_two_dashes_end_the_options),
        cmocka_unit_test(test_what_is_wrong_is_told),
        cmocka_unit_test(test_a_secret_comes_from_the_environment_only),
        cmocka_unit_test(test_usage_names_every_field),
        cmocka_unit_test(test_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
