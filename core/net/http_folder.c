/* SPDX-License-Identifier: MIT */
#include "net/http_folder.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/http.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 4096u
#define DEPTH_MAX 16u
#define NAME_BYTES_MAX 1024u
/** Memory for the names; the files count by HTTP_FOLDER_BYTES_MAX. */
#define NAMES_BYTES_MAX (16u << 20)

static const struct {
    const char *suffix;
    const char *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".gif", "image/gif"},
    {".webp", "image/webp"},
    {".avif", "image/avif"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".ttf", "font/ttf"},
    {".wasm", "application/wasm"},
    {".txt", "text/plain; charset=utf-8"},
    {".md", "text/markdown; charset=utf-8"},
    {".xml", "application/xml"},
    {".yaml", "application/yaml"},
    {".pdf", "application/pdf"},
    {".mp4", "video/mp4"},
    {".webm", "video/webm"},
    {".m3u8", "application/vnd.apple.mpegurl"},
};

static const char *type_of(struct dais_str name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (str_has_suffix(name, types[i].suffix))
            return types[i].type;
    return "application/octet-stream";
}

static int32_t read_all(int fd, struct dais_buf *buf)
{
    uint64_t done = 0;
    while (done < buf->len) {
        ssize_t got = read(fd, buf->data + done, buf->len - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return DAIS_E_UNAVAILABLE; /* it was cut while we read */
        done += (uint64_t)got;
    }
    return DAIS_OK;
}

static int32_t read_open(int fd, struct dais_buf **ret_buf)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return DAIS_E_NOT_FOUND;
    if (info.st_size > (off_t)HTTP_FOLDER_BYTES_MAX)
        return DAIS_E_TOO_LARGE;
    struct dais_buf *buf = buf_new((uint64_t)info.st_size);
    int32_t code = buf ? read_all(fd, buf) : DAIS_E_MEMORY;
    if (code != DAIS_OK)
        buf_unref(buf);
    else
        *ret_buf = buf;
    return code;
}

static int32_t read_file(const char *folder, const char *name, const char *suffix,
                         struct dais_buf **ret_buf)
{
    char path[NAME_BYTES_MAX * 4];
    int len = snprintf(path, sizeof path, "%s/%s%s", folder, name, suffix);
    if (len < 0 || (size_t)len >= sizeof path)
        return DAIS_E_NOT_FOUND;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return error_from_errno(errno);
    int32_t code = read_open(fd, ret_buf);
    close(fd);
    return code;
}

int32_t http_folder_read(const struct http_folder *folder, const char *name,
                         struct http_file *ret_file)
{
    struct http_file file = {.type = type_of(dais_cstr(name))};
    int32_t code = read_file(folder->path, name, "", &file.plain);
    if (code != DAIS_OK)
        return code;
    code = read_file(folder->path, name, ".gz", &file.gzip);
    if (code != DAIS_OK && code != DAIS_E_NOT_FOUND) {
        buf_unref(file.plain);
        return code;
    }
    snprintf(file.etag, sizeof file.etag, "\"%016" PRIx64 "\"", hash_stable(buf_view(file.plain)));
    *ret_file = file;
    return DAIS_OK;
}

static int32_t add_file(struct http_folder *folder, const char *name)
{
    struct http_file *file = arena_alloc(&folder->arena, sizeof *file);
    int32_t code = file ? http_folder_read(folder, name, file) : DAIS_E_MEMORY;
    if (code != DAIS_OK)
        return code;
    folder->bytes += file->plain->len + (file->gzip ? file->gzip->len : 0);
    code = folder->bytes > HTTP_FOLDER_BYTES_MAX ? DAIS_E_TOO_LARGE
                                                 : map_put(&folder->files, dais_cstr(name), file);
    if (code != DAIS_OK) {
        buf_unref(file->plain);
        buf_unref(file->gzip);
    }
    return code == DAIS_E_LIMIT ? DAIS_E_TOO_LARGE : code;
}

static int32_t walk(struct http_folder *folder, const char *below, uint32_t depth);

static int32_t visit(struct http_folder *folder, const char *name, uint32_t depth)
{
    struct stat info;
    struct dais_str path = arena_printf(&folder->arena, "%s/%s", folder->path, name);
    if (!path.ptr)
        return DAIS_E_MEMORY;
    if (lstat(path.ptr, &info) != 0)
        return DAIS_OK; /* it went away between listing and looking */
    if (S_ISDIR(info.st_mode))
        return depth < DEPTH_MAX ? walk(folder, name, depth + 1) : DAIS_E_TOO_LARGE;
    bool compressed = str_has_suffix(dais_cstr(name), ".gz");
    return S_ISREG(info.st_mode) && !compressed ? add_file(folder, name) : DAIS_OK;
}

static int32_t walk(struct http_folder *folder, const char *below, uint32_t depth)
{
    struct dais_str path = arena_printf(&folder->arena, "%s/%s", folder->path, below);
    DIR *dir = path.ptr ? opendir(path.ptr) : NULL;
    int32_t code = dir ? DAIS_OK : DAIS_E_NOT_FOUND;
    for (struct dirent *entry; code == DAIS_OK && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        struct dais_str name = arena_printf(&folder->arena, "%s%s%s", below, below[0] ? "/" : "",
                                            entry->d_name);
        code = name.ptr ? visit(folder, name.ptr, depth) : DAIS_E_MEMORY;
    }
    if (dir)
        closedir(dir);
    return code;
}

static int32_t load(struct http_folder *folder)
{
    const struct dais_static *row = folder->row;
    folder->path = arena_printf(&folder->arena, "%s/%s", folder->owner->assets_dir, row->folder)
                       .ptr;
    snprintf(folder->cache_control, sizeof folder->cache_control,
             row->max_age_s ? "public, max-age=%u" : "no-cache", row->max_age_s);
    return folder->path ? walk(folder, "", 0) : DAIS_E_MEMORY;
}

int32_t http_folder_new(const struct http_owner *owner, const struct dais_static *row,
                        struct http_folder **ret_folder)
{
    struct http_folder *folder = mem_zalloc(1, sizeof *folder);
    if (!folder)
        return DAIS_E_MEMORY;
    arena_init(&folder->arena, NAMES_BYTES_MAX);
    map_init(&folder->files, FILES_MAX);
    folder->refs = 1;
    folder->owner = owner;
    folder->row = row;
    folder->prefix = dais_cstr(row->prefix);
    int32_t code = load(folder);
    if (code != DAIS_OK)
        http_folder_unref(folder);
    else
        *ret_folder = folder;
    return code;
}

void http_folder_ref(struct http_folder *folder)
{
    folder->refs++;
}

void http_folder_unref(struct http_folder *folder)
{
    uint32_t cursor = 0;
    void *value;
    CHECK(folder->refs > 0);
    if (--folder->refs > 0)
        return;
    while (map_next(&folder->files, &cursor, NULL, &value)) {
        struct http_file *file = value;
        buf_unref(file->plain);
        buf_unref(file->gzip);
    }
    map_fini(&folder->files);
    arena_reset(&folder->arena);
    mem_free(folder);
}
