/* SPDX-License-Identifier: MIT */
#include "host/openapi.h"

#include "base/json_write.h"
#include "base/shape.h"
#include "host/roles.h"
#include "host/state.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define SCHEMA_BYTES_MAX (1u << 20)
#define ROUTES_MAX 4096u

/** The routes that are still to be written. */
struct document {
    struct json_writer json;
    struct dais_arena *arena;
    const struct http_route_info **routes;
    uint32_t count;
    uint32_t limit;
    int32_t error;
};

static void add_text(struct json_writer *json, const char *key, const char *text)
{
    json_key(json, key);
    json_add_stringz(json, text);
}

static void count_route(const struct http_route_info *info, void *context)
{
    struct document *document = context;
    (void)info;
    document->limit++;
}

static void take_route(const struct http_route_info *info, void *context)
{
    struct document *document = context;
    struct http_route_info *copy = arena_alloc(document->arena, sizeof *copy);
    if (!copy || document->count == document->limit) {
        document->error = DAIS_E_MEMORY;
        return;
    }
    *copy = *info;
    document->routes[document->count++] = copy;
}

static void add_schema(struct document *document, const char *key, const struct dais_shape *shape)
{
    struct strbuf out;
    strbuf_init_in(&out, document->arena, SCHEMA_BYTES_MAX);
    int32_t error = shape_schema(shape, &out);
    document->error = error ? error : document->error;
    json_key(&document->json, key);
    json_add_raw(&document->json, error ? dais_cstr("{}") : strbuf_view(&out));
}

static void add_content(struct document *document, const struct dais_shape *shape)
{
    struct json_writer *json = &document->json;
    json_key(json, "content");
    json_open_object(json);
    json_key(json, "application/json");
    json_open_object(json);
    add_schema(document, "schema", shape);
    json_close_object(json);
    json_close_object(json);
}

static void add_parameter(struct document *document, const struct dais_field *field,
                          const char *place)
{
    struct json_writer *json = &document->json;
    struct strbuf out;
    int in_path = strcmp(place, "path") == 0;
    strbuf_init_in(&out, document->arena, SCHEMA_BYTES_MAX);
    int32_t error = shape_row_schema(field, &out);
    document->error = error ? error : document->error;
    json_open_object(json);
    add_text(json, "name", field->name);
    add_text(json, "in", place);
    json_key(json, "required");
    json_add_bool(json, in_path || (field->flags & DAIS_FIELD_REQUIRED));
    if (field->prose)
        add_text(json, "description", field->prose);
    json_key(json, "schema");
    json_add_raw(json, error ? dais_cstr("{}") : strbuf_view(&out));
    json_close_object(json);
}

/** A path parameter that no field table describes. */
static void add_plain_parameter(struct document *document, struct dais_str name)
{
    static const struct dais_field any = {.kind = DAIS_KIND_STRING};
    struct dais_field field = any;
    field.name = arena_cstr(document->arena, name);
    if (field.name)
        add_parameter(document, &field, "path");
    else
        document->error = DAIS_E_MEMORY;
}

/** The next ":name" of a path; moves `*rest` behind it. */
static bool next_parameter(struct dais_str *rest, struct dais_str *ret_name)
{
    struct dais_str piece;
    while (str_split(rest, '/', &piece)) {
        if (piece.len < 2 || piece.ptr[0] != ':')
            continue;
        uint64_t end = piece.ptr[piece.len - 1] == '*' ? piece.len - 2 : piece.len - 1;
        *ret_name = str_sub(piece, 1, end);
        return true;
    }
    return false;
}

static void add_parameters(struct document *document, const struct dais_route *route)
{
    struct dais_str rest = dais_cstr(route->path), name;
    json_key(&document->json, "parameters");
    json_open_array(&document->json);
    while (next_parameter(&rest, &name)) {
        const struct dais_field *field = route->path_shape ? route->path_shape->fields : NULL;
        while (field && field->name && !str_eqz(name, field->name))
            field++;
        if (field && field->name)
            add_parameter(document, field, "path");
        else
            add_plain_parameter(document, name);
    }
    const struct dais_field *field = route->query_shape ? route->query_shape->fields : NULL;
    for (; field && field->name; field++)
        add_parameter(document, field, "query");
    json_close_array(&document->json);
}

