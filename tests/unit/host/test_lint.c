/* SPDX-License-Identifier: MIT */
/* Every finding about a plugin's file has its line, and a good file has none. */
#include "host/lint.h"

#include "base/log.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_BYTES 4096u

static uint32_t lint(const char *name, char ret_text[TEXT_BYTES])
{
    STRBUF_AUTO struct strbuf out;
    char path[512];
    uint32_t count = 0;
    strbuf_init(&out, TEXT_BYTES);
    snprintf(path, sizeof path, TEST_PLUGINS "/%s.so", name);
    assert_int_equal(lint_file(path, &out, &count), DAIS_OK);
    snprintf(ret_text, TEXT_BYTES, "%s", strbuf_cstr(&out));
    return count;
}

static void test_a_good_file_has_no_findings(void **state)
{
    char text[TEXT_BYTES];
    (void)state;
    assert_int_equal(lint("versioned_1", text), 0);
    assert_string_equal(text, "");
}

static void test_each_finding_is_told(void **state)
{
    static const struct {
        const char *name, *finding;
    } rows[] = {
        {"versioned_no_build_id", "has no build id; link it with --build-id\n"},
        {"versioned_static_tls", "uses static thread-local storage, "},
        {"versioned_origin", "has $ORIGIN in its search path, "},
        {"versioned_extra_export", "exports 'extra_export_counter'; "},
        {"versioned_other_abi", "was built for ABI 2; this host has ABI 1\n"},
        {"wrong_magic", "its descriptor has the wrong magic number; "},
        {"other_draft", "was built against other draft headers ("},
        {"no_descriptor", "has no symbol 'dais_plugin'; "},
        {"nowhere", "cannot be read: No such file or directory\n"},
    };
    char text[TEXT_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(lint(rows[i].name, text), 1);
        assert_non_null(strstr(text, rows[i].finding));
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    }
}

/** What refuses a load is the file's form; its descriptor is looked at when it is open. */
static void test_the_first_finding_refuses(void **state)
{
    struct elf_info info = {.findings = ELF_EXEC_STACK | ELF_TEXT_RELOCATIONS | ELF_UNIQUE_SYMBOLS};
    char text[LINT_TEXT_BYTES];
    (void)state;
    assert_true(lint_first(&info, text));
    assert_non_null(strstr(text, "-fno-gnu-unique"));
    info.findings = ELF_EXEC_STACK;
    assert_true(lint_first(&info, text));
    assert_non_null(strstr(text, "noexecstack"));
    info = (struct elf_info){.foreign_export = 1, .export_name = "other"};
    assert_true(lint_first(&info, text));
    assert_string_equal(text, "exports 'other'; a plugin exports dais_plugin alone");
    info = (struct elf_info){0};
    assert_false(lint_first(&info, text));
}

int main(void)
{
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_file_has_no_findings),
        cmocka_unit_test(test_each_finding_is_told),
        cmocka_unit_test(test_the_first_finding_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
