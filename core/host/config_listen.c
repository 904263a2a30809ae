/* SPDX-License-Identifier: MIT */
#include "host/config_listen.h"

#include "base/arena.h"
#include "base/str.h"
#include "host/config_keys.h"
#include "host/report.h"
#include "net/tls.h"

#include <limits.h>
#include <stddef.h>
#include <unistd.h>

/** In the place of addresses: no plain HTTP at all. */
#define LISTEN_OFF "off"

/** A pair of files as it was written. */
struct config_certificate {
    uint64_t present;
    struct dais_str certificate;
    struct dais_str key;
};

static const struct dais_field certificate_fields[] = {
    DAIS_FIELD(struct config_certificate, certificate, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1,
               4096, "PEM file with the certificate and the chain behind it"),
    DAIS_FIELD(struct config_certificate, key, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 4096,
               "PEM file with its key, which has no password"),
    DAIS_FIELD_END,
};

static const struct dais_shape certificate_shape = DAIS_SHAPE(
    "ConfigCertificate", struct config_certificate, certificate_fields);

static const struct dais_field tls_fields[] = {
    DAIS_FIELD_CONFIG(struct config_tls, listen, DAIS_KIND_LIST, 0, CONFIG_LISTEN_MAX, NULL, NULL,
                      "Ports or addresses with port to listen on for HTTPS; default none"),
    DAIS_FIELD_NESTED("certificates", struct config_tls, certificates, DAIS_KIND_LIST, 0,
                      TLS_PAIRS_MAX, &certificate_shape,
                      "Certificates; clients that name no host of another one get the first"),
    DAIS_FIELD_END,
};

const struct dais_shape config_tls_shape = DAIS_SHAPE("ConfigTls", struct config_tls, tls_fields);

/** "8080" means every interface; what else is written is "address:port". */
static int32_t normalize(struct dais_arena *arena, struct dais_str text,
                         struct dais_str *ret_address)
{
    int64_t port;
    if (str_parse_int(text, 0, UINT16_MAX, &port) == DAIS_OK) {
        *ret_address = arena_printf(arena, "0.0.0.0:%d", (int)port);
        return ret_address->ptr ? DAIS_OK : DAIS_E_MEMORY;
    }
    uint64_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':')
        colon--;
    if (colon < 2 || str_parse_int(str_sub(text, colon, text.len), 0, UINT16_MAX, &port))
        return DAIS_E_INVALID;
    *ret_address = arena_dup(arena, text);
    return ret_address->ptr ? DAIS_OK : DAIS_E_MEMORY;
}

/** Where addresses go, and what names them in a message. */
struct addresses {
    struct dais_arena *arena;
    struct report *report;
    const char *file;
    const char *key;
};

static int32_t take_addresses(const struct addresses *where, struct dais_list given,
                              struct dais_list *ret_list)
{
    struct dais_str *list = arena_alloc(where->arena, (given.count + 1) * sizeof *list);
    if (!list)
        return DAIS_E_MEMORY;
    for (uint64_t i = 0; i < given.count; i++) {
        struct dais_str text = ((const struct dais_str *)given.items)[i];
        int32_t error = normalize(where->arena, text, &list[i]);
        if (error)
            report_add(where->report, "%s: %s: '%.*s' is neither a port nor address:port",
                       where->file, where->key, STR_ARG(text));
    }
    *ret_list = (struct dais_list){list, given.count};
    return DAIS_OK;
}

/** Seen from the folder in which the server was started. */
static struct dais_str absolute(struct dais_arena *arena, struct dais_str path)
{
    char cwd[PATH_MAX];
    if (path.ptr[0] == '/' || !getcwd(cwd, sizeof cwd))
        return arena_dup(arena, path);
    return arena_printf(arena, "%s/%.*s", cwd, STR_ARG(path));
}

static int32_t take_pairs(const struct config_tls *tls, struct dais_arena *arena,
                          struct dais_list *ret_list)
{
    const struct config_certificate *given = tls->certificates.items;
    uint64_t count = tls->certificates.count;
    struct tls_pair *pairs = arena_alloc(arena, (count + 1) * sizeof *pairs);
    if (!pairs)
        return DAIS_E_MEMORY;
    for (uint64_t i = 0; i < count; i++) {
        pairs[i].certificate = absolute(arena, given[i].certificate);
        pairs[i].key = absolute(arena, given[i].key);
        if (!pairs[i].certificate.ptr || !pairs[i].key.ptr)
            return DAIS_E_MEMORY;
    }
    *ret_list = (struct dais_list){pairs, count};
    return DAIS_OK;
}

static struct dais_list plain_list(const struct config_values *values)
{
    static const struct dais_str fallback = DAIS_STR_INIT("8080");
    struct dais_list given = values->http.listen;
    const struct dais_str *first = given.items;
    if (given.count == 0)
        return (struct dais_list){&fallback, 1};
    return given.count == 1 && str_eqz(first[0], LISTEN_OFF) ? (struct dais_list){NULL, 0} : given;
}

static void check(const struct config *config, struct report *report)
{
    const char *file = config->file.ptr;
    if (config->http_listen.count + config->tls_listen.count > CONFIG_LISTEN_MAX)
        report_add(report, "%s: http.listen and tls.listen have more than %u addresses", file,
                   CONFIG_LISTEN_MAX);
    if (config->tls_listen.count > 0 && config->tls_pairs.count == 0)
        report_add(report, "%s: tls.listen: needs tls.certificates", file);
    if (config->http_listen.count + config->tls_listen.count == 0)
        report_add(report, "%s: http.listen: may be off only with tls.listen", file);
}

int32_t config_listen_take(const struct config_values *values, struct dais_arena *arena,
                           struct report *report, struct config *config)
{
    struct addresses where = {arena, report, config->file.ptr, "http.listen"};
    int32_t error = take_addresses(&where, plain_list(values), &config->http_listen);
    where.key = "tls.listen";
    if (!error)
        error = take_addresses(&where, values->tls.listen, &config->tls_listen);
    if (!error)
        error = take_pairs(&values->tls, arena, &config->tls_pairs);
    if (!error)
        check(config, report);
    return error;
}