static void add_security(struct document *document, const struct http_route_info *info)
{
    const struct dais_route *route = info->route;
    struct json_writer *json = &document->json;
    json_key(json, "security");
    json_open_array(json);
    if (route->access == DAIS_ACCESS_PUBLIC) {
        json_open_object(json);
        json_close_object(json);
    }
    json_open_object(json);
    json_key(json, "bearer");
    json_open_array(json);
    json_close_array(json);
    json_close_object(json);
    json_close_array(json);
    add_text(json, "x-dais-access", roles_access_name(route->access));
    json_key(json, "x-dais-roles");
    json_open_array(json);
    for (uint32_t role = 1; role != 0 && role <= DAIS_ROLE_CREATOR; role <<= 1)
        if (route->roles & role)
            json_add_stringz(json, roles_name(role));
    json_close_array(json);
    add_text(json, "x-dais-rate-class", info->rate_class);
}

static void add_problem(struct json_writer *json, const char *status)
{
    json_key(json, status);
    json_open_object(json);
    add_text(json, "$ref", "#/components/responses/Problem");
    json_close_object(json);
}

static void add_responses(struct document *document, const struct dais_route *route)
{
    struct json_writer *json = &document->json;
    char status[12];
    snprintf(status, sizeof status, "%u", route->status ? route->status : 200);
    json_key(json, "responses");
    json_open_object(json);
    json_key(json, status);
    json_open_object(json);
    add_text(json, "description", route->summary ? route->summary : "");
    if (route->answer_shape)
        add_content(document, route->answer_shape);
    json_close_object(json);
    if (route->path_shape || route->query_shape || route->body_shape)
        add_problem(json, "400");
    add_problem(json, "401");
    if (route->access == DAIS_ACCESS_ROLE || route->access == DAIS_ACCESS_OWNER)
        add_problem(json, "403");
    if (strchr(route->path, ':'))
        add_problem(json, "404");
    add_problem(json, "429");
    add_problem(json, "503");
    json_close_object(json);
}

/** "auth_post_api_login": the same as long as the route is. */
static void add_operation_id(struct document *document, const struct http_route_info *info)
{
    struct dais_str text = arena_printf(document->arena, "%s_%s_%s", info->owner->id,
                                        info->route->method, info->route->path);
    char *id = text.ptr ? arena_cstr(document->arena, text) : NULL;
    if (!id) {
        document->error = DAIS_E_MEMORY;
        return;
    }
    char *end = id;
    for (const char *from = id; *from; from++) {
        if (isalnum((unsigned char)*from))
            *end++ = (char)tolower((unsigned char)*from);
        else if (end > id && end[-1] != '_')
            *end++ = '_';
    }
    while (end > id && end[-1] == '_')
        end--;
    *end = '\0';
    add_text(&document->json, "operationId", id);
}

static void add_operation(struct document *document, const struct http_route_info *info)
{
    const struct dais_route *route = info->route;
    struct json_writer *json = &document->json;
    char method[16] = "";
    for (size_t i = 0; route->method[i] && i < sizeof method - 1; i++)
        method[i] = (char)tolower((unsigned char)route->method[i]);
    json_key(json, method);
    json_open_object(json);
    add_operation_id(document, info);
    if (route->summary)
        add_text(json, "summary", route->summary);
    json_key(json, "tags");
    json_open_array(json);
    json_add_stringz(json, info->owner->id);
    json_close_array(json);
    add_security(document, info);
    add_parameters(document, route);
    if (route->body_shape) {
        json_key(json, "requestBody");
        json_open_object(json);
        json_key(json, "required");
        json_add_bool(json, true);
        add_content(document, route->body_shape);
        json_close_object(json);
    }
    add_responses(document, route);
    json_close_object(json);
}

/** "/api/streams/:id" as OpenAPI writes it: "/api/streams/{id}". */
static struct dais_str template_of(struct document *document, const char *path)
{
    struct strbuf out;
    struct dais_str rest = dais_cstr(path), piece;
    strbuf_init_in(&out, document->arena, 8192);
    bool first = true;
    while (str_split(&rest, '/', &piece)) {
        if (!first)
            strbuf_addc(&out, '/');
        first = false;
        struct dais_str one = piece, name;
        if (next_parameter(&one, &name))
            strbuf_addf(&out, "{%.*s}", STR_ARG(name));
        else
            strbuf_add(&out, piece);
    }
    return strbuf_view(&out);
}

