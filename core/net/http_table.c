/* SPDX-License-Identifier: MIT */
#include "net/http_table.h"

#include "base/mem.h"
#include "base/str.h"
#include "net/http_inner.h"

/** Memory for the routes of a table. */
#define TABLE_BYTES_MAX (64u << 20)

int32_t http_table_new(struct http_server *server, struct http_table **ret_table)
{
    struct http_table *table = mem_zalloc(1, sizeof *table);
    if (!table)
        return http_refuse(DAIS_E_MEMORY, "no memory");
    arena_init(&table->arena, TABLE_BYTES_MAX);
    table->server = server;
    table->router.arena = &table->arena;
    table->uses = mem_zalloc(server->config.workers, sizeof *table->uses);
    if (!table->uses) {
        http_table_drop(table);
        return http_refuse(DAIS_E_MEMORY, "no memory");
    }
    *ret_table = table;
    return DAIS_OK;
}

void http_table_drop(struct http_table *table)
{
    for (struct http_mount *mount = table->mounts; mount; mount = mount->next)
        http_folder_unref(mount->folder);
    mem_free(table->uses);
    arena_reset(&table->arena);
    mem_free(table);
}

void http_table_free(struct http_table *table)
{
    if (!table)
        return;
    CHECK_MSG(table != table->server->table, "a table in use is not given back");
    http_table_drop(table);
}

static bool lists(const struct http_table *table, const struct http_owner *owner)
{
    for (const struct http_listed *listed = table->owners; listed; listed = listed->next)
        if (listed->owner == owner)
            return true;
    return false;
}

static int32_t list_owner(struct http_table *table, const struct http_owner *owner)
{
    if (lists(table, owner))
        return DAIS_OK;
    struct http_listed *listed = arena_alloc(&table->arena, sizeof *listed);
    if (!listed)
        return http_refuse(DAIS_E_MEMORY, "no memory");
    *listed = (struct http_listed){table->owners, owner};
    table->owners = listed;
    return DAIS_OK;
}

static int32_t check_shapes(const struct dais_route *row)
{
    const struct dais_shape *const read[] = {row->path_shape, row->query_shape, row->body_shape};
    struct shape_error error;
    for (size_t i = 0; i < sizeof read / sizeof read[0]; i++)
        if (read[i] && shape_check(read[i], true, &error) != DAIS_OK)
            return http_refuse(DAIS_E_INVALID, "%s %s: the row %s of %s %s", row->method, row->path,
                               error.field, read[i]->name ? read[i]->name : "a shape",
                               error.detail);
    if (row->answer_shape && shape_check(row->answer_shape, false, &error) != DAIS_OK)
        return http_refuse(DAIS_E_INVALID, "%s %s: the row %s of its answer %s", row->method,
                           row->path, error.field, error.detail);
    return DAIS_OK;
}

static int32_t refuse_row(int32_t code, const struct dais_route *row, const char *detail)
{
    return http_refuse(code, "%s %s %s", row->method, row->path ? row->path : "(no path)",
                       detail ? detail : "needs more memory than there is");
}

int32_t http_routes_check(const struct dais_route *rows)
{
    for (const struct dais_route *row = rows; row->method; row++) {
        const char *detail = NULL;
        int32_t code = http_router_check(row, &detail);
        if (code != DAIS_OK)
            return refuse_row(code, row, detail);
        code = check_shapes(row);
        if (code != DAIS_OK)
            return code;
    }
    return DAIS_OK;
}

static struct dais_str without_slash(struct dais_str path)
{
    bool slash = path.len > 0 && path.ptr[path.len - 1] == '/';
    return str_sub(path, 0, path.len - (slash ? 1 : 0));
}

const struct http_path *http_table_find(const struct http_table *table, struct dais_str path)
{
    struct dais_str wanted = without_slash(path);
    for (const struct http_path *at = table->paths; at; at = at->next)
        if (dais_str_eq(at->path, wanted))
            return at;
    return NULL;
}

static int32_t check_path(const struct http_table *table, const char *path)
{
    struct dais_str bare = without_slash(dais_cstr(path));
    if (path[0] != '/' || bare.len < 2 || strpbrk(path, ":*?#%"))
        return http_refuse(DAIS_E_INVALID, "the path %s cannot be an endpoint's", path);
    if (table->path_count == HTTP_ENDPOINTS_MAX)
        return http_refuse(DAIS_E_LIMIT, "%s: there are too many endpoints", path);
    if (http_table_find(table, bare))
        return http_refuse(DAIS_E_CONFLICT, "the path %s is registered already", path);
    for (const struct http_route *route = table->router.first; route; route = route->next)
        if (dais_str_eq(without_slash(dais_cstr(route->row->path)), bare))
            return http_refuse(DAIS_E_CONFLICT, "the path %s is registered already", path);
    return DAIS_OK;
}

int32_t http_table_endpoint(struct http_table *table, struct http_owner *owner,
                            const struct http_endpoint *endpoint)
{
    int32_t code = check_path(table, endpoint->path);
    if (code == DAIS_OK)
        code = list_owner(table, owner);
    if (code != DAIS_OK)
        return code;
    struct http_path *path = arena_alloc(&table->arena, sizeof *path);
    if (!path)
        return http_refuse(DAIS_E_MEMORY, "no memory");
    *path = (struct http_path){table->paths, without_slash(dais_cstr(endpoint->path)), endpoint,
                               owner};
    table->paths = path;
    table->path_count++;
    return DAIS_OK;
}

