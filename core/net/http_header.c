/* SPDX-License-Identifier: MIT */
#include "base/str.h"
#include "net/http_inner.h"

/** Bytes of a header line besides name and value. */
#define LINE_OVERHEAD 4u

static struct dais_str view_of(h2o_iovec_t text)
{
    return dais_str(text.base, text.len);
}

struct dais_str http_header_get(const h2o_req_t *h2o, const char *name, size_t len)
{
    ssize_t at = h2o_find_header_by_str(&h2o->headers, name, len, -1);
    return at < 0 ? dais_str(NULL, 0) : view_of(h2o->headers.entries[at].value);
}

static bool is_id_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

/* An id from outside is used only when it is harmless in headers, logs and documents. */
static bool is_id(struct dais_str text)
{
    for (uint64_t i = 0; i < text.len; i++)
        if (!is_id_char(text.ptr[i]))
            return false;
    return text.len > 0 && text.len <= HTTP_ID_BYTES_MAX;
}

static int32_t note(struct http_head *head, const h2o_header_t *line, const char **ret_detail)
{
    struct dais_str value = view_of(line->value);
    if (line->name == &H2O_TOKEN_AUTHORIZATION->buf) {
        if (head->authorization.ptr) {
            *ret_detail = "the header Authorization was given twice";
            return DAIS_E_INVALID;
        }
        head->authorization = value;
    } else if (line->name == &H2O_TOKEN_CONTENT_TYPE->buf) {
        head->content_type = value;
    } else if (line->name->len == 6 && memcmp(line->name->base, "origin", 6) == 0) {
        head->origin = value;
    } else if (line->name->len == 12 && memcmp(line->name->base, "x-request-id", 12) == 0) {
        head->request_id = is_id(value) ? value : dais_str(NULL, 0);
    }
    return DAIS_OK;
}

/*
 * h2o takes the first Content-Length and prefers Transfer-Encoding, and hides both from handlers; a
 * proxy that decides differently would see other requests than we do (RFC 9112 §6.3). The request's
 * bytes, names in lower case, still stand in front of the body.
 */
static bool frames_once(const struct dais_req *req)
{
    h2o_socket_t *sock = req->h2o->conn->callbacks->get_socket(req->h2o->conn);
    const char *at = sock->input->bytes;
    const char *end = req->h2o->entity.base;
    uint32_t found = 0;
    while (at < end) {
        uint64_t left = (uint64_t)(end - at);
        if ((left > 15 && memcmp(at, "content-length:", 15) == 0) ||
            (left > 18 && memcmp(at, "transfer-encoding:", 18) == 0))
            found++;
        const char *line_end = memchr(at, '\n', left);
        at = line_end ? line_end + 1 : end;
    }
    return found <= 1;
}

int32_t http_header_scan(struct dais_req *req, const char **ret_detail)
{
    const h2o_headers_t *headers = &req->h2o->headers;
    uint64_t bytes = 0;
    for (size_t i = 0; i < headers->size; i++) {
        const h2o_header_t *line = &headers->entries[i];
        bytes += line->name->len + line->value.len + LINE_OVERHEAD;
        if (line->name->len == 0) {
            *ret_detail = "a header is folded over several lines";
            return DAIS_E_INVALID;
        }
        int32_t code = note(&req->head, line, ret_detail);
        if (code != DAIS_OK)
            return code;
    }
    if (bytes > req->worker->server->header_bytes_max)
        return DAIS_E_HEADERS;
    if (req->h2o->entity.base && !frames_once(req)) {
        *ret_detail = "the length of the body is given more than once";
        return DAIS_E_INVALID;
    }
    return DAIS_OK;
}

void http_header_put(h2o_req_t *h2o, const h2o_iovec_t *name, struct dais_str value)
{
    h2o_headers_t *headers = &h2o->res.headers;
    h2o_vector_reserve(&h2o->pool, headers, headers->size + 1);
    headers->entries[headers->size++] = (h2o_header_t){
        .name = (h2o_iovec_t *)(uintptr_t)name,
        .value = {(char *)(uintptr_t)value.ptr, value.len},
    };
}

