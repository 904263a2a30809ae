/* SPDX-License-Identifier: MIT */
#include "verbs.h"

#include <stdio.h>

#include "account.h"
#include "identity.h"
#include "password.h"

#define LIST_MAX 1000

struct add_input {
    uint64_t present;
    struct dais_str email;
    struct dais_str role;
    struct dais_str name;
    struct dais_str password;
};

struct list_input {
    uint64_t present;
    struct dais_str q;
    struct dais_str role;
    int64_t limit;
};

struct role_input {
    uint64_t present;
    struct dais_str email;
    struct dais_str role;
};

struct password_input {
    uint64_t present;
    struct dais_str email;
    struct dais_str password;
};

struct disable_input {
    uint64_t present;
    struct dais_str email;
    uint8_t undo;
};

static const char *const ROLES[] = {"admin", "moderator", "speaker", "attendee", NULL};

#define EMAIL_FIELD(struct_type)                                                                   \
    DAIS_FIELD(struct_type, email, DAIS_KIND_EMAIL, DAIS_FIELD_REQUIRED, 3, 254,                   \
               "address of the account")
#define PASSWORD_FIELD(struct_type)                                                                \
    {                                                                                              \
        "password", DAIS_KIND_STRING, DAIS_FIELD_REQUIRED | DAIS_FIELD_SECRET,                     \
            (uint32_t)offsetof(struct_type, password), 0, 8, 200, NULL, "DAIS_PASSWORD", NULL,     \
            NULL, "8 to 200 characters"                                                            \
    }

static const struct dais_field ADD_FIELDS[] = {
    EMAIL_FIELD(struct add_input),
    DAIS_FIELD_ENUM("role", struct add_input, role, 0, ROLES, "attendee",
                    "admin, moderator, speaker or attendee"),
    DAIS_FIELD(struct add_input, name, DAIS_KIND_STRING, 0, 1, 80, "name for display"),
    PASSWORD_FIELD(struct add_input),
    DAIS_FIELD_END,
};
static const struct dais_shape ADD = DAIS_SHAPE("UserAdd", struct add_input, ADD_FIELDS);
static const struct dais_field LIST_FIELDS[] = {
    DAIS_FIELD(struct list_input, q, DAIS_KIND_STRING, 0, 1, 254,
               "what the address or the name begins with"),
    DAIS_FIELD_ENUM("role", struct list_input, role, 0, ROLES, NULL, "only with this role"),
    {"limit", DAIS_KIND_INT, 0, (uint32_t)offsetof(struct list_input, limit), 0, 1, LIST_MAX, "100",
     NULL, NULL, NULL, "accounts, at most"},
    DAIS_FIELD_END,
};
static const struct dais_shape LIST = DAIS_SHAPE("UserListInput", struct list_input, LIST_FIELDS);
static const struct dais_field ROLE_FIELDS[] = {
    EMAIL_FIELD(struct role_input),
    DAIS_FIELD_ENUM("role", struct role_input, role, DAIS_FIELD_REQUIRED, ROLES, NULL,
                    "admin, moderator, speaker or attendee"),
    DAIS_FIELD_END,
};
static const struct dais_shape ROLE = DAIS_SHAPE("UserRoleInput", struct role_input, ROLE_FIELDS);
static const struct dais_field PASSWORD_FIELDS[] = {
    EMAIL_FIELD(struct password_input),
    PASSWORD_FIELD(struct password_input),
    DAIS_FIELD_END,
};
static const struct dais_shape PASSWORD = DAIS_SHAPE("UserPassword", struct password_input,
                                                     PASSWORD_FIELDS);
static const struct dais_field DISABLE_FIELDS[] = {
    EMAIL_FIELD(struct disable_input),
    DAIS_FIELD(struct disable_input, undo, DAIS_KIND_BOOL, 0, 0, 0, "let it in again"),
    DAIS_FIELD_END,
};
static const struct dais_shape DISABLE = DAIS_SHAPE("UserDisable", struct disable_input,
                                                    DISABLE_FIELDS);