/* The route that was added last gets the number of its rate class. */
static int32_t number_rate(struct http_table *table, const struct dais_route *row)
{
    struct http_route *route = table->router.last;
    const struct http_hooks *hooks = table->server->hooks;
    int32_t number = hooks->rate_class ? hooks->rate_class(route->rate_class) : 0;
    if (number < 0)
        return http_refuse(number, "%s %s: there is no rate class %s", row->method, row->path,
                           route->rate_class);
    CHECK((uint32_t)number < HTTP_RATE_CLASSES_MAX);
    route->rate = (uint32_t)number;
    return DAIS_OK;
}

int32_t http_table_routes(struct http_table *table, struct http_owner *owner,
                          const struct dais_route *rows)
{
    int32_t code = http_routes_check(rows);
    if (code == DAIS_OK)
        code = list_owner(table, owner);
    for (const struct dais_route *row = rows; code == DAIS_OK && row->method; row++) {
        const char *detail = NULL;
        if (http_table_find(table, dais_cstr(row->path)))
            return refuse_row(DAIS_E_CONFLICT, row, "is an endpoint");
        code = http_router_add(&table->router, row, owner, &detail);
        if (code != DAIS_OK)
            return refuse_row(code, row, detail);
        code = number_rate(table, row);
    }
    return code;
}

/* The folder that the table in use has for the same row of the same owner, or NULL. */
static struct http_folder *find_read(const struct http_table *used, const struct http_owner *owner,
                                     const struct dais_static *row)
{
    for (struct http_mount *mount = used->mounts; mount; mount = mount->next)
        if (mount->folder->owner == owner && mount->folder->row == row)
            return mount->folder;
    return NULL;
}

/* The longest prefix comes first, so that it wins. */
static int32_t add_mount(struct http_table *table, struct http_folder *folder)
{
    struct http_mount *mount = arena_alloc(&table->arena, sizeof *mount);
    struct http_mount **slot = &table->mounts;
    if (!mount)
        return http_refuse(DAIS_E_MEMORY, "no memory");
    while (*slot && (*slot)->folder->prefix.len >= folder->prefix.len)
        slot = &(*slot)->next;
    *mount = (struct http_mount){*slot, folder};
    *slot = mount;
    http_folder_ref(folder);
    return DAIS_OK;
}

static int32_t add_folder(struct http_table *table, const struct http_owner *owner,
                          const struct dais_static *row)
{
    struct http_folder *folder = find_read(table->server->table, owner, row);
    if (folder)
        return add_mount(table, folder);
    int32_t code = http_folder_new(owner, row, &folder);
    if (code != DAIS_OK)
        return http_refuse(code, "%s: the files of %s/%s cannot be read", row->prefix,
                           owner->assets_dir, row->folder);
    code = add_mount(table, folder);
    http_folder_unref(folder);
    return code;
}

static int32_t check_static(const struct http_table *table, const struct http_owner *owner,
                            const struct dais_static *row)
{
    struct dais_str prefix = dais_cstr(row->prefix);
    if (!owner->assets_dir)
        return http_refuse(DAIS_E_NOT_FOUND, "%s has no folder of files", owner->id);
    if (prefix.len == 0 || prefix.ptr[0] != '/' || prefix.ptr[prefix.len - 1] != '/')
        return http_refuse(DAIS_E_INVALID, "the prefix %s must begin and end with '/'",
                           row->prefix);
    if (!row->folder || row->folder[0] == '/' || strstr(row->folder, ".."))
        return http_refuse(DAIS_E_INVALID, "the folder of %s must lie below the assets",
                           row->prefix);
    for (const struct http_mount *other = table->mounts; other; other = other->next)
        if (dais_str_eq(other->folder->prefix, prefix))
            return http_refuse(DAIS_E_CONFLICT, "the prefix %s is registered already", row->prefix);
    return DAIS_OK;
}

int32_t http_table_statics(struct http_table *table, struct http_owner *owner,
                           const struct dais_static *rows)
{
    int32_t code = list_owner(table, owner);
    for (const struct dais_static *row = rows; code == DAIS_OK && row->prefix; row++) {
        code = check_static(table, owner, row);
        if (code == DAIS_OK)
            code = add_folder(table, owner, row);
    }
    return code;
}

void http_table_use(struct http_server *server, struct http_table *table)
{
    CHECK(table->server == server && table != server->table);
    table->replaced = server->table;
    server->table = table;
}

static bool is_held(const struct http_table *table)
{
    for (uint32_t i = 0; i < table->server->config.workers; i++)
        if (atomic_load_explicit(&table->uses[i].held, memory_order_acquire) > 0)
            return true;
    return false;
}

bool http_owner_in_use(struct http_server *server, const struct http_owner *owner)
{
    bool used = lists(server->table, owner);
    for (struct http_table **slot = &server->table->replaced; *slot;) {
        struct http_table *table = *slot;
        if (is_held(table)) {
            used = used || lists(table, owner);
            slot = &table->replaced;
        } else {
            *slot = table->replaced;
            http_table_drop(table);
        }
    }
    return used;
}

void http_each_route(const struct http_server *server,
                     void (*visit)(const struct http_route_info *info, void *context),
                     void *context)
{
    for (const struct http_route *route = server->table->router.first; route; route = route->next) {
        struct http_route_info info = {route->row, route->owner, route->rate_class};
        visit(&info, context);
    }
}
