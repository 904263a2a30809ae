/* SPDX-License-Identifier: MIT */
#include "net/http_router.h"

#include "base/str.h"

#define ROUTE_BYTES_MAX 256u

/** A segment of the tree. Children stand in the order of registration; there are few. */
struct http_node {
    struct dais_str segment; /* absent for the root, parameters and rests */
    struct http_node *next;  /* sibling */
    struct http_node *children;
    struct http_node *param; /* ":id" */
    struct http_node *rest;  /* ":path*" */
    const char *allow;
    struct http_route *routes[HTTP_ROUTED_METHODS];
};

static const char *const method_names[] = {"GET",    "POST", "PUT",    "PATCH",
                                           "DELETE", "HEAD", "OPTIONS"};

enum http_method http_method_of(struct dais_str name)
{
    for (uint32_t i = 0; i < HTTP_METHOD_OTHER; i++)
        if (str_eqz(name, method_names[i]))
            return (enum http_method)i;
    return HTTP_METHOD_OTHER;
}

static struct http_node *child_of(const struct http_node *node, struct dais_str segment)
{
    for (struct http_node *child = node->children; child; child = child->next)
        if (dais_str_eq(child->segment, segment))
            return child;
    return NULL;
}

static struct http_node **slot_for(struct http_node *node, struct dais_str segment)
{
    if (segment.len > 0 && segment.ptr[0] == ':')
        return segment.ptr[segment.len - 1] == '*' ? &node->rest : &node->param;
    struct http_node **slot = &node->children;
    while (*slot && !dais_str_eq((*slot)->segment, segment))
        slot = &(*slot)->next;
    return slot;
}

static struct http_node *enter(struct http_router *router, struct http_node *node,
                               struct dais_str segment)
{
    struct http_node **slot = slot_for(node, segment);
    if (*slot)
        return *slot;
    *slot = arena_alloc(router->arena, sizeof **slot);
    if (*slot && segment.ptr[0] != ':')
        (*slot)->segment = segment;
    return *slot;
}

/* Notes the name of a parameter: ":id" → "id", ":path*" → "path". */
static int32_t note_param(struct http_route *route, struct dais_str segment, bool last,
                          const char **ret_detail)
{
    bool rest = segment.ptr[segment.len - 1] == '*';
    struct dais_str name = dais_str(segment.ptr + 1, segment.len - 1 - (rest ? 1 : 0));
    if (name.len == 0)
        *ret_detail = "has a parameter without a name";
    else if (rest && !last)
        *ret_detail = "has a rest that is not its last segment";
    else if (route->param_count == HTTP_PARAMS_MAX)
        *ret_detail = "has too many parameters";
    else
        route->params[route->param_count++] = name;
    return *ret_detail ? DAIS_E_INVALID : DAIS_OK;
}

/* Walks or makes the nodes of the route's path. */
static int32_t plant(struct http_router *router, struct http_route *route,
                     struct http_node **ret_node, const char **ret_detail)
{
    struct http_node *node = router->root;
    struct dais_str rest = dais_cstr(route->row->path + 1);
    struct dais_str segment;
    uint32_t count = 0;
    while (node && str_split(&rest, '/', &segment)) {
        int32_t code = DAIS_OK;
        if (++count > HTTP_SEGMENTS_MAX) {
            *ret_detail = "has too many segments";
            return DAIS_E_INVALID;
        }
        if (segment.len > 0 && segment.ptr[0] == ':')
            code = note_param(route, segment, !rest.ptr, ret_detail);
        if (code != DAIS_OK)
            return code;
        node = enter(router, node, segment);
    }
    *ret_node = node;
    return node ? DAIS_OK : DAIS_E_MEMORY;
}

static int32_t renew_allow(struct http_router *router, struct http_node *node)
{
    struct strbuf text;
    strbuf_init_in(&text, router->arena, ROUTE_BYTES_MAX);
    for (uint32_t i = 0; i < HTTP_ROUTED_METHODS; i++) {
        if (node->routes[i])
            strbuf_addf(&text, "%s, ", method_names[i]);
        if (node->routes[i] && i == HTTP_GET)
            strbuf_addz(&text, "HEAD, ");
    }
    strbuf_addz(&text, "OPTIONS");
    node->allow = strbuf_cstr(&text);
    return strbuf_error(&text);
}

