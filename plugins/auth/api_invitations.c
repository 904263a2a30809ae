/* SPDX-License-Identifier: MIT */
/* Invitations to make an account. */
#include "api.h"
#include "auth.h"
#include "secret.h"
#include "store_invitations.h"

#define DAY_S 86400
#define LIFE_DAYS_MAX 365
#define USES_MAX 10000
/** Invitations altogether, until they are removed or a month over. */
#define INVITATIONS_MAX 100000

struct invite_body {
    uint64_t present;
    struct dais_str role;
    struct dais_str email;
    int64_t uses;
    int64_t expires_in_days;
};

struct invitation_answer {
    struct store_invitation invitation;
    struct dais_str code;
};

struct invitations_answer {
    struct dais_list invitations;
    struct dais_str next;
};

static const char *const ROLES[] = {"admin", "moderator", "speaker", "attendee", NULL};

static const struct dais_field BODY_FIELDS[] = {
    DAIS_FIELD_ENUM("role", struct invite_body, role, 0, ROLES, "attendee",
                    "role of the accounts; none above one's own"),
    DAIS_FIELD(struct invite_body, email, DAIS_KIND_EMAIL, 0, 3, 254,
               "only for this address; without it for anybody who has the code"),
    {"uses", DAIS_KIND_INT, 0, (uint32_t)offsetof(struct invite_body, uses), 0, 1, USES_MAX, "1",
     NULL, NULL, NULL, "accounts that it opens"},
    {"expiresInDays", DAIS_KIND_INT, 0, (uint32_t)offsetof(struct invite_body, expires_in_days), 0,
     1, LIFE_DAYS_MAX, "14", NULL, NULL, NULL, "its life in days"},
    DAIS_FIELD_END,
};
static const struct dais_shape BODY = DAIS_SHAPE("InvitationCreate", struct invite_body,
                                                 BODY_FIELDS);
static const struct dais_field INVITATION_FIELDS[] = {
    DAIS_FIELD_NAMED("id", struct invitation_answer, invitation.id, DAIS_KIND_UUID,
                     DAIS_FIELD_REQUIRED, 36, 36, "the invitation"),
    DAIS_FIELD_NAMED("role", struct invitation_answer, invitation.role, DAIS_KIND_STRING,
                     DAIS_FIELD_REQUIRED, 1, 20, "role of the accounts"),
    DAIS_FIELD_NAMED("email", struct invitation_answer, invitation.email, DAIS_KIND_EMAIL,
                     DAIS_FIELD_NULLABLE, 3, 254, "the address that it is for"),
    DAIS_FIELD_NAMED("uses", struct invitation_answer, invitation.uses, DAIS_KIND_INT,
                     DAIS_FIELD_REQUIRED, 0, USES_MAX, "accounts that it has opened"),
    DAIS_FIELD_NAMED("usesMax", struct invitation_answer, invitation.uses_max, DAIS_KIND_INT,
                     DAIS_FIELD_REQUIRED, 1, USES_MAX, "accounts that it opens"),
    DAIS_FIELD_NAMED("code", struct invitation_answer, code, DAIS_KIND_STRING, DAIS_FIELD_SECRET, 1,
                     63, "the code itself, this once"),
    DAIS_FIELD_NAMED("createdBy", struct invitation_answer, invitation.created_by, DAIS_KIND_UUID,
                     DAIS_FIELD_NULLABLE, 36, 36, "who invites"),
    DAIS_FIELD_NAMED("createdAt", struct invitation_answer, invitation.created_at, DAIS_KIND_TIME,
                     DAIS_FIELD_REQUIRED, 0, 40, "when it was made"),
    DAIS_FIELD_NAMED("expiresAt", struct invitation_answer, invitation.expires_at, DAIS_KIND_TIME,
                     DAIS_FIELD_REQUIRED, 0, 40, "when it ends"),
    DAIS_FIELD_END,
};
static const struct dais_shape INVITATION = DAIS_SHAPE("Invitation", struct invitation_answer,
                                                       INVITATION_FIELDS);
static const struct dais_field INVITATIONS_FIELDS[] = {
    DAIS_FIELD_NESTED("invitations", struct invitations_answer, invitations, DAIS_KIND_LIST,
                      DAIS_FIELD_REQUIRED, API_PAGE_MAX, &INVITATION, "newest first"),
    API_NEXT_FIELD(struct invitations_answer),
    DAIS_FIELD_END,
};
static const struct dais_shape INVITATIONS = DAIS_SHAPE("InvitationList", struct invitations_answer,
                                                        INVITATIONS_FIELDS);

