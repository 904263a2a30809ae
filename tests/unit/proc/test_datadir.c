/* SPDX-License-Identifier: MIT */
/* The data directory: one supervisor, its small files, and the rights of another account. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc/datadir.h"

static char folder[] = "/tmp/dais-datadir-XXXXXX";
static char path[64];
static char message[DATADIR_MESSAGE_BYTES];

static int open_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/dais-datadir-XXXXXX");
    if (mkdtemp(folder) == NULL || chmod(folder, 0755) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/a/b", folder);
    return 0;
}

static int close_folder(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static struct runas own(void)
{
    return (struct runas){.uid = geteuid(), .gid = getegid(), .other = 0, .name = "me"};
}

/* Somebody who is nobody here. */
static struct runas other(void)
{
    return (struct runas){.uid = 54321, .gid = 54321, .other = 1, .name = "other"};
}

static void expect_file(const char *name, const char *text)
{
    char file[128], got[64] = "";
    snprintf(file, sizeof file, "%s/run/%s", path, name);
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(read(fd, got, sizeof got - 1) >= 0);
    close(fd);
    assert_string_equal(got, text);
}

static void test_it_is_made_locked_and_described(void **state)
{
    (void)state;
    struct datadir datadir, second;
    struct runas account = own();
    char pid[24];
    assert_int_equal(datadir_open(path, &account, &datadir, message), DAIS_OK);
    snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    expect_file("dais.pid", pid);
    assert_int_equal(datadir_publish(&datadir, DATADIR_PORTS, "{}\n"), DAIS_OK);
    expect_file(DATADIR_PORTS, "{}\n");
    assert_int_equal(datadir_publish(&datadir, DATADIR_PORTS, "{1}\n"), DAIS_OK);
    expect_file(DATADIR_PORTS, "{1}\n");

    assert_int_equal(datadir_open(path, &account, &second, message), DAIS_E_CONFLICT);
    assert_non_null(strstr(message, path));
    expect_file(DATADIR_PORTS, "{1}\n"); /* the refused one touched nothing */

    datadir_close(&datadir);
    char file[128];
    snprintf(file, sizeof file, "%s/run/dais.pid", path);
    assert_int_equal(access(file, F_OK), -1);
    assert_int_equal(datadir_open(path, &account, &datadir, message), DAIS_OK);
    datadir_close(&datadir);
}

static void test_links_are_not_followed(void **state)
{
    (void)state;
    struct datadir datadir;
    struct runas account = own();
    char victim[128], link[128], text[8] = "";
    assert_int_equal(datadir_open(path, &account, &datadir, message), DAIS_OK);
    snprintf(victim, sizeof victim, "%s/victim", folder);
    int fd = open(victim, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "keep", 4), 4);
    snprintf(link, sizeof link, "%s/run/%s", path, DATADIR_PORTS);
    assert_int_equal(symlink(victim, link), 0);
    snprintf(link, sizeof link, "%s/run/.%s.new", path, DATADIR_PORTS);
    assert_int_equal(symlink(victim, link), 0);
    assert_int_equal(datadir_publish(&datadir, DATADIR_PORTS, "{}\n"), DAIS_OK);
    expect_file(DATADIR_PORTS, "{}\n");
    assert_int_equal(pread(fd, text, sizeof text, 0), 4);
    close(fd);
    datadir_close(&datadir);
}

static void test_a_folder_in_use_is_not_given_away(void **state)
{
    (void)state;
    struct datadir datadir;
    struct runas account = other();
    struct stat entry;
    if (geteuid() != 0)
        skip(); /* only root gives folders away */
    assert_int_equal(datadir_open(folder, &account, &datadir, message), DAIS_OK); /* empty */
    assert_int_equal(stat(folder, &entry), 0);
    assert_int_equal(entry.st_uid, account.uid);
    datadir_close(&datadir);

    snprintf(path, sizeof path, "%s/root", folder);
    assert_int_equal(mkdir(path, 0755), 0);
    char file[128];
    snprintf(file, sizeof file, "%s/precious", path);
    assert_int_equal(close(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
    assert_int_equal(datadir_open(path, &account, &datadir, message), DAIS_E_DENIED);
    assert_int_equal(stat(path, &entry), 0);
    assert_int_equal(entry.st_uid, 0);
}

static void test_reach(void **state)
{
    (void)state;
    struct runas account = other();
    struct datadir datadir;
    char file[128];
    snprintf(path, sizeof path, "%s/private", folder);
    snprintf(file, sizeof file, "%s/file", path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(close(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644)), 0);
    assert_true(reach_enters(&account, folder));
    assert_false(reach_enters(&account, path));
    assert_false(reach_enters(&account, file));
    assert_false(reach_reads(&account, file));
    assert_int_equal(chmod(path, 0711), 0);
    assert_true(reach_enters(&account, file));
    assert_true(reach_reads(&account, file));
    assert_int_equal(chmod(file, 0640), 0);
    assert_false(reach_reads(&account, file));

    assert_int_equal(chmod(path, 0700), 0);
    snprintf(file, sizeof file, "%s/data", path);
    assert_int_equal(datadir_open(file, &account, &datadir, message), DAIS_E_DENIED);
    assert_non_null(strstr(message, "can't enter"));
    assert_int_equal(access(file, F_OK), -1);
}

static void test_the_default_moves_where_the_account_can_reach_it(void **state)
{
    (void)state;
    struct runas account = other();
    char chosen[REACH_PATH_BYTES];
    snprintf(path, sizeof path, "%s/home", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chdir(path), 0);
    snprintf(path, sizeof path, "%s/home/var", folder);
    assert_int_equal(datadir_choose(path, &account, chosen), DAIS_OK);
    assert_string_equal(chosen, DATADIR_SYSTEM);
    struct runas me = own();
    assert_int_equal(datadir_choose(path, &me, chosen), DAIS_OK);
    assert_string_equal(chosen, path);
    assert_int_equal(datadir_choose("/somewhere/else", &account, chosen), DAIS_OK);
    assert_string_equal(chosen, "/somewhere/else");
    assert_int_equal(chdir("/"), 0);
}

int main(void)
{
#define DATADIR_TEST(name) cmocka_unit_test_setup_teardown(name, open_folder, close_folder)
    const struct CMUnitTest tests[] = {
        DATADIR_TEST(test_it_is_made_locked_and_described),
        DATADIR_TEST(test_links_are_not_followed),
        DATADIR_TEST(test_a_folder_in_use_is_not_given_away),
        DATADIR_TEST(test_reach),
        DATADIR_TEST(test_the_default_moves_where_the_account_can_reach_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