int32_t http_router_check(const struct dais_route *row, const char **ret_detail)
{
    enum http_method method = http_method_of(dais_cstr(row->method));
    *ret_detail = NULL;
    bool rolled = row->access == DAIS_ACCESS_ROLE || row->access == DAIS_ACCESS_OWNER;
    if ((uint32_t)method >= HTTP_ROUTED_METHODS)
        *ret_detail = "has a method that is not GET, POST, PUT, PATCH or DELETE";
    else if (!row->path || row->path[0] != '/' || strlen(row->path) > ROUTE_BYTES_MAX)
        *ret_detail = "has a path that does not begin with '/' or is too long";
    else if (row->access < DAIS_ACCESS_PUBLIC || row->access > DAIS_ACCESS_OWNER)
        *ret_detail = "does not say who may call it";
    else if (row->access == DAIS_ACCESS_OWNER && !row->owner)
        *ret_detail = "is for the owner and has no statement that finds it";
    else if (row->access == DAIS_ACCESS_ROLE && row->roles == 0)
        *ret_detail = "is for roles and names none";
    else if (row->roles != 0 && !rolled)
        *ret_detail = "names roles that its access does not use";
    else if (!row->handler)
        *ret_detail = "has no handler";
    return *ret_detail ? DAIS_E_INVALID : DAIS_OK;
}

static void append(struct http_router *router, struct http_route *route)
{
    if (router->last)
        router->last->next = route;
    else
        router->first = route;
    router->last = route;
    route->number = ++router->count;
}

int32_t http_router_add(struct http_router *router, const struct dais_route *row,
                        struct http_owner *owner, const char **ret_detail)
{
    enum http_method method = http_method_of(dais_cstr(row->method));
    struct http_node *node = NULL;
    int32_t code = http_router_check(row, ret_detail);
    if (code != DAIS_OK)
        return code;
    struct http_route *route = arena_alloc(router->arena, sizeof *route);
    if (!router->root)
        router->root = arena_alloc(router->arena, sizeof *router->root);
    *ret_detail = NULL;
    if (!route || !router->root)
        return DAIS_E_MEMORY;
    route->row = row;
    route->owner = owner;
    route->rate_class = row->rate_class ? row->rate_class : method == HTTP_GET ? "read" : "write";
    code = plant(router, route, &node, ret_detail);
    if (code != DAIS_OK)
        return code;
    if (row->access == DAIS_ACCESS_OWNER && route->param_count == 0) {
        *ret_detail = "is for the owner and has no path parameter";
        return DAIS_E_INVALID;
    }
    if (node->routes[method]) {
        *ret_detail = "is registered already";
        return DAIS_E_CONFLICT;
    }
    node->routes[method] = route;
    append(router, route);
    return renew_allow(router, node);
}

/** One search; what it found so far. */
struct search {
    enum http_method method; /* HEAD looks like GET */
    struct http_match *match;
    const char *allow; /* of the best node without this method */
};

static int accept(struct search *search, const struct http_node *node)
{
    if (!node->allow)
        return 0;
    const struct http_route *route = (uint32_t)search->method < HTTP_ROUTED_METHODS
                                         ? node->routes[search->method]
                                         : NULL;
    if (!route) {
        search->allow = search->allow ? search->allow : node->allow;
        return 0;
    }
    search->match->route = route;
    search->match->allow = node->allow;
    return 1;
}

/* `path` begins behind a slash; depth and parameters are bounded by the tree. */
static int descend(struct search *search, const struct http_node *node, struct dais_str path,
                   uint32_t params)
{
    const char *slash = path.len ? memchr(path.ptr, '/', path.len) : NULL;
    struct dais_str segment = path;
    struct dais_str rest = {NULL, 0};
    if (slash) {
        segment.len = (uint64_t)(slash - path.ptr);
        rest = dais_str(slash + 1, path.len - segment.len - 1);
    }

    const struct http_node *child = child_of(node, segment);
    if (child && (slash ? descend(search, child, rest, params) : accept(search, child)))
        return 1;
    child = segment.len > 0 ? node->param : NULL;
    if (child && (slash ? descend(search, child, rest, params + 1) : accept(search, child))) {
        search->match->params[params] = segment;
        return 1;
    }
    if (!node->rest || path.len == 0 || !accept(search, node->rest))
        return 0;
    search->match->params[params] = path;
    return 1;
}

int32_t http_router_find(const struct http_router *router, enum http_method method,
                         struct dais_str path, struct http_match *ret_match)
{
    struct search search = {method == HTTP_HEAD ? HTTP_GET : method, ret_match, NULL};
    ret_match->route = NULL;
    ret_match->allow = NULL;
    if (router->root && path.len > 0 && path.ptr[0] == '/' &&
        descend(&search, router->root, dais_str(path.ptr + 1, path.len - 1), 0))
        return DAIS_OK;
    ret_match->allow = search.allow;
    return search.allow ? DAIS_E_METHOD : DAIS_E_NOT_FOUND;
}
