/* SPDX-License-Identifier: MIT */
#include "api.h"
#include "auth.h"
#include "password.h"
#include "store.h"

struct user_add_input {
    uint64_t present;
    struct dais_str email;
    struct dais_str role;
    struct dais_str name;
    struct dais_str password;
};

static const char *const ROLES[] = {"admin", "moderator", "speaker", "attendee", NULL};

static const struct dais_field USER_ADD_FIELDS[] = {
    DAIS_FIELD(struct user_add_input, email, DAIS_KIND_EMAIL, DAIS_FIELD_REQUIRED, 3, 254,
               "address of the account"),
    DAIS_FIELD_ENUM("role", struct user_add_input, role, 0, ROLES, "attendee",
                    "admin, moderator, speaker or attendee"),
    DAIS_FIELD(struct user_add_input, name, DAIS_KIND_STRING, 0, 1, 80, "name for display"),
    {"password", DAIS_KIND_STRING, DAIS_FIELD_REQUIRED | DAIS_FIELD_SECRET,
     (uint32_t)offsetof(struct user_add_input, password), 0, 8, 200, NULL, "DAIS_PASSWORD", NULL,
     NULL, "8 to 200 characters"},
    DAIS_FIELD_END,
};
const struct dais_shape verbs_user_add_shape = DAIS_SHAPE("UserAdd", struct user_add_input,
                                                          USER_ADD_FIELDS);

int32_t verbs_user_add(struct dais_cli *cli, const void *input)
{
    const struct user_add_input *in = input;
    char hash[PASSWORD_HASH_BYTES];
    int32_t error = password_hash(in->password, hash);
    if (error)
        return dais_cli_verbs->fail(cli, error, "the password could not be hashed");
    const struct store_new_user new_user = {
        .email = in->email,
        .name = in->name.ptr ? in->name : auth_default_name(in->email),
        .role = in->role,
        .hash = dais_cstr(hash),
    };
    struct store_user user;
    error = store_user_add(&new_user, &user);
    if (error == DAIS_E_CONFLICT)
        return dais_cli_verbs->fail(cli, error, "this address has an account already");
    if (error)
        return dais_cli_verbs->fail(cli, error, "the database is not available");
    error = dais_cli_verbs->print(cli, user.id);
    return error ? error : dais_cli_verbs->print(cli, dais_cstr("\n"));
}