/** All methods of one path stand together, where the first of them was registered. */
static void add_paths(struct document *document)
{
    json_key(&document->json, "paths");
    json_open_object(&document->json);
    for (uint32_t i = 0; i < document->count; i++) {
        if (!document->routes[i])
            continue;
        const char *path = document->routes[i]->route->path;
        json_key_str(&document->json, template_of(document, path));
        json_open_object(&document->json);
        for (uint32_t j = i; j < document->count; j++) {
            if (!document->routes[j] || strcmp(document->routes[j]->route->path, path) != 0)
                continue;
            add_operation(document, document->routes[j]);
            document->routes[j] = NULL;
        }
        json_close_object(&document->json);
    }
    json_close_object(&document->json);
}

/** The problem document of RFC 9457 as every route gives it. */
struct problem {
    struct dais_str type, title, code, detail, field, request_id;
    int64_t status, retry_after;
};

#define PROBLEM_TEXT(name, member, flags, prose)                                                   \
    DAIS_FIELD_NAMED(name, struct problem, member, DAIS_KIND_STRING, flags, 0, 0, prose)

static const struct dais_field problem_fields[] = {
    PROBLEM_TEXT("type", type, DAIS_FIELD_REQUIRED, "Always about:blank"),
    PROBLEM_TEXT("title", title, DAIS_FIELD_REQUIRED, "What went wrong, in general"),
    DAIS_FIELD(struct problem, status, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 400, 599,
               "HTTP status of the answer"),
    PROBLEM_TEXT("code", code, DAIS_FIELD_REQUIRED, "Stable name of the error, for programs"),
    PROBLEM_TEXT("detail", detail, 0, "What was wrong here and what would be right"),
    PROBLEM_TEXT("field", field, 0, "Name of the field that was wrong"),
    DAIS_FIELD_NAMED("retryAfter", struct problem, retry_after, DAIS_KIND_INT, 0, 1, UINT32_MAX,
                     "When it may be tried again, in seconds"),
    PROBLEM_TEXT("requestId", request_id, 0, "Stands in the server's log"),
    DAIS_FIELD_END,
};

const struct dais_shape openapi_problem = DAIS_SHAPE("Problem", struct problem, problem_fields);

static void add_components(struct document *document)
{
    struct json_writer *json = &document->json;
    json_key(json, "components");
    json_open_object(json);
    json_key(json, "securitySchemes");
    json_open_object(json);
    json_key(json, "bearer");
    json_open_object(json);
    add_text(json, "type", "http");
    add_text(json, "scheme", "bearer");
    add_text(json, "bearerFormat", "JWT");
    json_close_object(json);
    json_close_object(json);
    json_key(json, "schemas");
    json_open_object(json);
    add_schema(document, "Problem", &openapi_problem);
    json_close_object(json);
    json_key(json, "responses");
    json_open_object(json);
    json_key(json, "Problem");
    json_open_object(json);
    add_text(json, "description", "A problem document (RFC 9457)");
    json_key(json, "content");
    json_open_object(json);
    json_key(json, "application/problem+json");
    json_open_object(json);
    json_key(json, "schema");
    json_open_object(json);
    add_text(json, "$ref", "#/components/schemas/Problem");
    json_close_object(json);
    json_close_object(json);
    json_close_object(json);
    json_close_object(json);
    json_close_object(json);
    json_close_object(json);
}

static void add_info(struct json_writer *json)
{
    add_text(json, "openapi", "3.1.0");
    json_key(json, "info");
    json_open_object(json);
    add_text(json, "title", "Dais");
    add_text(json, "version", DAIS_VERSION);
    add_text(json, "description", "Routes of this server and of the plugins that run in it");
    json_close_object(json);
}

int32_t openapi_write(struct dais_arena *arena, struct strbuf *out)
{
    struct document document = {.arena = arena};
    const struct http_server *http = host_get()->http;
    http_each_route(http, count_route, &document);
    if (document.limit > ROUTES_MAX)
        return DAIS_E_LIMIT;
    document.routes = arena_alloc(arena, (document.limit + 1) * sizeof *document.routes);
    if (!document.routes)
        return DAIS_E_MEMORY;
    http_each_route(http, take_route, &document);
    json_write_init(&document.json, out);
    json_open_object(&document.json);
    add_info(&document.json);
    add_paths(&document);
    add_components(&document);
    json_close_object(&document.json);
    return document.error ? document.error : strbuf_error(out);
}