static int32_t store(struct dais_req *req, const struct invite_body *body,
                     struct invitation_answer *answer)
{
    char code[SECRET_TEXT_BYTES];
    uint8_t hash[SECRET_HASH_BYTES];
    secret_make(SECRET_INVITATION_PREFIX, code);
    secret_hash(dais_cstr(code), hash);
    const struct store_new_invitation invitation = {
        .hash = dais_str((const char *)hash, sizeof hash),
        .role = body->role,
        .email = body->email,
        .uses_max = body->uses,
        .life_s = body->expires_in_days * DAY_S,
        .created_by = api_caller(req),
    };
    int32_t error = store_invitation_add(&invitation, INVITATIONS_MAX, &answer->invitation);
    if (error)
        return error;
    answer->code = dais_mem->arena_dup(dais_http->arena(req), dais_cstr(code));
    return answer->code.ptr ? DAIS_OK : DAIS_E_MEMORY;
}

static int32_t create(struct dais_req *req, const struct dais_input *input)
{
    const struct invite_body *body = input->body;
    struct invitation_answer answer = {.code = {NULL, 0}};
    if (!auth_may_give(dais_http->identity(req)->roles, body->role))
        return dais_http->fail(req, DAIS_E_DENIED, "role", "nobody gives a role above his own");
    int32_t error = store(req, body, &answer);
    if (error == DAIS_E_LIMIT)
        return dais_http->fail(req, DAIS_E_CONFLICT, NULL, "there are too many invitations");
    return error ? error : dais_http->reply_fields(req, 201, &INVITATION, &answer);
}

static int32_t list(struct dais_req *req, const struct dais_input *input)
{
    const struct api_page *query = input->query;
    struct store_invitation_page page;
    struct invitations_answer answer;
    int64_t before = 0;
    if (api_page_number(query, &before))
        return api_bad_cursor(req);
    int32_t error = store_invitations(before, query->limit, &page);
    if (error)
        return error;
    const struct store_invitation *rows = page.invitations.items;
    struct invitation_answer *items = dais_mem->arena_alloc(
        dais_http->arena(req), (page.invitations.count + 1) * sizeof *items);
    if (!items)
        return DAIS_E_MEMORY;
    for (uint64_t i = 0; i < page.invitations.count; i++)
        items[i].invitation = rows[i];
    answer.invitations = (struct dais_list){items, page.invitations.count};
    error = api_next(page.invitations.count, query->limit, page.last_number, dais_cstr(""),
                     &answer.next);
    return error ? error : dais_http->reply_fields(req, 200, &INVITATIONS, &answer);
}

/** An administrator removes any, a moderator his own. */
static int32_t remove_invitation(struct dais_req *req, const struct dais_input *input)
{
    const struct api_id *path = input->path;
    int is_admin = (dais_http->identity(req)->roles & DAIS_ROLE_ADMIN) != 0;
    int32_t error = store_invitation_delete(path->id,
                                            is_admin ? dais_str(NULL, 0) : api_caller(req));
    return error ? error : api_nothing(req);
}

const struct dais_route api_invitations_routes[] = {
    {.method = "POST",
     .path = "/api/invitations",
     .access = DAIS_ACCESS_ROLE,
     .roles = DAIS_ROLE_ADMIN | DAIS_ROLE_MODERATOR,
     .rate_class = "write",
     .status = 201,
     .body_shape = &BODY,
     .answer_shape = &INVITATION,
     .handler = create,
     .summary = "Invite to make an account; the code is shown this once"},
    {.method = "GET",
     .path = "/api/invitations",
     .access = DAIS_ACCESS_ROLE,
     .roles = DAIS_ROLE_ADMIN | DAIS_ROLE_MODERATOR,
     .rate_class = "read",
     .status = 200,
     .query_shape = &api_page_shape,
     .answer_shape = &INVITATIONS,
     .handler = list,
     .summary = "Invitations and how often they were used"},
    {.method = "DELETE",
     .path = "/api/invitations/:id",
     .access = DAIS_ACCESS_ROLE,
     .roles = DAIS_ROLE_ADMIN | DAIS_ROLE_MODERATOR,
     .rate_class = "write",
     .status = 204,
     .path_shape = &api_id_shape,
     .handler = remove_invitation,
     .summary = "Take an invitation back; moderators their own"},
    {.method = NULL},
};
