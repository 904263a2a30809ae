/* SPDX-License-Identifier: MIT */
/* Any bytes as a plugin's file: nothing outside of them is read. */
#include "base/check.h"
#include "host/elf.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elf_info info;
    const char *problem = NULL;
    int32_t error = elf_read(dais_str((const char *)data, size), &info, &problem);
    CHECK((error != DAIS_OK) == (problem != NULL));
    if (!error) {
        CHECK(info.build_id_bytes <= ELF_BUILD_ID_BYTES_MAX);
        CHECK(info.foreign_export <= info.export_count);
        CHECK(!info.foreign_export || strlen(info.export_name) < ELF_SYMBOL_BYTES_MAX);
    }
    return 0;
}
