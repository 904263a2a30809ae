/* SPDX-License-Identifier: MIT */
#include "host/lint.h"

#include "base/mem.h"
#include "dais/abi.h"
#include "host/files.h"
#include "host/plugin_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/** Properties that the file must not have, each with its remedy. */
static const struct {
    uint32_t finding;
    const char *text;
} properties[] = {
    {ELF_NO_BUILD_ID, "has no build id; link it with --build-id"},
    {ELF_UNIQUE_SYMBOLS, "has unique symbols, which all generations would share; compile it with "
                         "-fno-gnu-unique"},
    {ELF_STATIC_TLS, "uses static thread-local storage, which is gone after a few generations; "
                     "compile it with -fPIC and without -ftls-model=initial-exec"},
    {ELF_TEXT_RELOCATIONS, "has text relocations; compile it with -fPIC"},
    {ELF_EXEC_STACK, "wants an executable stack; link it with -z noexecstack"},
    {ELF_ORIGIN_PATH, "has $ORIGIN in its search path, but is loaded from a copy elsewhere"},
};

#define PROPERTIES (sizeof properties / sizeof properties[0])

/** The finding about the file's form number `index`, or false. */
static bool find_form(const struct elf_info *info, uint32_t index, char ret_text[LINT_TEXT_BYTES])
{
    if (index < PROPERTIES) {
        snprintf(ret_text, LINT_TEXT_BYTES, "%s", properties[index].text);
        return (info->findings & properties[index].finding) != 0;
    }
    snprintf(ret_text, LINT_TEXT_BYTES, "exports '%s'; a plugin exports dais_plugin alone",
             info->export_name);
    return info->foreign_export != 0;
}

/** What its descriptor says, in the order in which it can be trusted. */
static bool find_descriptor(const struct elf_info *info, char ret_text[LINT_TEXT_BYTES])
{
    if (!info->has_descriptor)
        snprintf(ret_text, LINT_TEXT_BYTES, "has no symbol 'dais_plugin'; it is no plugin of Dais");
    else if (info->magic != DAIS_PLUGIN_MAGIC)
        snprintf(ret_text, LINT_TEXT_BYTES,
                 "its descriptor has the wrong magic number; it is no plugin of Dais");
    else if (info->abi_major != DAIS_ABI_MAJOR)
        snprintf(ret_text, LINT_TEXT_BYTES, "was built for ABI %u; this host has ABI %u",
                 info->abi_major, DAIS_ABI_MAJOR);
    else if (info->draft_hash != DAIS_DRAFT_HASH)
        snprintf(ret_text, LINT_TEXT_BYTES,
                 "was built against other draft headers (%016llx; this host has %016llx): build it "
                 "again, by dais_add_plugin of this host's sources (cmake/DaisPlugin.cmake)",
                 (unsigned long long)info->draft_hash, (unsigned long long)DAIS_DRAFT_HASH);
    else
        return false;
    return true;
}

bool lint_first(const struct elf_info *info, char ret_text[LINT_TEXT_BYTES])
{
    for (uint32_t i = 0; i <= PROPERTIES; i++)
        if (find_form(info, i, ret_text))
            return true;
    return false;
}

static uint32_t lint_bytes(const char *path, struct dais_str bytes, struct strbuf *out)
{
    char text[LINT_TEXT_BYTES];
    struct elf_info info;
    const char *problem;
    uint32_t count = 0;
    if (elf_read(bytes, &info, &problem) != DAIS_OK) {
        strbuf_addf(out, "%s: %s\n", path, problem);
        return 1;
    }
    for (uint32_t i = 0; i <= PROPERTIES; i++) {
        if (!find_form(&info, i, text))
            continue;
        strbuf_addf(out, "%s: %s\n", path, text);
        count++;
    }
    if (find_descriptor(&info, text)) {
        strbuf_addf(out, "%s: %s\n", path, text);
        count++;
    }
    return count;
}

int32_t lint_file(const char *path, struct strbuf *out, uint32_t *ret_count)
{
    struct dais_str bytes;
    if (files_read(path, PLUGIN_FILE_BYTES_MAX, &bytes) != DAIS_OK) {
        strbuf_addf(out, "%s: cannot be read: %s\n", path, strerror(errno));
        *ret_count = 1;
        return strbuf_error(out);
    }
    *ret_count = lint_bytes(path, bytes, out);
    mem_free((void *)(uintptr_t)bytes.ptr);
    return strbuf_error(out);
}
