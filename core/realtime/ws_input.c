/* SPDX-License-Identifier: MIT */
#include "realtime/ws_input.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/str.h"
#include "realtime/utf8.h"
#include "realtime/ws.h"

#include <string.h>
#include <wslay/wslay.h>

#define MESSAGE_BYTES_MAX (UINT32_C(1) << 30)
/** RFC 6455 §5.5. */
#define CONTROL_BYTES_MAX 125u

/** A context of wslay, and of its frame what is not told by wslay. */
struct ws_reader {
    struct ws_reader *next;
    wslay_frame_context_ptr wslay;
    struct dais_str *bytes; /* during ws_input_next */
    uint64_t fed;           /* bytes given to wslay that belong to no complete frame */
    uint64_t have;          /* bytes of this frame's payload */
    bool inside;            /* of a frame whose head was checked */
    bool refused;           /* that frame: the rest of it is thrown away */
    uint8_t control[CONTROL_BYTES_MAX];
};

/** A message of which some has come. */
struct ws_assembly {
    struct strbuf bytes;
    struct utf8 utf8;
    uint64_t counted; /* of `bytes`, by ws_readers_count */
    bool binary;
    bool done; /* given to the caller, until the next call */
};

/* --- readers --- */

static ssize_t feed(uint8_t *to, size_t len, int flags, void *arg)
{
    struct ws_reader *reader = arg;
    uint64_t take = reader->bytes->len < len ? reader->bytes->len : len;
    if (take == 0)
        return -1; /* wslay takes that for "later" */
    memcpy(to, reader->bytes->ptr, take);
    *reader->bytes = str_sub(*reader->bytes, take, reader->bytes->len - take);
    reader->fed += take;
    return (ssize_t)take;
}

static struct ws_reader *make_reader(void)
{
    static const struct wslay_frame_callbacks callbacks = {.recv_callback = feed};
    struct ws_reader *reader = mem_zalloc(1, sizeof *reader);
    if (!reader)
        return NULL;
    if (wslay_frame_context_init(&reader->wslay, &callbacks, reader)) {
        mem_free(reader);
        return NULL;
    }
    return reader;
}

static void free_reader(struct ws_reader *reader)
{
    wslay_frame_context_free(reader->wslay);
    mem_free(reader);
}

static bool borrow_reader(struct ws_input *input)
{
    struct ws_readers *readers = input->readers;
    input->reader = readers->free;
    if (!input->reader)
        return (input->reader = make_reader()) != NULL;
    readers->free = input->reader->next;
    readers->free_count--;
    return true;
}

/* Only a reader between two frames is of use to others. */
static void return_reader(struct ws_input *input)
{
    struct ws_reader *reader = input->reader;
    input->reader = NULL;
    if (!reader)
        return;
    struct ws_readers *readers = input->readers;
    if (reader->fed || reader->inside || readers->free_count == WS_READERS_FREE_MAX) {
        free_reader(reader);
        return;
    }
    reader->next = readers->free;
    readers->free = reader;
    readers->free_count++;
}

void ws_readers_fini(struct ws_readers *readers)
{
    while (readers->free) {
        struct ws_reader *reader = readers->free;
        readers->free = reader->next;
        free_reader(reader);
    }
    readers->free_count = 0;
}

/* --- messages --- */

bool ws_readers_count(struct ws_readers *readers, uint64_t bytes)
{
    if (readers->bytes_max && bytes > readers->bytes_max - readers->bytes)
        return false;
    readers->bytes += bytes;
    return true;
}

void ws_readers_give_back(struct ws_readers *readers, uint64_t bytes)
{
    CHECK(bytes <= readers->bytes);
    readers->bytes -= bytes;
}

static void free_assembly(struct ws_input *input)
{
    struct ws_assembly *assembly = input->assembly;
    if (!assembly)
        return;
    ws_readers_give_back(input->readers, assembly->counted);
    strbuf_fini(&assembly->bytes);
    mem_free(assembly);
    input->assembly = NULL;
}

