/* SPDX-License-Identifier: MIT */
#pragma once
/* What other plugins may amend, refuse and hear of: dais/hooks.h tells how. */
#include "dais/hooks.h"

enum { OPERATIONS_CREATE, OPERATIONS_UPDATE, OPERATIONS_DELETE };

/** user.create, user.update and user.delete. */
extern const struct dais_operation operations_table[];

/** What travels with user.create. */
struct operations_user {
    uint64_t present;
    struct dais_str id; /**< absent before the account is made */
    struct dais_str email;
    struct dais_str name;
    struct dais_str role; /**< an invitation's is known afterwards */
};

/** What travels with user.update; what is not given stays as it is. */
struct operations_profile {
    uint64_t present;
    struct dais_str id;
    struct dais_str actor_id;
    struct dais_str name;
    struct dais_str bio;
    struct dais_str avatar_url;
};

/** What travels with user.delete. */
struct operations_gone {
    uint64_t present;
    struct dais_str id;
};
