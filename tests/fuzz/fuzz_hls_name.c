/* SPDX-License-Identifier: MIT */
/* Names of files: whatever is accepted is written the same way again. */
#include <stdlib.h>
#include <string.h>

#include "names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct names_file file;
    char name[NAMES_CHARS];
    if (names_parse(dais_str((const char *)data, len), &file) != DAIS_OK) {
        return 0;
    }
    names_write(&file, name);
    if (strlen(name) != len || memcmp(name, data, len) != 0) {
        abort();
    }
    return 0;
}
