/* SPDX-License-Identifier: MIT */
#include "history.h"

#include "card.h"
#include "store.h"
#include "told.h"

static const struct dais_field QUERY_FIELDS[] = {
    {"limit", DAIS_KIND_INT, 0, (uint32_t)offsetof(struct history_query, limit), 0, 1,
     HISTORY_LIMIT_MAX, "50", NULL, NULL, NULL, "messages per page"},
    DAIS_FIELD(struct history_query, before, DAIS_KIND_UUID, 0, 36, 36,
               "the `next` of a page: only older messages"),
    DAIS_FIELD_END,
};
const struct dais_shape history_query_shape = DAIS_SHAPE("ChatHistoryQuery", struct history_query,
                                                         QUERY_FIELDS);

struct page {
    struct dais_list messages;
    struct dais_str next;
    struct dais_str room;
    int64_t epoch;
    int64_t seq;
};

#define PAGE_ROWS(shape)                                                                           \
    DAIS_FIELD_NESTED("messages", struct page, messages, DAIS_KIND_LIST, DAIS_FIELD_REQUIRED,      \
                      HISTORY_LIMIT_MAX, shape, "oldest first"),                                   \
        DAIS_FIELD(struct page, next, DAIS_KIND_UUID, 0, 36, 36,                                   \
                   "give it as `before` for older ones; absent: there are none"),                  \
        DAIS_FIELD(struct page, room, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 80,                \
                   "the room's name, to resume it by"),                                            \
        DAIS_FIELD(struct page, epoch, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, INT64_MAX,           \
                   "of the room's numbers"),                                                       \
        DAIS_FIELD(struct page, seq, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, INT64_MAX,             \
                   "of its newest event; nothing older is missing here"),                          \
        DAIS_FIELD_END

static const struct dais_field CHAT_FIELDS[] = {PAGE_ROWS(&told_chat_message)};
const struct dais_shape history_chat_page = DAIS_SHAPE("ChatPage", struct page, CHAT_FIELDS);
static const struct dais_field LIVE_FIELDS[] = {PAGE_ROWS(&told_live_message)};
const struct dais_shape history_live_page = DAIS_SHAPE("LiveMessagePage", struct page, LIVE_FIELDS);
static const struct dais_field STREAM_FIELDS[] = {PAGE_ROWS(&told_stream_message)};
const struct dais_shape history_stream_page = DAIS_SHAPE("LiveChatPage", struct page,
                                                         STREAM_FIELDS);

struct dais_str history_room_name(const struct card *card)
{
    uint64_t len = card->kind.len + 1 + card->id.len;
    char *name = dais_mem->arena_alloc(dais_mem->arena_self(), len);
    if (!name)
        return dais_str(NULL, 0);
    memcpy(name, card->kind.ptr, card->kind.len);
    name[card->kind.len] = ':';
    memcpy(name + card->kind.len + 1, card->id.ptr, card->id.len);
    return dais_str(name, len);
}

/** Where the numbers stand; before anything is read. */
static int32_t mark(const struct card *card, struct page *page)
{
    const struct dais_room room = card_room(card);
    struct dais_room_count count;
    page->room = history_room_name(card);
    if (!page->room.ptr)
        return DAIS_E_MEMORY;
    int32_t error = dais_rooms->count(&room, &count);
    if (error)
        return error;
    page->epoch = (int64_t)count.epoch;
    page->seq = (int64_t)count.seq;
    return DAIS_OK;
}

/** What this caller may see: a moderator everything, an author his own that is held back. */
static struct store_page page_for(const struct dais_caller *caller, const struct card *card,
                                  const struct history_query *query)
{
    const struct dais_identity *identity = dais_caller_identity(caller);
    struct chat_sender sender = {0};
    struct store_page page = {.room_id = card->id, .before = query->before, .limit = query->limit};
    if (identity && who_of(caller, card, &sender) == DAIS_OK) {
        page.viewer = identity->user_id;
        page.sees_all = chat_is_moderator(&sender) != 0;
    }
    return page;
}

int32_t history_page(const struct dais_caller *caller, const struct who_room *room,
                     const struct history_query *query, const struct dais_shape *answer)
{
    struct chat_verdict verdict;
    const struct card *card;
    struct store_list list = {NULL, 0};
    struct page page = {0};
    uint8_t more = 0;
    int32_t error = who_room(room, NULL, &card, &verdict);
    if (error)
        return who_refused(caller, error, &verdict);
    error = mark(card, &page);
    const struct store_page wanted = page_for(caller, card, query);
    if (!error)
        error = store_page(&wanted, &list, &more);
    if (error)
        return error;
    page.messages = (struct dais_list){list.items, list.count};
    if (more && list.count > 0)
        page.next = list.items[0].id;
    return dais_caller_reply(caller, 200, answer, &page);
}
