/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/str.h"
#include "net/http_inner.h"

static const char methods[] = "GET, HEAD, OPTIONS";

static const struct http_file *folder_find(const struct http_folder *folder, struct dais_str name,
                                           bool fallback)
{
    struct dais_str index = dais_cstr(folder->row->index);
    if (name.len == 0)
        return index.ptr ? map_get(&folder->files, index) : NULL;
    const struct http_file *file = map_get(&folder->files, name);
    if (!file && fallback && index.ptr && (folder->row->flags & DAIS_STATIC_FALLBACK))
        return map_get(&folder->files, index);
    return file;
}

static void give_back(void *buf)
{
    buf_unref(buf);
}

/* While developing: the same file as it is now. Its buffers live as long as the request's arena. */
static const struct http_file *file_again(struct dais_req *req, const struct http_folder *folder,
                                          const struct http_file *known)
{
    struct http_file *now = arena_alloc(&req->arena, sizeof *now);
    uint32_t cursor = 0;
    struct dais_str name;
    void *value;
    while (map_next(&folder->files, &cursor, &name, &value)) {
        if (value != known)
            continue;
        const char *path = arena_cstr(&req->arena, name);
        if (!now || !path || http_folder_read(folder, path, now) != DAIS_OK)
            return known;
        if (now->gzip && arena_defer(&req->arena, give_back, now->gzip) != DAIS_OK)
            buf_unref(now->gzip);
        if (arena_defer(&req->arena, give_back, now->plain) != DAIS_OK)
            buf_unref(now->plain);
        return now;
    }
    return known;
}

/* RFC 9110 §12.5.3, for the one coding that there may be. */
static bool takes_gzip(const struct dais_req *req)
{
    struct dais_str list = http_header_get(req->h2o, H2O_STRLIT("accept-encoding"));
    struct dais_str piece;
    while (str_split(&list, ',', &piece)) {
        struct dais_str name;
        if (!str_split(&piece, ';', &name) || !str_eqz_nocase(str_trim(name), "gzip"))
            continue;
        struct dais_str weight = str_trim(piece);
        return !str_has_prefix(weight, "q=0") || weight.len > 3;
    }
    return false;
}

static int32_t set_headers(struct dais_req *req, const struct http_folder *folder,
                           const struct http_file *file, bool gzip)
{
    struct dais_str etag = dais_cstr(file->etag);
    int32_t code = http_header_set(req, "cache-control", dais_cstr(folder->cache_control));
    if (gzip)
        etag = arena_printf(&req->arena, "%.*s-gz\"", (int)etag.len - 1, etag.ptr);
    if (code == DAIS_OK)
        code = http_header_set(req, "etag", etag);
    if (code == DAIS_OK && gzip)
        code = http_header_set(req, "content-encoding", dais_str("gzip", 4));
    if (code == DAIS_OK && file->gzip)
        code = http_header_set(req, "vary", dais_str("Accept-Encoding", 15));
    return code;
}

static void serve(struct dais_req *req, const struct http_folder *folder,
                  const struct http_file *file)
{
    bool gzip = file->gzip && takes_gzip(req);
    struct dais_buf *buf = gzip ? file->gzip : file->plain;
    int32_t code = set_headers(req, folder, file, gzip);
    if (code == DAIS_OK)
        code = http_reply_buf(req, file->type, buf, 0, buf->len);
    if (code != DAIS_OK)
        http_problem_set(req, code, NULL, NULL);
}

static void answer(struct dais_req *req, const struct http_folder *folder,
                   const struct http_file *file)
{
    req->match.allow = methods;
    if (req->method == HTTP_OPTIONS) {
        http_cors_options(req);
    } else if (req->method == HTTP_GET || req->method == HTTP_HEAD) {
        serve(req, folder, req->worker->server->config.dev ? file_again(req, folder, file) : file);
    } else {
        http_problem_set(req, DAIS_E_METHOD, NULL, NULL);
        req->answer.allow = methods;
    }
}

int http_static_serve(struct dais_req *req, bool fallback)
{
    bool reads = req->method == HTTP_GET || req->method == HTTP_HEAD;
    for (struct http_mount *mount = req->table->mounts; mount; mount = mount->next) {
        const struct http_folder *folder = mount->folder;
        if (req->path.len < folder->prefix.len ||
            memcmp(req->path.ptr, folder->prefix.ptr, folder->prefix.len) != 0)
            continue;
        struct dais_str name = str_sub(req->path, folder->prefix.len, req->path.len);
        const struct http_file *file = folder_find(folder, name, fallback && reads);
        if (!file)
            continue;
        answer(req, folder, file);
        return 1;
    }
    return 0;
}
