/* SPDX-License-Identifier: MIT */
#include "base/str.h"
#include "net/http_inner.h"

static int32_t read_path(struct dais_req *req)
{
    const struct http_route *route = req->match.route;
    const struct dais_shape *shape = route->row->path_shape;
    struct shape_pair pairs[HTTP_PARAMS_MAX];
    if (!shape)
        return DAIS_OK;
    for (uint32_t i = 0; i < route->param_count; i++)
        pairs[i] = (struct shape_pair){route->params[i], req->match.params[i]};
    void *read = arena_alloc(&req->arena, shape->struct_bytes);
    req->input.path = read;
    return read ? shape_read_pairs(shape, (struct shape_pairs){pairs, route->param_count},
                                   &req->arena, read, &req->problem)
                : DAIS_E_MEMORY;
}

static int32_t read_query(struct dais_req *req)
{
    const struct dais_shape *shape = req->match.route->row->query_shape;
    if (!shape)
        return DAIS_OK;
    void *read = arena_alloc(&req->arena, shape->struct_bytes);
    req->input.query = read;
    return read ? shape_read_query(shape, req->uri.query, &req->arena, read, &req->problem)
                : DAIS_E_MEMORY;
}

/* "application/json", in whatever case, with or without parameters. */
static bool is_json(struct dais_str type)
{
    struct dais_str rest = type;
    struct dais_str media;
    return str_split(&rest, ';', &media) && str_eqz_nocase(str_trim(media), "application/json");
}

static int32_t fail_media_type(struct dais_req *req)
{
    static const char detail[] = "the Content-Type must be application/json";
    memcpy(req->problem.detail, detail, sizeof detail);
    req->problem.field[0] = '\0';
    return DAIS_E_MEDIA_TYPE;
}

/* A missing body is an empty object, so that a body of optional fields may be left out. */
static int32_t read_body(struct dais_req *req)
{
    const struct dais_shape *shape = req->match.route->row->body_shape;
    struct dais_str body = dais_str(req->h2o->entity.base, req->h2o->entity.len);
    if (!shape)
        return DAIS_OK;
    if (body.len > 0 && !is_json(req->head.content_type))
        return fail_media_type(req);
    void *read = arena_alloc(&req->arena, shape->struct_bytes);
    req->input.body = read;
    if (!read)
        return DAIS_E_MEMORY;
    return shape_read_text(shape, body.len > 0 ? body : dais_str("{}", 2), &req->arena, read,
                           &req->problem);
}

void http_input_read(struct dais_req *req)
{
    req->bad_path = read_path(req);
    if (req->bad_path != DAIS_OK)
        return;
    req->bad_input = read_query(req);
    if (req->bad_input == DAIS_OK)
        req->bad_input = read_body(req);
}
