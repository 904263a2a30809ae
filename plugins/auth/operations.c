/* SPDX-License-Identifier: MIT */
#include "operations.h"

#include "auth.h"

#define FIXED(struct_type, name, member, kind, high, text)                                         \
    DAIS_FIELD_NAMED(name, struct_type, member, kind, DAIS_FIELD_FIXED, 0, high, text)

static const struct dais_field CREATE_FIELDS[] = {
    FIXED(struct operations_user, "id", id, DAIS_KIND_UUID, 36, "the account"),
    FIXED(struct operations_user, "email", email, DAIS_KIND_EMAIL, 254, "its address"),
    DAIS_FIELD(struct operations_user, name, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1,
               AUTH_NAME_MAX, "name for display"),
    FIXED(struct operations_user, "role", role, DAIS_KIND_STRING, 20, "what it may do"),
    DAIS_FIELD_END,
};
static const struct dais_shape CREATE = DAIS_SHAPE("UserCreated", struct operations_user,
                                                   CREATE_FIELDS);

static const struct dais_field UPDATE_FIELDS[] = {
    FIXED(struct operations_profile, "id", id, DAIS_KIND_UUID, 36, "the account"),
    FIXED(struct operations_profile, "actorId", actor_id, DAIS_KIND_UUID, 36,
          "the account that acts"),
    DAIS_FIELD(struct operations_profile, name, DAIS_KIND_STRING, 0, 1, AUTH_NAME_MAX,
               "name for display"),
    DAIS_FIELD(struct operations_profile, bio, DAIS_KIND_STRING, 0, 0, AUTH_BIO_MAX,
               "what the owner says about himself"),
    FIXED(struct operations_profile, "avatarUrl", avatar_url, DAIS_KIND_STRING, AUTH_URL_MAX,
          "address of a picture, or empty"),
    DAIS_FIELD_END,
};
static const struct dais_shape UPDATE = DAIS_SHAPE("UserUpdated", struct operations_profile,
                                                   UPDATE_FIELDS);

static const struct dais_field DELETE_FIELDS[] = {
    FIXED(struct operations_gone, "id", id, DAIS_KIND_UUID, 36, "the account"),
    DAIS_FIELD_END,
};
static const struct dais_shape DELETE = DAIS_SHAPE("UserDeleted", struct operations_gone,
                                                   DELETE_FIELDS);

const struct dais_operation operations_table[] = {
    [OPERATIONS_CREATE] = {"user.create", &CREATE, "id",
                           "An account is made, by its owner or by an administrator"},
    [OPERATIONS_UPDATE] = {"user.update", &UPDATE, "id", "What a profile shows changes"},
    [OPERATIONS_DELETE] = {"user.delete", &DELETE, "id",
                           "An account is removed; who keeps things of it removes them too"},
    {NULL, NULL, NULL, NULL},
};
