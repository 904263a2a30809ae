/* SPDX-License-Identifier: MIT */
/* Copies that are kept equal to their originals. */
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

#include "proc/mirror.h"

static char folder[] = "/tmp/dais-mirror-XXXXXX";

static int open_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/dais-mirror-XXXXXX");
    return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static int close_folder(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static void put(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void expect(const char *path, const char *text)
{
    char got[64] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(read(fd, got, sizeof got - 1) >= 0);
    close(fd);
    assert_string_equal(got, text);
}

static ino_t inode(const char *path)
{
    struct stat entry;
    assert_int_equal(stat(path, &entry), 0);
    return entry.st_ino;
}

static void make_original(void)
{
    assert_int_equal(mkdir("from", 0755), 0);
    assert_int_equal(mkdir("from/assets", 0755), 0);
    put("from/a.so", "code", 0755);
    put("from/assets/b.js", "script", 0644);
}

static void test_a_tree_is_copied_with_its_modes(void **state)
{
    (void)state;
    struct stat entry;
    make_original();
    assert_int_equal(mirror_folder("from", "to"), DAIS_OK);
    expect("to/a.so", "code");
    expect("to/assets/b.js", "script");
    assert_int_equal(stat("to/a.so", &entry), 0);
    assert_int_equal(entry.st_mode & 07777, 0755);
}

static void test_only_what_changed_is_copied_again(void **state)
{
    (void)state;
    make_original();
    assert_int_equal(mirror_folder("from", "to"), DAIS_OK);
    ino_t code = inode("to/a.so"), script = inode("to/assets/b.js");
    int mapped = open("to/assets/b.js", O_RDONLY | O_CLOEXEC);
    char got[8] = "";
    put("from/assets/b.js", "newer", 0644);
    assert_int_equal(mirror_folder("from", "to"), DAIS_OK);
    assert_true(inode("to/a.so") == code);
    assert_true(inode("to/assets/b.js") != script);
    expect("to/assets/b.js", "newer");
    assert_int_equal(read(mapped, got, 6), 6); /* who has the old file keeps it */
    assert_string_equal(got, "script");
    close(mapped);
}

static void test_what_is_gone_goes(void **state)
{
    (void)state;
    make_original();
    assert_int_equal(mirror_folder("from", "to"), DAIS_OK);
    assert_int_equal(unlink("from/a.so"), 0);
    assert_int_equal(unlink("from/assets/b.js"), 0);
    assert_int_equal(rmdir("from/assets"), 0);
    put("from/c.so", "other", 0755);
    assert_int_equal(mirror_folder("from", "to"), DAIS_OK);
    expect("to/c.so", "other");
    assert_int_equal(access("to/a.so", F_OK), -1);
    assert_int_equal(access("to/assets", F_OK), -1);
}

static void test_a_link_in_the_way_is_replaced_not_followed(void **state)
{
    (void)state;
    make_original();
    put("victim", "keep", 0600);
    assert_int_equal(mkdir("to", 0755), 0);
    assert_int_equal(symlink("../victim", "to/a.so"), 0);
    assert_int_equal(symlink("../victim", "to/a.so.new"), 0);
    assert_int_equal(mirror_folder("from", "to"), DAIS_OK);
    expect("to/a.so", "code");
    expect("victim", "keep");
}

static void test_a_missing_original_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(mirror_folder("nowhere", "to"), DAIS_E_UNAVAILABLE);
    assert_int_equal(mirror_file("nowhere", "file"), DAIS_E_UNAVAILABLE);
    assert_int_equal(access("file", F_OK), -1);
}

static void test_a_copy_is_removed_but_not_what_its_links_lead_to(void **state)
{
    (void)state;
    make_original();
    assert_int_equal(mirror_folder("from", "to"), DAIS_OK);
    assert_int_equal(symlink("../from", "to/link"), 0);
    mirror_remove("to");
    assert_int_equal(access("to", F_OK), -1);
    expect("from/assets/b.js", "script");
}

static void test_a_loop_of_links_ends(void **state)
{
    (void)state;
    make_original();
    assert_int_equal(symlink(".", "from/again"), 0);
    assert_int_equal(mirror_folder("from", "to"), DAIS_E_UNAVAILABLE);
}

int main(void)
{
#define MIRROR_TEST(name) cmocka_unit_test_setup_teardown(name, open_folder, close_folder)
    const struct CMUnitTest tests[] = {
        MIRROR_TEST(test_a_tree_is_copied_with_its_modes),
        MIRROR_TEST(test_only_what_changed_is_copied_again),
        MIRROR_TEST(test_what_is_gone_goes),
        MIRROR_TEST(test_a_link_in_the_way_is_replaced_not_followed),
        MIRROR_TEST(test_a_missing_original_is_an_error),
        MIRROR_TEST(test_a_copy_is_removed_but_not_what_its_links_lead_to),
        MIRROR_TEST(test_a_loop_of_links_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
