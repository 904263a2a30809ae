/* SPDX-License-Identifier: MIT */
#include "host/elf.h"

#include "base/mem.h"
#include "base/str.h"
#include "host/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct dais_str read_plugin(const char *name)
{
    char path[4096];
    struct dais_str bytes;
    snprintf(path, sizeof path, "%s/%s.so", TEST_PLUGINS, name);
    assert_int_equal(files_read(path, 64u << 20, &bytes), DAIS_OK);
    return bytes;
}

static void release(struct dais_str bytes)
{
    mem_free((void *)(uintptr_t)bytes.ptr);
}

static void test_a_good_plugin(void **state)
{
    struct elf_info info;
    const char *problem = NULL;
    struct dais_str bytes = read_plugin("probe");
    (void)state;
    assert_int_equal(elf_read(bytes, &info, &problem), DAIS_OK);
    assert_int_equal(info.findings & ~ELF_STATIC_TLS, 0);
    assert_int_equal(info.foreign_export, 0);
    assert_int_equal(info.export_count, 1);
    assert_int_equal(info.build_id_bytes, 20);
    release(bytes);
}

static void test_an_export_too_many(void **state)
{
    struct elf_info info;
    const char *problem = NULL;
    struct dais_str bytes = read_plugin("extra_export");
    (void)state;
    assert_int_equal(elf_read(bytes, &info, &problem), DAIS_OK);
    assert_int_equal(info.foreign_export, 1);
    assert_string_equal(info.export_name, "extra_export_counter");
    release(bytes);
}

static void test_what_is_no_shared_object(void **state)
{
    struct elf_info info;
    const char *problem = NULL;
    (void)state;
    assert_int_equal(elf_read(dais_str("", 0), &info, &problem), DAIS_E_INVALID);
    assert_string_equal(problem, "is no shared object: too short");
    char text[128] = "#!/bin/sh\n";
    assert_int_equal(elf_read(dais_str(text, sizeof text), &info, &problem), DAIS_E_INVALID);
    assert_string_equal(problem, "is no shared object");
}

/** Wherever the file is cut, the end is noticed and nothing behind it is read. */
static void test_every_cut_is_noticed(void **state)
{
    struct elf_info info;
    const char *problem = NULL;
    struct dais_str bytes = read_plugin("probe");
    (void)state;
    for (uint64_t len = 0; len < bytes.len; len += len < 4096 ? 1 : 997) {
        char *cut = mem_alloc(len + 1);
        memcpy(cut, bytes.ptr, len);
        assert_int_equal(elf_read(dais_str(cut, len), &info, &problem), DAIS_E_INVALID);
        mem_free(cut);
    }
    release(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_plugin),
        cmocka_unit_test(test_an_export_too_many),
        cmocka_unit_test(test_what_is_no_shared_object),
        cmocka_unit_test(test_every_cut_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