static bool make_assembly(struct ws_input *input, bool binary)
{
    input->assembly = mem_zalloc(1, sizeof *input->assembly);
    if (!input->assembly)
        return false;
    strbuf_init(&input->assembly->bytes, input->message_bytes_max);
    input->assembly->binary = binary;
    return true;
}

static bool fail(struct ws_input *input, uint32_t code, struct ws_input_event *event)
{
    CHECK(!input->failed);
    input->failed = true;
    free_assembly(input);
    *event = (struct ws_input_event){.kind = WS_INPUT_FAILED, .code = code};
    return true;
}

static bool is_control(const struct wslay_frame_iocb *frame)
{
    return wslay_is_ctrl_frame(frame->opcode);
}

/* The close code that a frame's head calls for, or 0. RFC 6455 §5.1, §5.2, §5.4. wslay has checked
 * the length of its length, and that control frames are short and whole. */
static uint32_t judge_head(const struct ws_input *input, const struct wslay_frame_iocb *frame)
{
    bool first = frame->opcode == WSLAY_TEXT_FRAME || frame->opcode == WSLAY_BINARY_FRAME;
    bool known = first || frame->opcode == WSLAY_CONTINUATION_FRAME ||
                 (frame->opcode >= WSLAY_CONNECTION_CLOSE && frame->opcode <= WSLAY_PONG);
    if (!frame->mask || frame->rsv || !known)
        return WS_CLOSE_PROTOCOL;
    if (is_control(frame))
        return 0;
    if (first == (input->assembly != NULL))
        return WS_CLOSE_PROTOCOL;
    uint64_t have = input->assembly ? strbuf_view(&input->assembly->bytes).len : 0;
    return frame->payload_length > input->message_bytes_max - have ? WS_CLOSE_TOO_BIG : 0;
}

