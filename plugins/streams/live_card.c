/* SPDX-License-Identifier: MIT */
#include "live_card.h"

#include "dais/log.h"

enum { BY_ID, BY_NAME, VIEWERS };

#define STREAMS_MAX 65536
#define LAYOUT 1

const struct dais_board live_card_boards[LIVE_CARD_BOARDS] = {
    [BY_ID] = {"live_by_id", STREAMS_MAX, 36, LAYOUT, 0},
    [BY_NAME] = {"live_by_name", STREAMS_MAX, 64, LAYOUT, 0},
    [VIEWERS] = {"viewers", STREAMS_MAX, 36, LAYOUT, 0},
};

static struct dais_buf *make_card(struct dais_str id, struct dais_str playback_id)
{
    struct dais_buf *buf = dais_mem->buf_new(sizeof(struct live_card));
    if (!buf)
        return NULL;
    struct live_card *card = (struct live_card *)buf->data;
    memset(card, 0, sizeof *card);
    memcpy(card->id, id.ptr, id.len);
    memcpy(card->playback_id, playback_id.ptr, playback_id.len);
    return buf;
}

int32_t live_card_put(struct dais_str id, struct dais_str playback_id)
{
    if (id.len >= sizeof(struct live_card){0}.id ||
        playback_id.len >= sizeof(struct live_card){0}.playback_id)
        return DAIS_E_INVALID;
    struct dais_buf *card = make_card(id, playback_id);
    if (!card)
        return DAIS_E_MEMORY;
    int32_t error = dais_shared->put(&live_card_boards[BY_ID], id, card);
    if (!error)
        error = dais_shared->put(&live_card_boards[BY_NAME], playback_id, card);
    dais_mem->buf_unref(card);
    return error;
}

static void take_off(const struct dais_board *board, struct dais_str key)
{
    int32_t error = dais_shared->remove(board, key);
    if (error && error != DAIS_E_NOT_FOUND)
        dais_logf(DAIS_WARN, "a stream that has ended stays known as live");
}

void live_card_remove(struct dais_str id, struct dais_str playback_id)
{
    take_off(&live_card_boards[BY_ID], id);
    take_off(&live_card_boards[BY_NAME], playback_id);
}

static const struct live_card *look_up(const struct dais_board *board, struct dais_str key)
{
    const struct dais_buf *buf = dais_shared->get(board, key);
    return buf ? (const struct live_card *)buf->data : NULL;
}

const struct live_card *live_card_by_id(struct dais_str id)
{
    return look_up(&live_card_boards[BY_ID], id);
}

const struct live_card *live_card_by_name(struct dais_str playback_id)
{
    return look_up(&live_card_boards[BY_NAME], playback_id);
}

void live_card_count(struct dais_str id, uint32_t viewers)
{
    if (viewers == 0) {
        take_off(&live_card_boards[VIEWERS], id);
        return;
    }
    struct dais_buf *buf = dais_mem->buf_new(sizeof viewers);
    if (!buf)
        return;
    memcpy(buf->data, &viewers, sizeof viewers);
    if (dais_shared->put(&live_card_boards[VIEWERS], id, buf))
        dais_logf(DAIS_WARN, "how many watch a stream is not known everywhere");
    dais_mem->buf_unref(buf);
}

uint32_t live_card_viewers(struct dais_str id)
{
    const struct dais_buf *buf = dais_shared->get(&live_card_boards[VIEWERS], id);
    uint32_t viewers = 0;
    if (buf)
        memcpy(&viewers, buf->data, sizeof viewers);
    return viewers;
}
