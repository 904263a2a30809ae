/* SPDX-License-Identifier: MIT */
#include "host/secret.h"

#include "base/random.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define VARIABLE "DAIS_TEST_SECRET"

static char folder[64];
static char problem[SECRET_PROBLEM_BYTES];

static int make_folder(void **state)
{
    (void)state;
    random_init();
    unsetenv(VARIABLE);
    snprintf(folder, sizeof folder, "/tmp/dais-secret-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char path[128];
    (void)state;
    snprintf(path, sizeof path, "%s/secrets/auth.jwt", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/secrets", folder);
    rmdir(path);
    return rmdir(folder);
}

static struct secret_request request(uint8_t generate)
{
    return (struct secret_request){.data_dir = folder,
                                   .owner = "auth",
                                   .name = "jwt",
                                   .env = VARIABLE,
                                   .bytes = 32,
                                   .generate = generate};
}

static void test_made_once_and_kept(void **state)
{
    uint8_t first[32], second[32];
    char path[128];
    struct stat stat_of;
    const struct secret_request wanted = request(1);
    (void)state;
    assert_int_equal(secret_get(&wanted, first, problem), DAIS_OK);
    assert_int_equal(secret_get(&wanted, second, problem), DAIS_OK);
    assert_memory_equal(first, second, 32);
    snprintf(path, sizeof path, "%s/secrets/auth.jwt", folder);
    assert_int_equal(stat(path, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 0777, 0600);
    assert_int_equal(stat_of.st_size, 32);
    snprintf(path, sizeof path, "%s/secrets", folder);
    assert_int_equal(stat(path, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 0777, 0700);
}

static void test_not_made_beside_a_foreign_database(void **state)
{
    uint8_t key[32];
    const struct secret_request wanted = request(0);
    (void)state;
    assert_int_equal(secret_get(&wanted, key, problem), DAIS_E_INVALID);
    assert_string_equal(problem, "secret jwt must be given by the environment variable " VARIABLE
                                 ", since the database is not the server's own");
}

static void test_a_short_text_is_refused(void **state)
{
    uint8_t key[32];
    const struct secret_request wanted = request(1);
    (void)state;
    setenv(VARIABLE, "0123456789012345678901234567890", 1); /* 31 characters */
    assert_int_equal(secret_get(&wanted, key, problem), DAIS_E_INVALID);
    assert_string_equal(problem,
                        "environment variable " VARIABLE ": must have at least 32 characters");
}

static void test_text_is_hashed_and_base64_is_taken(void **state)
{
    uint8_t first[32], second[32];
    const struct secret_request wanted = request(0);
    (void)state;
    setenv(VARIABLE, "correct horse battery staple, twice", 1);
    assert_int_equal(secret_get(&wanted, first, problem), DAIS_OK);
    assert_int_equal(secret_get(&wanted, second, problem), DAIS_OK);
    assert_memory_equal(first, second, 32);
    assert_memory_not_equal(first, "correct horse battery staple, twice", 32);

    setenv(VARIABLE, "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=", 1);
    assert_int_equal(secret_get(&wanted, first, problem), DAIS_OK);
    assert_memory_equal(first, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef", 32);
}

static void test_a_damaged_file_is_told(void **state)
{
    uint8_t key[32];
    char path[128];
    const struct secret_request wanted = request(1);
    (void)state;
    assert_int_equal(secret_get(&wanted, key, problem), DAIS_OK);
    snprintf(path, sizeof path, "%s/secrets/auth.jwt", folder);
    assert_int_equal(truncate(path, 5), 0);
    assert_int_equal(secret_get(&wanted, key, problem), DAIS_E_INVALID);
    assert_non_null(strstr(problem, "has the wrong length"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(test_made_once_and_kept),      TEST(test_not_made_beside_a_foreign_database),
        TEST(test_a_short_text_is_refused), TEST(test_text_is_hashed_and_base64_is_taken),
        TEST(test_a_damaged_file_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