/* Those that the server writes itself, or that would change how the answer is framed. */
static bool is_reserved(struct dais_str name)
{
    static const char *const reserved[] = {
        "content-length", "transfer-encoding", "connection", "date",   "server",
        "content-type",   "upgrade",           "keep-alive", "trailer"};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (str_eqz(name, reserved[i]))
            return true;
    return false;
}

/* RFC 9110 §5.6.2: a token, here in lower case. */
static bool is_name(struct dais_str name)
{
    for (uint64_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!alnum && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return name.len > 0 && !is_reserved(name);
}

static bool is_value(struct dais_str value)
{
    for (uint64_t i = 0; i < value.len; i++)
        if (((unsigned char)value.ptr[i] < 0x20 && value.ptr[i] != '\t') || value.ptr[i] == 0x7f)
            return false;
    return true;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static struct http_extra *extra_find(const struct http_answer *answer, struct dais_str name)
{
    for (uint32_t i = 0; i < answer->extra_count; i++)
        if (dais_str_eq(view_of(answer->extras[i].name), name))
            return &answer->extras[i];
    return NULL;
}

struct dais_str http_extra_get(const struct dais_req *req, const char *name)
{
    const struct http_extra *extra = extra_find(&req->answer, dais_cstr(name));
    return extra ? view_of(extra->value) : dais_str(NULL, 0);
}

/* The line to fill: the one there is, unless lines of this name add up, or a new one. */
static struct http_extra *extra_for(struct dais_req *req, struct dais_str name)
{
    struct http_answer *answer = &req->answer;
    struct http_extra *extra = str_eqz(name, "set-cookie") ? NULL : extra_find(answer, name);
    if (extra || answer->extra_count == HTTP_EXTRAS_MAX)
        return extra;
    if (!answer->extras)
        answer->extras = arena_alloc(&req->arena, HTTP_EXTRAS_MAX * sizeof *answer->extras);
    return answer->extras ? &answer->extras[answer->extra_count++] : NULL;
}

int32_t http_header_set(struct dais_req *req, const char *name, struct dais_str value)
{
    struct dais_str text = arena_dup(&req->arena, dais_cstr(name));
    struct dais_str copy = arena_dup(&req->arena, value);
    if (!text.ptr || !copy.ptr)
        return name && value.ptr ? DAIS_E_MEMORY : DAIS_E_INVALID;
    char *letters = (char *)(uintptr_t)text.ptr;
    for (uint64_t i = 0; i < text.len; i++)
        letters[i] = lower(letters[i]);
    if (!is_name(text) || !is_value(copy))
        return DAIS_E_INVALID;
    struct http_extra *extra = extra_for(req, text);
    if (!extra)
        return req->answer.extras ? DAIS_E_LIMIT : DAIS_E_MEMORY;
    extra->name = h2o_iovec_init(text.ptr, text.len);
    extra->value = h2o_iovec_init(copy.ptr, copy.len);
    return DAIS_OK;
}

struct dais_str http_header(const struct dais_req *req, const char *name)
{
    if (strcmp(name, "host") == 0)
        return view_of(req->h2o->authority);
    return http_header_get(req->h2o, name, strlen(name));
}

struct dais_str http_header_only(const struct dais_req *req, const char *name)
{
    const h2o_headers_t *headers = &req->h2o->headers;
    ssize_t at = h2o_find_header_by_str(headers, name, strlen(name), -1);
    if (at < 0 || h2o_find_header_by_str(headers, name, strlen(name), at) >= 0)
        return dais_str(NULL, 0);
    return view_of(headers->entries[at].value);
}

bool http_header_lists(const struct dais_req *req, const char *name, const char *token)
{
    const h2o_headers_t *headers = &req->h2o->headers;
    ssize_t at = -1;
    while ((at = h2o_find_header_by_str(headers, name, strlen(name), at)) >= 0) {
        struct dais_str rest = view_of(headers->entries[at].value);
        struct dais_str piece;
        while (str_split(&rest, ',', &piece))
            if (str_eqz_nocase(str_trim(piece), token))
                return true;
    }
    return false;
}
