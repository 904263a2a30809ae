/* SPDX-License-Identifier: MIT */
/* dais.hooks/1: all of it is the host's. */
#include "host/abi.h"
#include "host/operations.h"

const struct dais_hooks_v1 abi_hooks = {
    .operations = operations_declare,
    .attach = operations_attach,
    .attached = operations_attached,
    .before = operations_before,
    .after = operations_after,
    .veto = operations_veto,
    .refusal = operations_refusal,
};
