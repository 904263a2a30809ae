/* SPDX-License-Identifier: MIT */
/*
 * Letters: url, recipient, subject, name and text from anywhere, NUL between them. What mail_check
 * lets through becomes a message of nine headers, whose lines are neither too long nor cut wrong.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "compose.h"
#include "mail.h"

#define HEADERS 9
#define LINE_BYTES_MAX 998u /* RFC 5322 §2.1.1 */

static struct dais_str next(struct dais_str *rest)
{
    const char *end = rest->len ? memchr(rest->ptr, '\0', rest->len) : NULL;
    struct dais_str piece = dais_str(rest->ptr, end ? (uint64_t)(end - rest->ptr) : rest->len);
    uint64_t taken = piece.len + (end ? 1 : 0);
    *rest = dais_str(rest->ptr + taken, rest->len - taken);
    return piece;
}

static void require(int true_of_messages)
{
    if (!true_of_messages)
        abort();
}

/** Takes one line, which ends in CRLF and holds no other CR or LF. */
static struct dais_str take_line(struct dais_str *rest)
{
    const char *end = memchr(rest->ptr, '\n', rest->len);
    require(end && end > rest->ptr && end[-1] == '\r');
    struct dais_str line = dais_str(rest->ptr, (uint64_t)(end - rest->ptr) - 1);
    require(line.len <= LINE_BYTES_MAX && !memchr(line.ptr, '\r', line.len));
    *rest = dais_str(end + 1, rest->len - line.len - 2);
    return line;
}

static void check_message(struct dais_str message)
{
    int headers = 0;
    for (;;) {
        struct dais_str line = take_line(&message);
        if (line.len == 0)
            break;
        headers += line.ptr[0] != ' ';
    }
    require(headers == HEADERS);
    while (message.len > 0)
        (void)take_line(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dais_str rest = dais_str((const char *)data, size);
    struct mail_url url;
    struct dais_str place = next(&rest);
    if (mail_url_parse(place, &url) == DAIS_OK)
        require(url.host.ptr > place.ptr && url.host.len < place.len);
    const struct dais_str to = next(&rest), subject = next(&rest), name = next(&rest);
    const struct dais_mail mail = {
        .to = to, .subject = subject, .text = rest, .kind = dais_cstr("fuzz")};
    if (mail_check(&mail) || name.len > 240 || !mail_text_ok(name, 0))
        return 0;
    const struct compose_letter letter = {.id = dais_cstr("id"),
                                          .from = to,
                                          .from_name = name,
                                          .to = to,
                                          .subject = subject,
                                          .text = rest,
                                          .unix_s = (int64_t)size};
    char *out = malloc(compose_bytes_max(&letter));
    require(out != NULL);
    uint64_t len = compose_write(&letter, out);
    require(len <= compose_bytes_max(&letter));
    check_message(dais_str(out, len));
    free(out);
    return 0;
}
