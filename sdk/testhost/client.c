/* SPDX-License-Identifier: MIT */
#include "base/str.h"
#include "host/control.h"
#include "inner.h"
#include "state.h"

#include <string.h>
#include <unistd.h>

static void write_request(struct testhost *host, const struct testhost_request *request)
{
    struct strbuf *out = &host->sent;
    strbuf_clear(out);
    strbuf_addf(out, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n",
                request->method, request->path, testhost_port(host));
    if (request->token)
        strbuf_addf(out, "Authorization: Bearer %s\r\n", request->token);
    if (request->header)
        strbuf_addf(out, "%s\r\n", request->header);
    if (request->body)
        strbuf_addf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                    strlen(request->body));
    strbuf_addf(out, "\r\n%s", request->body ? request->body : "");
}

/** Splits what was received; answers of the tests are never chunked. */
static int32_t read_reply(struct testhost *host, struct testhost_reply *ret_reply)
{
    struct dais_str text = strbuf_view(&host->received);
    const char *blank = memmem(text.ptr, text.len, "\r\n\r\n", 4);
    int64_t status;
    if (!blank || !str_has_prefix(text, "HTTP/1.1 ") ||
        str_parse_int(str_sub(text, 9, 3), 100, 599, &status) != DAIS_OK)
        return DAIS_E_GONE;
    uint64_t head = (uint64_t)(blank - text.ptr);
    *ret_reply = (struct testhost_reply){.status = (uint32_t)status,
                                         .head = str_sub(text, 0, head),
                                         .body = str_sub(text, head + 4, text.len)};
    return DAIS_OK;
}

/** Sends what was written and receives all there is; `fd` is closed. */
static int32_t converse(struct testhost *host, int fd)
{
    strbuf_clear(&host->received);
    int32_t error = strbuf_error(&host->sent);
    if (!error)
        error = testhost_write(fd, strbuf_view(&host->sent));
    if (!error)
        error = testhost_read(fd, &host->received);
    close(fd);
    return error;
}

int32_t testhost_send(struct testhost *host, const struct testhost_request *request,
                      struct testhost_reply *ret_reply)
{
    int fd;
    int32_t error = testhost_connect(testhost_port(host), &fd);
    if (error)
        return error;
    write_request(host, request);
    error = converse(host, fd);
    return error ? error : read_reply(host, ret_reply);
}

int32_t testhost_get(struct testhost *host, const char *path, struct testhost_reply *ret_reply)
{
    const struct testhost_request request = {.method = "GET", .path = path};
    return testhost_send(host, &request, ret_reply);
}

int32_t testhost_control(struct testhost *host, const char *line, struct testhost_reply *ret_reply)
{
    int fd;
    int32_t error = control_connect(testhost_data_dir(host), &fd);
    if (error)
        return error;
    strbuf_clear(&host->sent);
    strbuf_addf(&host->sent, "%s\n", line);
    error = converse(host, fd);
    if (!error)
        *ret_reply = (struct testhost_reply){.body = strbuf_view(&host->received)};
    return error;
}
