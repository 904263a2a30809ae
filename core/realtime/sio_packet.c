/* SPDX-License-Identifier: MIT */
#include "realtime/sio_packet.h"

#include "base/check.h"
#include "base/json_scan.h"

#include <string.h>

/* More than the keys of a placeholder need. */
#define KEY_BYTES 16u

static bool is_binary(enum sio_type type)
{
    return type == SIO_BINARY_EVENT || type == SIO_BINARY_ACK;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct dais_str behind(struct dais_str text, uint64_t bytes)
{
    return dais_str(text.ptr + bytes, text.len - bytes);
}

/* The digits at the begin of `text`. */
static struct dais_str digits_of(struct dais_str text)
{
    uint64_t count = 0;
    while (count < text.len && is_digit(text.ptr[count]))
        count++;
    return dais_str(text.ptr, count);
}

static bool take_type(struct dais_str *rest, struct sio_packet *packet)
{
    if (rest->len == 0 || rest->ptr[0] < '0' || rest->ptr[0] > '0' + SIO_BINARY_ACK)
        return false;
    packet->type = (enum sio_type)(rest->ptr[0] - '0');
    *rest = behind(*rest, 1);
    return packet->type != SIO_CONNECT_ERROR;
}

static bool take_attachments(struct dais_str *rest, struct sio_packet *packet)
{
    if (!is_binary(packet->type))
        return true;
    struct dais_str digits = digits_of(*rest);
    uint64_t count;
    if (str_parse_uint(digits, SIO_ATTACHMENTS_MAX, &count) || digits.len == rest->len ||
        rest->ptr[digits.len] != '-')
        return false;
    packet->attachments = (uint32_t)count;
    *rest = behind(*rest, digits.len + 1);
    return true;
}

/* It is written into answers, which must be good for every transport. */
static bool is_space(struct dais_str space)
{
    for (uint64_t i = 0; i < space.len; i++) {
        if ((uint8_t)space.ptr[i] < ' ')
            return false;
    }
    return space.len <= SIO_SPACE_BYTES_MAX && str_is_utf8(space);
}

static bool take_space(struct dais_str *rest, struct sio_packet *packet)
{
    packet->space = dais_str("/", 1);
    if (rest->len == 0 || rest->ptr[0] != '/')
        return true;
    int64_t comma = str_find(*rest, ',');
    uint64_t len = comma < 0 ? rest->len : (uint64_t)comma;
    packet->space = dais_str(rest->ptr, len);
    *rest = behind(*rest, comma < 0 ? len : len + 1);
    return is_space(packet->space);
}

static bool take_id(struct dais_str *rest, struct sio_packet *packet)
{
    struct dais_str digits = digits_of(*rest);
    *rest = behind(*rest, digits.len);
    packet->has_id = digits.len > 0;
    return !packet->has_id || !str_parse_uint(digits, UINT64_MAX, &packet->id);
}

/* An object on the way through the arguments. */
struct level {
    bool is_placeholder;
    struct dais_str num;
};

/* The characters of a number at the begin of `text`. */
static struct dais_str number_of(struct dais_str text)
{
    uint64_t count = 0;
    while (count < text.len && (is_digit(text.ptr[count]) || strchr("+-.eE", text.ptr[count])))
        count++;
    return dais_str(text.ptr, count);
}

/* `value` goes on behind the value. */
static void note_member(struct level *level, struct dais_str key, struct dais_str value)
{
    char memory[KEY_BYTES];
    struct strbuf scratch;
    struct dais_str name;
    strbuf_init_on(&scratch, memory, sizeof memory);
    if (json_scan_text(key, &scratch, &name))
        return;
    if (str_eqz(name, "_placeholder"))
        level->is_placeholder = str_has_prefix(value, "true");
    else if (str_eqz(name, "num"))
        level->num = number_of(value);
}

static bool is_complete(const struct level *level, uint32_t attachments)
{
    uint64_t index;
    return !level->is_placeholder ||
           (attachments > 0 && !str_parse_uint(level->num, attachments - 1, &index));
}

/* One pass over valid arguments: a receiver's parser ends its connection at a placeholder that
 * names no attachment, so none gets further than here. */
static bool placeholders_fit(struct dais_str rest, uint32_t attachments)
{
    struct level levels[JSON_DEPTH_MAX + 1] = {0};
    uint32_t depth = 0;
    struct dais_str text;
    while (rest.len > 0) {
        char c = rest.ptr[0];
        if (c == '"') {
            CHECK(json_scan_item(&rest, &text));
            if (rest.len > 0 && rest.ptr[0] == ':')
                note_member(&levels[depth], text, str_trim(behind(rest, 1)));
            continue;
        }
        rest = behind(rest, 1);
        if (c == '{' || c == '[') {
            CHECK(depth < JSON_DEPTH_MAX);
            levels[++depth] = (struct level){0};
        } else if (c == '}' || c == ']') {
            CHECK(depth > 0);
            if (!is_complete(&levels[depth--], attachments))
                return false;
        }
    }
    return true;
}

static bool name_fits(const struct sio_packet *packet)
{
    char memory[SIO_NAME_BYTES_MAX + 1];
    struct strbuf scratch;
    struct dais_str name;
    strbuf_init_on(&scratch, memory, sizeof memory);
    enum json_kind kind = json_scan_kind(packet->name);
    if (kind == JSON_KIND_INT || kind == JSON_KIND_REAL)
        return true;
    return kind == JSON_KIND_STRING && (sio_packet_name(packet, &scratch, &name) != DAIS_OK ||
                                        !sio_packet_name_is_reserved(name));
}

static bool take_arguments(struct dais_str payload, struct sio_packet *packet)
{
    bool has_name = packet->type == SIO_EVENT || packet->type == SIO_BINARY_EVENT;
    if (json_scan_kind(payload) != JSON_KIND_ARRAY)
        return false;
    packet->data = json_scan_inside(payload);
    if (has_name && (!json_scan_item(&packet->data, &packet->name) || !name_fits(packet)))
        return false;
    if (!has_name && !packet->has_id)
        return false;
    return !is_binary(packet->type) || placeholders_fit(packet->data, packet->attachments);
}

static bool take_payload(struct dais_str rest, struct sio_packet *packet)
{
    struct dais_str payload = dais_str(NULL, 0);
    if (rest.len > 0 && json_scan(rest, &payload))
        return false;
    if (packet->type == SIO_DISCONNECT)
        return !payload.ptr;
    if (packet->type != SIO_CONNECT)
        return take_arguments(payload, packet);
    packet->data = payload;
    return !payload.ptr || json_scan_kind(payload) == JSON_KIND_OBJECT;
}

int32_t sio_packet_parse(struct dais_str text, struct sio_packet *ret_packet)
{
    struct sio_packet packet = {0};
    struct dais_str rest = text;
    if (!take_type(&rest, &packet) || !take_attachments(&rest, &packet) ||
        !take_space(&rest, &packet) || !take_id(&rest, &packet) || !take_payload(rest, &packet))
        return DAIS_E_INVALID;
    *ret_packet = packet;
    return DAIS_OK;
}

int32_t sio_packet_name(const struct sio_packet *packet, struct strbuf *scratch,
                        struct dais_str *ret_name)
{
    struct dais_str name = packet->name;
    if (json_scan_kind(name) == JSON_KIND_STRING) {
        int32_t code = json_scan_text(name, scratch, &name);
        if (code)
            return code;
    }
    if (name.len > SIO_NAME_BYTES_MAX)
        return DAIS_E_TOO_LARGE;
    *ret_name = name;
    return DAIS_OK;
}

bool sio_packet_name_is_reserved(struct dais_str name)
{
    static const char *const reserved[] = {"connect",       "connect_error", "disconnect",
                                           "disconnecting", "newListener",   "removeListener"};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        if (str_eqz(name, reserved[i]))
            return true;
    }
    return false;
}

static void add_arguments(struct strbuf *out, const struct sio_packet *packet)
{
    strbuf_addc(out, '[');
    strbuf_add(out, packet->name);
    if (packet->name.len > 0 && packet->data.len > 0)
        strbuf_addc(out, ',');
    strbuf_add(out, packet->data);
    strbuf_addc(out, ']');
}

void sio_packet_add_head(struct strbuf *out, const struct sio_packet *packet)
{
    strbuf_addc(out, (char)('0' + packet->type));
    if (is_binary(packet->type)) {
        CHECK(packet->attachments <= SIO_ATTACHMENTS_MAX);
        strbuf_addu(out, packet->attachments);
        strbuf_addc(out, '-');
    }
    if (packet->space.len > 1) {
        strbuf_add(out, packet->space);
        strbuf_addc(out, ',');
    }
    if (packet->has_id)
        strbuf_addu(out, packet->id);
}

void sio_packet_add(struct strbuf *out, const struct sio_packet *packet)
{
    sio_packet_add_head(out, packet);
    if (packet->type == SIO_EVENT || packet->type == SIO_ACK || is_binary(packet->type))
        add_arguments(out, packet);
    else
        strbuf_add(out, packet->data);
}
