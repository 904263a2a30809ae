/* SPDX-License-Identifier: MIT */
#include "template.h"

int template_is_word(struct dais_str text)
{
    for (uint64_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] <= ' ' || text.ptr[i] == 0x7F)
            return 0;
    }
    return text.len > 0;
}