/** Says in words what went wrong. */
static int32_t fail(struct dais_cli *cli, int32_t error)
{
    const char *message = "the database is not available";
    if (error == DAIS_E_NOT_FOUND)
        message = "there is no account of this address";
    else if (error == DAIS_E_CONFLICT)
        message = "this is the last administrator; make another one first";
    else if (error == DAIS_E_LIMIT)
        message = "too many passwords wait to be hashed; try again";
    return dais_cli_verbs->fail(cli, error, message);
}

static int32_t print_line(struct dais_cli *cli, struct dais_str text)
{
    int32_t error = dais_cli_verbs->print(cli, text);
    return error ? error : dais_cli_verbs->print(cli, dais_cstr("\n"));
}

static int32_t add(struct dais_cli *cli, const void *input)
{
    const struct add_input *in = input;
    const struct account_new account = {
        .email = in->email,
        .name = in->name,
        .role = in->role,
        .password = in->password,
        .is_vouched = 1,
    };
    struct store_user user;
    int32_t error = account_create(&account, &user);
    if (error == DAIS_E_CONFLICT)
        return dais_cli_verbs->fail(cli, error, "this address has an account already");
    return error ? fail(cli, error) : print_line(cli, user.id);
}

static int32_t print_user(struct dais_cli *cli, const struct store_user *user)
{
    char line[512];
    int len = snprintf(line, sizeof line, "%.*s %-9.*s %-8s %.*s", (int)user->id.len, user->id.ptr,
                       (int)user->role.len, user->role.ptr, user->disabled ? "disabled" : "active",
                       (int)user->email.len, user->email.ptr);
    uint64_t bytes = len > 0 && (size_t)len < sizeof line ? (uint64_t)len : 0;
    return print_line(cli, dais_str(line, bytes));
}

static int32_t list(struct dais_cli *cli, const void *input)
{
    const struct list_input *in = input;
    const struct store_user_filter filter = {.q = in->q, .role = in->role, .limit = in->limit};
    struct store_user_page page;
    int32_t error = store_users_list(&filter, &page);
    if (error)
        return fail(cli, error);
    for (uint32_t i = 0; i < page.count && !error; i++)
        error = print_user(cli, &page.users[i]);
    return error;
}

static int32_t role(struct dais_cli *cli, const void *input)
{
    const struct role_input *in = input;
    struct store_user user;
    int32_t error = store_user_by_email(in->email, &user);
    if (!error)
        error = account_set_role(user.id, in->role);
    return error ? fail(cli, error) : DAIS_OK;
}

static int32_t password(struct dais_cli *cli, const void *input)
{
    const struct password_input *in = input;
    char hash[PASSWORD_HASH_BYTES];
    struct store_user user;
    int32_t error = store_user_by_email(in->email, &user);
    if (!error)
        error = password_hash(in->password, hash);
    if (error)
        return fail(cli, error);
    const struct account_password change = {dais_cstr(hash), dais_str(NULL, 0)};
    error = account_change_password(user.id, &change);
    return error ? fail(cli, error) : DAIS_OK;
}

static int32_t disable(struct dais_cli *cli, const void *input)
{
    const struct disable_input *in = input;
    struct store_user user;
    int32_t error = store_user_by_email(in->email, &user);
    if (!error)
        error = account_set_disabled(user.id, !in->undo);
    return error ? fail(cli, error) : DAIS_OK;
}

const struct dais_verb verbs_table[] = {
    {"user add", "make an account", &ADD, add},
    {"user list", "show accounts", &LIST, list},
    {"user role", "give an account another role", &ROLE, role},
    {"user password", "set a password; all login sessions of the account end", &PASSWORD, password},
    {"user disable", "shut an account out, or with --undo let it in again", &DISABLE, disable},
    {NULL, NULL, NULL, NULL},
};
