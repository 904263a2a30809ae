/* SPDX-License-Identifier: MIT */
#include "amf0.h"

#include <string.h>

#include "bytes.h"

enum marker {
    MARKER_NUMBER = 0,
    MARKER_BOOLEAN = 1,
    MARKER_STRING = 2,
    MARKER_OBJECT = 3,
    MARKER_NULL = 5,
    MARKER_UNDEFINED = 6,
    MARKER_ECMA_ARRAY = 8,
    MARKER_OBJECT_END = 9,
    MARKER_STRICT_ARRAY = 10,
    MARKER_DATE = 11,
    MARKER_LONG_STRING = 12,
    MARKER_UNSUPPORTED = 13,
    MARKER_XML = 15,
    MARKER_TYPED_OBJECT = 16,
};

void amf0_reader_init(struct amf0_reader *reader, struct dais_str in)
{
    static const uint8_t nothing[1];
    reader->at = in.len > 0 ? (const uint8_t *)in.ptr : nothing;
    reader->end = reader->at + in.len;
}

bool amf0_at_end(const struct amf0_reader *reader)
{
    return reader->at == reader->end;
}

/* The next `bytes` bytes, or NULL when fewer are left. */
static const uint8_t *take(struct amf0_reader *reader, uint32_t bytes)
{
    if ((uint64_t)(reader->end - reader->at) < bytes)
        return NULL;
    const uint8_t *from = reader->at;
    reader->at += bytes;
    return from;
}

static int32_t take_double(struct amf0_reader *reader, double *ret_number)
{
    const uint8_t *p = take(reader, 8);
    if (!p)
        return DAIS_E_INVALID;
    uint64_t bits = (uint64_t)bytes_get32(p) << 32 | bytes_get32(p + 4);
    memcpy(ret_number, &bits, sizeof(bits));
    return 0;
}

static int32_t take_string(struct amf0_reader *reader, uint32_t length_bytes,
                           struct dais_str *ret_string)
{
    const uint8_t *p = take(reader, length_bytes);
    if (!p)
        return DAIS_E_INVALID;
    uint32_t len = length_bytes == 2 ? bytes_get16(p) : bytes_get32(p);
    p = take(reader, len);
    if (!p)
        return DAIS_E_INVALID;
    *ret_string = dais_str((const char *)p, len);
    return 0;
}

static int32_t read_date(struct amf0_reader *reader, struct amf0_value *value)
{
    value->kind = AMF0_DATE;
    int32_t error = take_double(reader, &value->number);
    if (error)
        return error;
    return take(reader, 2) ? 0 : DAIS_E_INVALID; /* time zone: reserved, 0 */
}

static int32_t read_boolean(struct amf0_reader *reader, struct amf0_value *value)
{
    const uint8_t *p = take(reader, 1);
    if (!p)
        return DAIS_E_INVALID;
    value->kind = AMF0_BOOLEAN;
    value->boolean = *p != 0;
    return 0;
}

/* The heads of what holds other values. */
static int32_t read_head(struct amf0_reader *reader, uint8_t marker, struct amf0_value *value)
{
    value->kind = marker == MARKER_STRICT_ARRAY ? AMF0_ARRAY : AMF0_OBJECT;
    if (marker == MARKER_OBJECT)
        return 0;
    if (marker == MARKER_TYPED_OBJECT)
        return take_string(reader, 2, &value->string); /* class name */
    const uint8_t *count = take(reader, 4);
    if (!count)
        return DAIS_E_INVALID;
    value->count = bytes_get32(count);
    return 0;
}

static int32_t read_value(struct amf0_reader *reader, uint8_t marker, struct amf0_value *value)
{
    switch (marker) {
    case MARKER_NUMBER:
        value->kind = AMF0_NUMBER;
        return take_double(reader, &value->number);
    case MARKER_BOOLEAN:
        return read_boolean(reader, value);
    case MARKER_STRING:
        value->kind = AMF0_STRING;
        return take_string(reader, 2, &value->string);
    case MARKER_LONG_STRING:
    case MARKER_XML:
        value->kind = AMF0_STRING;
        return take_string(reader, 4, &value->string);
    case MARKER_NULL:
        value->kind = AMF0_NULL;
        return 0;
    case MARKER_UNDEFINED:
    case MARKER_UNSUPPORTED:
        value->kind = AMF0_UNDEFINED;
        return 0;
    case MARKER_DATE:
        return read_date(reader, value);
    case MARKER_OBJECT:
    case MARKER_TYPED_OBJECT:
    case MARKER_ECMA_ARRAY:
    case MARKER_STRICT_ARRAY:
        return read_head(reader, marker, value);
    default:
        return DAIS_E_INVALID;
    }
}

int32_t amf0_read(struct amf0_reader *reader, struct amf0_value *ret_value)
{
    const uint8_t *marker = take(reader, 1);
    if (!marker)
        return DAIS_E_INVALID;
    struct amf0_value value = {0};
    int32_t error = read_value(reader, *marker, &value);
    if (error)
        return error;
    *ret_value = value;
    return 0;
}

