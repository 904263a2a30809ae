/* SPDX-License-Identifier: MIT */
#include "net/http_address.h"

#include "base/hash.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define V4_PREFIX_BYTES 12u
#define V4_PREFIX_BITS 96u

static const uint8_t v4_prefix[V4_PREFIX_BYTES] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_v4(const struct http_address *address)
{
    return memcmp(address->bytes, v4_prefix, V4_PREFIX_BYTES) == 0;
}

static void set_v4(struct http_address *address, const void *bytes)
{
    memcpy(address->bytes, v4_prefix, V4_PREFIX_BYTES);
    memcpy(address->bytes + V4_PREFIX_BYTES, bytes, 4);
}

struct http_address http_address_of(const struct sockaddr_storage *name)
{
    struct http_address address = {{0}};
    const struct sockaddr_in6 *v6 = (const void *)name;
    const struct sockaddr_in *v4 = (const void *)name;
    if (name->ss_family == AF_INET)
        set_v4(&address, &v4->sin_addr);
    else if (name->ss_family == AF_INET6)
        memcpy(address.bytes, &v6->sin6_addr, sizeof address.bytes);
    return address;
}

static uint32_t count_char(struct dais_str text, char wanted)
{
    uint32_t count = 0;
    for (uint64_t i = 0; i < text.len; i++)
        count += text.ptr[i] == wanted;
    return count;
}

/* "[::1]:80" → "::1", "192.0.2.1:80" → "192.0.2.1"; a bare IPv6 address has no port. */
static struct dais_str without_port(struct dais_str text)
{
    struct dais_str inside;
    if (text.len > 0 && text.ptr[0] == '[') {
        struct dais_str rest = str_sub(text, 1, text.len);
        bool closed = count_char(rest, ']') == 1;
        return closed && str_split(&rest, ']', &inside) ? inside : dais_str(NULL, 0);
    }
    if (count_char(text, ':') == 1 && str_split(&text, ':', &inside))
        return inside;
    return text;
}

int32_t http_address_parse(struct dais_str text, struct http_address *ret_address)
{
    char buf[INET6_ADDRSTRLEN + 1];
    struct in_addr v4;
    struct in6_addr v6;
    struct dais_str bare = without_port(text);
    if (bare.len == 0 || bare.len >= sizeof buf || memchr(bare.ptr, '\0', bare.len))
        return DAIS_E_INVALID;
    memcpy(buf, bare.ptr, bare.len);
    buf[bare.len] = '\0';
    if (inet_pton(AF_INET, buf, &v4) == 1)
        set_v4(ret_address, &v4);
    else if (inet_pton(AF_INET6, buf, &v6) == 1)
        memcpy(ret_address->bytes, &v6, sizeof ret_address->bytes);
    else
        return DAIS_E_INVALID;
    return DAIS_OK;
}

static bool is_none(const struct http_address *address)
{
    static const struct http_address none;
    return memcmp(address, &none, sizeof none) == 0;
}

void http_address_write(const struct http_address *address, char ret_text[HTTP_ADDRESS_BYTES])
{
    if (is_none(address))
        snprintf(ret_text, HTTP_ADDRESS_BYTES, "unknown");
    else if (is_v4(address))
        inet_ntop(AF_INET, address->bytes + V4_PREFIX_BYTES, ret_text, HTTP_ADDRESS_BYTES);
    else
        inet_ntop(AF_INET6, address->bytes, ret_text, HTTP_ADDRESS_BYTES);
}

uint64_t http_address_key(const struct http_address *address)
{
    uint64_t len = is_v4(address) ? sizeof address->bytes : sizeof address->bytes / 2;
    return hash_bytes(dais_str((const char *)address->bytes, len));
}

int32_t http_network_parse(struct dais_str text, struct http_network *ret_network)
{
    struct http_network network;
    struct dais_str rest = text;
    struct dais_str base;
    int64_t bits;
    if (!str_split(&rest, '/', &base) || count_char(base, ']') > 0 ||
        http_address_parse(base, &network.base) != DAIS_OK || without_port(base).len != base.len)
        return DAIS_E_INVALID;
    uint32_t most = is_v4(&network.base) ? 32 : 128;
    if (!rest.ptr)
        bits = most;
    else if (str_parse_int(rest, 0, most, &bits) != DAIS_OK)
        return DAIS_E_INVALID;
    network.bits = (uint32_t)bits + (is_v4(&network.base) ? V4_PREFIX_BITS : 0);
    *ret_network = network;
    return DAIS_OK;
}

bool http_network_has(const struct http_network *network, const struct http_address *address)
{
    uint32_t whole = network->bits / 8;
    uint32_t left = network->bits % 8;
    if (memcmp(network->base.bytes, address->bytes, whole) != 0)
        return false;
    uint32_t mask = left ? 0xffu << (8 - left) & 0xffu : 0;
    return left == 0 || ((network->base.bytes[whole] ^ address->bytes[whole]) & mask) == 0;
}

static struct dais_str unquote(struct dais_str text)
{
    if (text.len >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"')
        return str_sub(text, 1, text.len - 2);
    return text;
}

/* One pair of a Forwarded element: for=…, proto=… */
static void take_pair(struct dais_str pair, struct http_hop *hop)
{
    struct dais_str name;
    struct dais_str rest = str_trim(pair);
    if (!str_split(&rest, '=', &name) || !rest.ptr)
        return;
    struct dais_str value = unquote(rest);
    if (str_eqz_nocase(name, "for")) {
        if (http_address_parse(value, &hop->address) != DAIS_OK)
            hop->address = (struct http_address){{0}};
    } else if (str_eqz_nocase(name, "proto")) {
        if (str_eqz_nocase(value, "https"))
            hop->scheme = dais_cstr("https");
        else if (str_eqz_nocase(value, "http"))
            hop->scheme = dais_cstr("http");
    }
}

bool http_hop_take(struct dais_str *rest, bool forwarded, struct http_hop *ret_hop)
{
    struct http_hop hop = {.scheme = {NULL, 0}};
    uint64_t start = rest->len;
    if (rest->len == 0)
        return false;
    while (start > 0 && rest->ptr[start - 1] != ',')
        start--;
    struct dais_str element = str_trim(str_sub(*rest, start, rest->len));
    *rest = str_sub(*rest, 0, start > 0 ? start - 1 : 0);
    if (forwarded) {
        struct dais_str pair;
        while (str_split(&element, ';', &pair))
            take_pair(pair, &hop);
    } else if (http_address_parse(element, &hop.address) != DAIS_OK) {
        hop.address = (struct http_address){{0}};
    }
    *ret_hop = hop;
    return true;
}
