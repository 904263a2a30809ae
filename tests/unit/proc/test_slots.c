/* SPDX-License-Identifier: MIT */
/* The page that tells the supervisor who was running. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc/slots.h"

#define SUSPECTS 4u

static struct slots *page;
static int page_fd;

static int open_page(void **state)
{
    (void)state;
    return slots_new(&page, &page_fd) == DAIS_OK ? 0 : -1;
}

static int close_page(void **state)
{
    (void)state;
    slots_free(page);
    close(page_fd);
    return 0;
}

/* What a server process does before it dies. */
_Noreturn static void run_and_die(uint32_t plugin)
{
    struct slots *own = NULL;
    if (slots_attach(dup(page_fd), &own) != DAIS_OK)
        _exit(1);
    memcpy(own->pages[3].id, "chat", 5);
    owner_slot_use(&own->slots[1]);
    const struct owner owner = {.plugin = plugin, .generation = 7, .callback = 42, .request = 9};
    owner_set(&owner);
    _exit(0);
}

static uint32_t suspects_after(uint32_t plugin, struct slots_suspect *ret_suspects)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        run_and_die(plugin);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return slots_suspects(page, ret_suspects, SUSPECTS);
}

static void test_who_ran_is_found_after_the_death(void **state)
{
    (void)state;
    struct slots_suspect suspects[SUSPECTS];
    assert_int_equal(suspects_after(3, suspects), 1);
    assert_string_equal(suspects[0].name, "chat");
    assert_int_equal(suspects[0].slot, 1);
    assert_int_equal(suspects[0].owner.plugin, 3);
    assert_int_equal(suspects[0].owner.generation, 7);
    assert_int_equal(suspects[0].owner.callback, 42);
    slots_clear(page);
    assert_int_equal(slots_suspects(page, suspects, SUSPECTS), 0);
}

static void test_the_core_is_no_suspect(void **state)
{
    (void)state;
    struct slots_suspect suspects[SUSPECTS];
    assert_int_equal(suspects_after(OWNER_CORE, suspects), 0);
}

static void test_a_broken_page_is_not_trusted(void **state)
{
    (void)state;
    struct slots_suspect suspects[SUSPECTS];
    assert_int_equal(suspects_after(HOST_OWNERS_MAX, suspects), 0);
    memset(page, 'x', sizeof *page);
    assert_int_equal(slots_suspects(page, suspects, SUSPECTS), 0);
    atomic_store(&page->slots[0].plugin, HOST_OWNERS_MAX - 1);
    assert_int_equal(slots_suspects(page, suspects, SUSPECTS), 1);
    assert_int_equal(strlen(suspects[0].name), SLOTS_NAME_BYTES - 1);
}

static void test_the_page_cannot_be_cut(void **state)
{
    (void)state;
    assert_int_equal(ftruncate(page_fd, 0), -1);
}

static void test_another_file_is_refused(void **state)
{
    (void)state;
    struct slots *other = NULL;
    int fd = memfd_create("other", MFD_CLOEXEC);
    assert_int_equal(slots_attach(fd, &other), DAIS_E_INVALID);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

int main(void)
{
#define SLOTS_TEST(name) cmocka_unit_test_setup_teardown(name, open_page, close_page)
    const struct CMUnitTest tests[] = {
        SLOTS_TEST(test_who_ran_is_found_after_the_death), SLOTS_TEST(test_the_core_is_no_suspect),
        SLOTS_TEST(test_a_broken_page_is_not_trusted),     SLOTS_TEST(test_the_page_cannot_be_cut),
        SLOTS_TEST(test_another_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