int32_t amf0_read_key(struct amf0_reader *reader, struct dais_str *ret_key)
{
    if (amf0_at_end(reader))
        return 0;
    struct dais_str key;
    int32_t error = take_string(reader, 2, &key);
    if (error)
        return error;
    if (key.len == 0) {
        /* An empty key is a key like others unless the end marker follows. */
        if (amf0_at_end(reader))
            return 0;
        if (*reader->at == MARKER_OBJECT_END) {
            reader->at++;
            return 0;
        }
    }
    *ret_key = key;
    return 1;
}

/* What is still to be skipped at one level of nesting. */
struct level {
    bool keyed;
    uint32_t left; /* values of a strict array */
};

/* Returns 1 when a value of `level` is to be skipped next, 0 when the level is over. */
static int32_t next_in_level(struct amf0_reader *reader, struct level *level)
{
    if (level->keyed) {
        struct dais_str key;
        return amf0_read_key(reader, &key);
    }
    if (level->left == 0)
        return 0;
    level->left--;
    return 1;
}

int32_t amf0_skip_rest(struct amf0_reader *reader, const struct amf0_value *value)
{
    struct level levels[AMF0_DEPTH_MAX];
    uint32_t depth = 0;
    struct amf0_value inner = *value;
    for (;;) {
        if (inner.kind == AMF0_OBJECT || inner.kind == AMF0_ARRAY) {
            if (depth == AMF0_DEPTH_MAX)
                return DAIS_E_LIMIT;
            levels[depth++] = (struct level){inner.kind == AMF0_OBJECT, inner.count};
        }
        int32_t status = 0;
        while (depth > 0 && (status = next_in_level(reader, &levels[depth - 1])) == 0)
            depth--;
        if (status <= 0)
            return status;
        int32_t error = amf0_read(reader, &inner);
        if (error)
            return error;
    }
}

int32_t amf0_skip(struct amf0_reader *reader)
{
    struct amf0_value value;
    int32_t error = amf0_read(reader, &value);
    return error ? error : amf0_skip_rest(reader, &value);
}

int32_t amf0_read_string(struct amf0_reader *reader, struct dais_str *ret_string)
{
    struct amf0_value value;
    int32_t error = amf0_read(reader, &value);
    if (error)
        return error;
    if (value.kind != AMF0_STRING)
        return DAIS_E_INVALID;
    *ret_string = value.string;
    return 0;
}

int32_t amf0_read_number(struct amf0_reader *reader, double *ret_number)
{
    struct amf0_value value;
    int32_t error = amf0_read(reader, &value);
    if (error)
        return error;
    if (value.kind != AMF0_NUMBER)
        return DAIS_E_INVALID;
    *ret_number = value.number;
    return 0;
}

void amf0_writer_init(struct amf0_writer *writer, uint8_t *out, size_t room)
{
    *writer = (struct amf0_writer){.start = out, .at = out, .end = out + room};
}

static void put(struct amf0_writer *writer, const void *from, size_t bytes)
{
    if ((size_t)(writer->end - writer->at) < bytes) {
        writer->full = true;
        return;
    }
    if (bytes > 0)
        memcpy(writer->at, from, bytes);
    writer->at += bytes;
}

static void put_marker(struct amf0_writer *writer, enum marker marker)
{
    uint8_t byte = (uint8_t)marker;
    put(writer, &byte, 1);
}

void amf0_write_number(struct amf0_writer *writer, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    uint8_t bytes[8];
    bytes_put32(bytes, (uint32_t)(bits >> 32));
    bytes_put32(bytes + 4, (uint32_t)bits);
    put_marker(writer, MARKER_NUMBER);
    put(writer, bytes, sizeof(bytes));
}

void amf0_write_boolean(struct amf0_writer *writer, bool boolean)
{
    uint8_t byte = boolean;
    put_marker(writer, MARKER_BOOLEAN);
    put(writer, &byte, 1);
}

void amf0_write_string(struct amf0_writer *writer, struct dais_str string)
{
    put_marker(writer, MARKER_STRING);
    amf0_write_key(writer, string);
}

void amf0_write_null(struct amf0_writer *writer)
{
    put_marker(writer, MARKER_NULL);
}

void amf0_write_undefined(struct amf0_writer *writer)
{
    put_marker(writer, MARKER_UNDEFINED);
}

void amf0_write_object(struct amf0_writer *writer)
{
    put_marker(writer, MARKER_OBJECT);
}

void amf0_write_key(struct amf0_writer *writer, struct dais_str key)
{
    if (key.len > UINT16_MAX) {
        writer->full = true;
        return;
    }
    uint8_t len[2];
    bytes_put16(len, (uint32_t)key.len);
    put(writer, len, sizeof(len));
    put(writer, key.ptr, key.len);
}

void amf0_write_object_end(struct amf0_writer *writer)
{
    amf0_write_key(writer, dais_str("", 0));
    put_marker(writer, MARKER_OBJECT_END);
}

int32_t amf0_writer_done(const struct amf0_writer *writer, struct dais_str *ret_bytes)
{
    if (writer->full)
        return DAIS_E_LIMIT;
    *ret_bytes = dais_str((const char *)writer->start, (uint64_t)(writer->at - writer->start));
    return 0;
}
