/* SPDX-License-Identifier: MIT */
/* Request targets: what passes must decode to a path with the same segments and no NUL. */
#include "base/check.h"
#include "base/shape.h"
#include "net/http_uri.h"

static uint64_t count_slashes(struct dais_str text)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < text.len; i++)
        count += text.ptr[i] == '/';
    return count;
}

static void check_decoded(struct dais_str path, struct dais_str decoded)
{
    struct dais_str segment;
    CHECK(count_slashes(path) == count_slashes(decoded));
    while (str_split(&decoded, '/', &segment)) {
        CHECK(!str_eqz(segment, ".") && !str_eqz(segment, ".."));
        CHECK(segment.len == 0 || !memchr(segment.ptr, '\0', segment.len) ||
              memchr(path.ptr, '\0', path.len));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct dais_arena arena;
    struct http_uri uri;
    struct dais_str target = dais_str((const char *)data, len);
    struct dais_str decoded;
    const char *detail = NULL;
    arena_init(&arena, 1u << 20);
    if (http_uri_split(target, &uri, &detail) != DAIS_OK)
        CHECK(detail);
    else if (shape_percent_decode(uri.path, false, &arena, &decoded) == DAIS_OK)
        check_decoded(uri.path, decoded);
    (void)http_uri_host_ok(target);
    arena_reset(&arena);
    return 0;
}
