/* SPDX-License-Identifier: MIT */
#include "name.h"

#include <string.h>

static struct dais_str query_of(struct dais_str text)
{
    const char *mark = text.len ? memchr(text.ptr, '?', text.len) : NULL;
    if (!mark)
        return dais_str(NULL, 0);
    return dais_str(mark + 1, (uint64_t)(text.ptr + text.len - mark - 1));
}

struct dais_str name_without_query(struct dais_str text)
{
    const char *mark = text.len ? memchr(text.ptr, '?', text.len) : NULL;
    return mark ? dais_str(text.ptr, (uint64_t)(mark - text.ptr)) : text;
}

static struct dais_str last_part(struct dais_str path)
{
    while (path.len > 0 && path.ptr[path.len - 1] == '/')
        path.len--;
    const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;
    if (!slash)
        return path;
    return dais_str(slash + 1, (uint64_t)(path.ptr + path.len - slash - 1));
}

/* The value of parameter `name` in "a=1&b=2"; absent when missing or empty. */
static struct dais_str parameter(struct dais_str query, struct dais_str name)
{
    while (query.len > 0) {
        const char *end = memchr(query.ptr, '&', query.len);
        uint64_t len = end ? (uint64_t)(end - query.ptr) : query.len;
        if (len > name.len + 1 && query.ptr[name.len] == '=' &&
            memcmp(query.ptr, name.ptr, name.len) == 0)
            return dais_str(query.ptr + name.len + 1, len - name.len - 1);
        uint64_t step = end ? len + 1 : len;
        query.ptr += step;
        query.len -= step;
    }
    return dais_str(NULL, 0);
}

struct name_parts name_parse(struct dais_str stream_name, struct dais_str app,
                             struct dais_str tc_url)
{
    const struct dais_str queries[] = {query_of(stream_name), query_of(app), query_of(tc_url)};
    struct dais_str key = {0};
    struct dais_str token = {0};
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        if (!key.ptr)
            key = parameter(queries[i], dais_cstr("key"));
        if (!token.ptr)
            token = parameter(queries[i], dais_cstr("token"));
    }
    struct name_parts parts = {.name = last_part(name_without_query(stream_name))};
    if (key.ptr) {
        parts.key = key;
        parts.other_key = token;
    } else if (parts.name.len > 0) {
        parts.key = parts.name;
        parts.other_key = token;
    } else {
        parts.key = token;
    }
    return parts;
}