/* Codes that may be on the wire: RFC 6455 §7.4 and what IANA has added to it. */
static bool may_be_sent(uint32_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static bool end_close(struct ws_input *input, struct dais_str payload, struct ws_input_event *event)
{
    uint32_t code = WS_CLOSE_NO_CODE;
    if (payload.len >= 2)
        code = (uint32_t)(uint8_t)payload.ptr[0] << 8 | (uint8_t)payload.ptr[1];
    struct dais_str reason = str_sub(payload, 2, payload.len);
    bool failed = input->failed;
    if (!failed && (payload.len == 1 || (payload.len >= 2 && !may_be_sent(code))))
        return fail(input, WS_CLOSE_PROTOCOL, event);
    if (!failed && !str_is_utf8(reason))
        return fail(input, WS_CLOSE_NOT_UTF8, event);
    input->failed = input->lost = true;
    free_assembly(input);
    *event = (struct ws_input_event){.kind = WS_INPUT_CLOSE, .code = code, .payload = reason};
    return true;
}

static bool take_control(struct ws_input *input, const struct wslay_frame_iocb *frame, bool whole,
                         struct ws_input_event *event)
{
    struct ws_reader *reader = input->reader;
    CHECK(reader->have <= sizeof reader->control);
    memcpy(reader->control + reader->have - frame->data_length, frame->data, frame->data_length);
    if (!whole)
        return false;
    struct dais_str payload = dais_str((const char *)reader->control, reader->have);
    if (frame->opcode == WSLAY_CONNECTION_CLOSE)
        return end_close(input, payload, event);
    if (input->failed)
        return false;
    event->kind = frame->opcode == WSLAY_PING ? WS_INPUT_PING : WS_INPUT_PONG;
    event->payload = payload;
    return true;
}

/* A message that came in one piece is given away where wslay has it. */
static bool take_whole(struct ws_input *input, bool binary, struct dais_str piece,
                       struct ws_input_event *event)
{
    if (!binary && !str_is_utf8(piece))
        return fail(input, WS_CLOSE_NOT_UTF8, event);
    event->kind = binary ? WS_INPUT_BINARY : WS_INPUT_TEXT;
    event->payload = piece;
    return true;
}

static bool take_data(struct ws_input *input, const struct wslay_frame_iocb *frame, bool whole,
                      struct ws_input_event *event)
{
    struct dais_str piece = dais_str((const char *)frame->data, frame->data_length);
    bool binary = frame->opcode == WSLAY_BINARY_FRAME;
    if (!input->assembly && whole && frame->fin)
        return take_whole(input, binary, piece, event);
    if (!input->assembly && !make_assembly(input, binary))
        return fail(input, WS_CLOSE_INTERNAL, event);
    struct ws_assembly *assembly = input->assembly;
    if (!ws_readers_count(input->readers, piece.len))
        return fail(input, WS_CLOSE_TRY_LATER, event);
    assembly->counted += piece.len;
    strbuf_add(&assembly->bytes, piece);
    if (strbuf_error(&assembly->bytes))
        return fail(input, WS_CLOSE_INTERNAL, event);
    if (!assembly->binary && !utf8_feed(&assembly->utf8, piece))
        return fail(input, WS_CLOSE_NOT_UTF8, event);
    if (!whole || !frame->fin)
        return false;
    if (!utf8_is_complete(&assembly->utf8))
        return fail(input, WS_CLOSE_NOT_UTF8, event);
    assembly->done = true;
    event->kind = assembly->binary ? WS_INPUT_BINARY : WS_INPUT_TEXT;
    event->payload = strbuf_view(&assembly->bytes);
    return true;
}

/* --- frames --- */

static uint32_t head_bytes(const struct wslay_frame_iocb *frame)
{
    uint32_t more = frame->payload_length < 126 ? 0 : frame->payload_length <= UINT16_MAX ? 2 : 8;
    return 2 + more + (frame->mask ? 4 : 0);
}

/* Takes what has come of a frame. True: `*event` is something for the caller. */
static bool take_piece(struct ws_input *input, const struct wslay_frame_iocb *frame,
                       struct ws_input_event *event)
{
    struct ws_reader *reader = input->reader;
    bool begins = !reader->inside;
    if (begins) {
        reader->fed -= head_bytes(frame);
        reader->have = 0;
        reader->refused = false;
    }
    reader->fed -= frame->data_length;
    reader->have += frame->data_length;
    bool whole = reader->have == frame->payload_length;
    reader->inside = !whole;
    uint32_t code = begins && !input->failed ? judge_head(input, frame) : 0;
    reader->refused = reader->refused || code != 0;
    if (code)
        return fail(input, code, event);
    if (reader->refused)
        return false;
    if (is_control(frame))
        return take_control(input, frame, whole, event);
    return !input->failed && take_data(input, frame, whole, event);
}

/* Frames can't be told apart any more. */
static bool lose(struct ws_input *input, uint32_t code, struct ws_input_event *event)
{
    return_reader(input);
    input->lost = true;
    return !input->failed && fail(input, code, event);
}

void ws_input_init(struct ws_input *input, struct ws_readers *readers, uint64_t message_bytes_max)
{
    uint64_t max = message_bytes_max < MESSAGE_BYTES_MAX ? message_bytes_max : MESSAGE_BYTES_MAX;
    *input = (struct ws_input){.readers = readers, .message_bytes_max = (uint32_t)max};
}

bool ws_input_next(struct ws_input *input, struct dais_str *bytes, struct ws_input_event *ret_event)
{
    *ret_event = (struct ws_input_event){.payload = dais_str("", 0)};
    if (input->assembly && (input->assembly->done || input->failed))
        free_assembly(input);
    while (!input->lost && (bytes->len > 0 || input->reader)) {
        struct wslay_frame_iocb frame;
        if (!input->reader && !borrow_reader(input))
            return lose(input, WS_CLOSE_INTERNAL, ret_event);
        input->reader->bytes = bytes;
        ssize_t got = wslay_frame_recv(input->reader->wslay, &frame);
        if (got == WSLAY_ERR_WANT_READ) {
            if (input->reader->fed == 0 && !input->reader->inside)
                return_reader(input);
            return false;
        }
        if (got < 0)
            return lose(input, WS_CLOSE_PROTOCOL, ret_event);
        if (take_piece(input, &frame, ret_event))
            return true;
    }
    if (input->lost) {
        return_reader(input);
        *bytes = dais_str("", 0);
    }
    return false;
}

void ws_input_fini(struct ws_input *input)
{
    return_reader(input);
    free_assembly(input);
    input->lost = true;
}
