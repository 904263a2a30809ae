/* SPDX-License-Identifier: MIT */
#include "card.h"

#include "dais/fiber.h"
#include "dais/log.h"
#include "dais/mem.h"
#include "dais/random.h"
#include "dais/svc/roomsource.h"
#include "store_rooms.h"

#define CARDS_MAX 65536
#define LAYOUT 1
#define ID_BYTES 36u
/* How long a card may lie: what its source says (closed, removed) counts that late, and a room in
 * which something happens is read that often. How long it is remembered that one was dropped. */
#define CARD_MS 1000
#define DROPPED_MS 10000

const struct dais_board card_boards[CARD_BOARDS] = {
    {"chat_rooms", CARDS_MAX, ID_BYTES, LAYOUT, 0},
};

/**
 * What lies on the board: a card with its texts behind it, or the mark that one was dropped.
 * Whoever was reading the room when the mark came does not put what it has read.
 */
struct entry {
    uint64_t dropped; /**< a number of its own; 0: there is a card */
    struct card card;
};

/* --- one block of memory that holds a card --- */

/** Where copies go. With `to` NULL it only counts. */
struct room_left {
    uint8_t *to;
    uint64_t used;
};

static uint64_t aligned(uint64_t bytes)
{
    return (bytes + 7) & ~(uint64_t)7;
}

static void *copy_bytes(struct room_left *left, const void *from, uint64_t bytes)
{
    void *to = left->to ? left->to + left->used : NULL;
    if (to && bytes > 0)
        memcpy(to, from, bytes);
    left->used += aligned(bytes);
    return to;
}

static struct dais_str copy_text(struct room_left *left, struct dais_str text)
{
    if (!text.ptr)
        return text;
    return dais_str(copy_bytes(left, text.ptr, text.len), text.len);
}

static const struct dais_str *copy_texts(struct room_left *left, const struct dais_str *texts,
                                         uint64_t count)
{
    struct dais_str *to = copy_bytes(left, texts, count * sizeof *texts);
    for (uint64_t i = 0; i < count; i++) {
        struct dais_str text = copy_text(left, texts[i]);
        if (to)
            to[i] = text;
    }
    return to;
}

/** Copies `card` with all that it points to; the texts go to `left`. */
static void copy_card(struct room_left *left, const struct card *card, struct card *to)
{
    const struct chat_settings *settings = &card->settings;
    *to = *card;
    to->kind = copy_text(left, card->kind);
    to->id = copy_text(left, card->id);
    to->owner_id = copy_text(left, card->owner_id);
    to->title = copy_text(left, card->title);
    to->cleared_through = copy_text(left, card->cleared_through);
    to->moderators = copy_texts(left, card->moderators, card->moderator_count);
    to->settings.writers = copy_text(left, settings->writers);
    to->settings.links = copy_text(left, settings->links);
    to->settings.blocked_word_action = copy_text(left, settings->blocked_word_action);
    to->settings.blocked_words.items = copy_texts(left, settings->blocked_words.items,
                                                  settings->blocked_words.count);
}

static uint64_t card_bytes(const struct card *card)
{
    struct room_left left = {NULL, 0};
    struct card counted;
    copy_card(&left, card, &counted);
    return left.used;
}

/** A card from the board for as long as the fiber lives. */
static int32_t keep(const struct card *card, const struct card **ret_card)
{
    uint64_t head = aligned(sizeof *card);
    uint8_t *block = dais_mem->arena_alloc(dais_mem->arena_self(), head + card_bytes(card));
    if (!block)
        return DAIS_E_MEMORY;
    struct room_left left = {block + head, 0};
    struct card *kept = (struct card *)(void *)block;
    copy_card(&left, card, kept);
    *ret_card = kept;
    return DAIS_OK;
}

/* --- the board --- */

static const struct entry *look_up(struct dais_str room_id)
{
    const struct dais_buf *buf = dais_shared->get(&card_boards[0], room_id);
    return buf ? (const struct entry *)(const void *)buf->data : NULL;
}

static uint64_t dropped_at(struct dais_str room_id)
{
    const struct entry *entry = look_up(room_id);
    return entry ? entry->dropped : 0;
}

/** Puts an entry that does not stay; an entry that would stay for ever is not put. */
static void put_for(struct dais_str room_id, struct dais_buf *buf, uint64_t ms)
{
    int32_t error = dais_shared->put(&card_boards[0], room_id, buf);
    if (!error && dais_shared->remove_later(&card_boards[0], room_id, buf, ms) != DAIS_OK)
        error = dais_shared->remove(&card_boards[0], room_id);
    if (error)
        dais_logf(DAIS_DEBUG, "a room is read each time: no more can be remembered");
}

