/* SPDX-License-Identifier: MIT */
/* Following and blocking. */
#include "api.h"
#include "store_follows.h"

struct contacts_answer {
    struct dais_list users;
    struct dais_str next;
};

static const struct dais_field CONTACT_FIELDS[] = {
    DAIS_FIELD(struct store_contact, id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36,
               "the account"),
    DAIS_FIELD(struct store_contact, uid, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 1, 4294967295,
               "the same as a number"),
    DAIS_FIELD(struct store_contact, name, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 80,
               "name for display"),
    DAIS_FIELD_NAMED("avatarUrl", struct store_contact, avatar_url, DAIS_KIND_STRING,
                     DAIS_FIELD_REQUIRED, 0, 2048, "picture; empty without one"),
    DAIS_FIELD(struct store_contact, since, DAIS_KIND_TIME, DAIS_FIELD_REQUIRED, 0, 40,
               "since when"),
    DAIS_FIELD_END,
};
static const struct dais_shape CONTACT = DAIS_SHAPE("Contact", struct store_contact,
                                                    CONTACT_FIELDS);
static const struct dais_field CONTACTS_FIELDS[] = {
    DAIS_FIELD_NESTED("users", struct contacts_answer, users, DAIS_KIND_LIST, DAIS_FIELD_REQUIRED,
                      API_PAGE_MAX, &CONTACT, "newest first"),
    API_NEXT_FIELD(struct contacts_answer),
    DAIS_FIELD_END,
};
static const struct dais_shape CONTACTS = DAIS_SHAPE("ContactList", struct contacts_answer,
                                                     CONTACTS_FIELDS);

/** What one account does to another. */
typedef int32_t (*deed_fn)(struct dais_str one, struct dais_str other);

static int32_t towards(struct dais_req *req, const struct dais_input *input, deed_fn deed)
{
    const struct api_id *path = input->path;
    if (dais_str_eq(path->id, api_caller(req)))
        return dais_http->fail(req, DAIS_E_INVALID, "id", "must be another account than one's own");
    int32_t error = deed(api_caller(req), path->id);
    if (error == DAIS_E_DENIED)
        return dais_http->fail(req, error, NULL, "one of the two has blocked the other");
    return error ? error : api_nothing(req);
}

static int32_t follow(struct dais_req *req, const struct dais_input *input)
{
    return towards(req, input, store_follow);
}

static int32_t unfollow(struct dais_req *req, const struct dais_input *input)
{
    return towards(req, input, store_unfollow);
}

static int32_t block(struct dais_req *req, const struct dais_input *input)
{
    return towards(req, input, store_block);
}

static int32_t unblock(struct dais_req *req, const struct dais_input *input)
{
    return towards(req, input, store_unblock);
}

static int32_t reply_contacts(struct dais_req *req, const struct dais_input *input,
                              enum store_follows_list list, struct dais_str user_id)
{
    const struct api_page *query = input->query;
    struct store_contact_page page;
    struct contacts_answer answer;
    int64_t before = 0;
    if (api_page_number(query, &before))
        return api_bad_cursor(req);
    int32_t error = store_contacts(list, user_id, before, query->limit, &page);
    if (error)
        return error;
    answer.users = page.contacts;
    error = api_next(page.contacts.count, query->limit, page.last_number, dais_cstr(""),
                     &answer.next);
    return error ? error : dais_http->reply_fields(req, 200, &CONTACTS, &answer);
}

static int32_t followers(struct dais_req *req, const struct dais_input *input)
{
    const struct api_id *path = input->path;
    return reply_contacts(req, input, STORE_FOLLOWERS, path->id);
}

static int32_t following(struct dais_req *req, const struct dais_input *input)
{
    const struct api_id *path = input->path;
    return reply_contacts(req, input, STORE_FOLLOWING, path->id);
}

static int32_t blocks(struct dais_req *req, const struct dais_input *input)
{
    return reply_contacts(req, input, STORE_BLOCKS, api_caller(req));
}

const struct dais_route api_follows_routes[] = {
    {.method = "POST",
     .path = "/api/users/:id/follow",
     .access = DAIS_ACCESS_USER,
     .rate_class = "write",
     .status = 204,
     .path_shape = &api_id_shape,
     .handler = follow,
     .summary = "Follow an account; again is no error"},
    {.method = "DELETE",
     .path = "/api/users/:id/follow",
     .access = DAIS_ACCESS_USER,
     .rate_class = "write",
     .status = 204,
     .path_shape = &api_id_shape,
     .handler = unfollow,
     .summary = "Follow it no more"},
    {.method = "GET",
     .path = "/api/users/:id/followers",
     .access = DAIS_ACCESS_PUBLIC,
     .rate_class = "read",
     .status = 200,
     .path_shape = &api_id_shape,
     .query_shape = &api_page_shape,
     .answer_shape = &CONTACTS,
     .handler = followers,
     .summary = "Who follows an account"},
    {.method = "GET",
     .path = "/api/users/:id/following",
     .access = DAIS_ACCESS_PUBLIC,
     .rate_class = "read",
     .status = 200,
     .path_shape = &api_id_shape,
     .query_shape = &api_page_shape,
     .answer_shape = &CONTACTS,
     .handler = following,
     .summary = "Whom an account follows"},
    {.method = "POST",
     .path = "/api/users/:id/block",
     .access = DAIS_ACCESS_USER,
     .rate_class = "write",
     .status = 204,
     .path_shape = &api_id_shape,
     .handler = block,
     .summary = "Block an account; neither follows the other any more"},
    {.method = "DELETE",
     .path = "/api/users/:id/block",
     .access = DAIS_ACCESS_USER,
     .rate_class = "write",
     .status = 204,
     .path_shape = &api_id_shape,
     .handler = unblock,
     .summary = "Block it no more"},
    {.method = "GET",
     .path = "/api/users/me/blocks",
     .access = DAIS_ACCESS_USER,
     .rate_class = "read",
     .status = 200,
     .query_shape = &api_page_shape,
     .answer_shape = &CONTACTS,
     .handler = blocks,
     .summary = "Whom the caller has blocked"},
    {.method = NULL},
};
