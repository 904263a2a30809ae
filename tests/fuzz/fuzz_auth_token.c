/* SPDX-License-Identifier: MIT */
/* Tokens: what anybody makes up is refused, whatever it looks like. */
#include <stdlib.h>

#include "token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char key[] = "a key that the corpus was not signed with";
    struct token_claims claims;
    int32_t error = token_verify(dais_str(key, sizeof key - 1), dais_str((const char *)data, len),
                                 1700000000, &claims);
    if (error != DAIS_E_UNAUTHENTICATED)
        abort();
    return 0;
}