static void put_card(const struct card *card)
{
    uint64_t head = aligned(sizeof(struct entry));
    struct dais_buf *buf = dais_mem->buf_new(head + card_bytes(card));
    if (!buf)
        return; /* the next one reads it again */
    struct entry *entry = (struct entry *)(void *)buf->data;
    struct room_left left = {buf->data + head, 0};
    entry->dropped = 0;
    copy_card(&left, card, &entry->card);
    put_for(card->id, buf, CARD_MS);
    dais_mem->buf_unref(buf);
}

void card_drop(struct dais_str room_id)
{
    struct dais_buf *buf = room_id.len == ID_BYTES ? dais_mem->buf_new(sizeof(struct entry)) : NULL;
    if (!buf)
        return; /* what is stored is guarded by the version; the card goes in a moment */
    struct entry *entry = (struct entry *)(void *)buf->data;
    memset(entry, 0, sizeof *entry);
    dais_random->bytes(&entry->dropped, sizeof entry->dropped);
    entry->dropped |= 1;
    put_for(room_id, buf, DROPPED_MS);
    dais_mem->buf_unref(buf);
}

/* --- reading a room --- */

static int32_t read_card(struct dais_str room_id, struct card *ret_card)
{
    struct dais_room_found found;
    struct store_room room;
    int32_t error = dais_room_find(NULL, room_id, &found);
    if (!error)
        error = store_room_ensure(&found, &room);
    if (error)
        return error;
    *ret_card = (struct card){
        .kind = found.kind,
        .id = room.id,
        .owner_id = found.owner_id,
        .title = found.title,
        .cleared_through = room.cleared_through,
        .version = room.version,
        .flags = found.flags,
        .moderator_count = room.moderator_count,
        .moderators = room.moderators,
        .settings = room.settings,
    };
    return DAIS_OK;
}

/** Reads the room until it was not changed meanwhile, and puts the card. The views are the rows',
 * which live as long as the fiber. */
static int32_t load(struct dais_str room_id, struct card *card)
{
    for (uint32_t tries = 0; tries < CARD_TRIES; tries++) {
        uint64_t dropped = dropped_at(room_id);
        int32_t error = read_card(room_id, card);
        if (error)
            return error;
        if (dropped_at(room_id) != dropped)
            continue;
        const struct entry *entry = look_up(room_id);
        if (!entry || entry->dropped || entry->card.version <= card->version)
            put_card(card);
        return DAIS_OK;
    }
    return DAIS_OK; /* the newest that could be had; the version guards what is stored by it */
}

/** One fiber of all workers reads, those who come meanwhile wait for its card. */
static int32_t load_alone(struct dais_str room_id, const struct card **ret_card)
{
    char name[sizeof "card:" + ID_BYTES];
    struct dais_lock *lock = NULL;
    memcpy(name, "card:", 5);
    memcpy(name + 5, room_id.ptr, ID_BYTES);
    int32_t error = dais_fiber->lock(dais_str(name, 5 + ID_BYTES), &lock);
    if (error)
        return error;
    struct card card;
    const struct entry *entry = look_up(room_id);
    if (entry && !entry->dropped) {
        error = keep(&entry->card, ret_card);
        dais_fiber->unlock(lock);
        return error;
    }
    error = load(room_id, &card);
    dais_fiber->unlock(lock);
    return error ? error : keep(&card, ret_card);
}

int32_t card_get(const char *kind, struct dais_str room_id, const struct card **ret_card)
{
    if (room_id.len != ID_BYTES)
        return DAIS_E_NOT_FOUND;
    const struct card *card = NULL;
    const struct entry *entry = look_up(room_id);
    int32_t error = entry && !entry->dropped ? keep(&entry->card, &card)
                                             : load_alone(room_id, &card);
    if (error)
        return error;
    if (kind && !dais_str_eq(card->kind, dais_cstr(kind)))
        return DAIS_E_NOT_FOUND;
    *ret_card = card;
    return DAIS_OK;
}

int card_is_moderator(const struct card *card, struct dais_str user_id)
{
    uint32_t low = 0, high = card->moderator_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct dais_str at = card->moderators[middle];
        if (at.len != user_id.len)
            return 0;
        int order = memcmp(at.ptr, user_id.ptr, at.len);
        if (order == 0)
            return 1;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}
