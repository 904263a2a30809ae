/* SPDX-License-Identifier: MIT */
#include "bars.h"

#include <stdio.h>

#include "card.h"
#include "dais/fiber.h"
#include "dais/log.h"
#include "store.h"
#include "store_moderation.h"
#include "store_rooms.h"
#include "store_settle.h"
#include "store_time.h"
#include "told.h"

/** Deleted messages that are told one by one; more of them as a clear of the account. */
#define TOLD_SINGLY_MAX 200u
/** Bytes of a bar's number as text with its NUL. */
#define NUMBER_BYTES 21

/* --- shapes --- */

#define USER_FIELD(struct_type)                                                                    \
    DAIS_FIELD_NAMED("userId", struct_type, user_id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36,  \
                     "the account")
#define PUT_FIELDS                                                                                 \
    DAIS_FIELD(struct bars_put, seconds, DAIS_KIND_INT, 0, 1, BARS_SECONDS_MAX,                    \
               "a time-out of so many seconds; absent: a ban"),                                    \
        DAIS_FIELD(struct bars_put, reason, DAIS_KIND_STRING, 0, 1, BARS_REASON_MAX,               \
                   "why; the account sees it"),                                                    \
        DAIS_FIELD_NAMED("deleteMessages", struct bars_put, delete_messages, DAIS_KIND_INT, 0, 0,  \
                         BARS_DELETE_SECONDS_MAX,                                                  \
                         "also deletes what the account wrote in the last so many seconds"),       \
        DAIS_FIELD_END

static const struct dais_field PUT_EVENT_FIELDS[] = {WHO_ROOM_FIELDS(struct bars_put),
                                                     USER_FIELD(struct bars_put), PUT_FIELDS};
const struct dais_shape bars_put_event = DAIS_SHAPE("ChatBarEvent", struct bars_put,
                                                    PUT_EVENT_FIELDS);
static const struct dais_field PUT_BODY_FIELDS[] = {PUT_FIELDS};
const struct dais_shape bars_put_body = DAIS_SHAPE("ChatBarChange", struct bars_put,
                                                   PUT_BODY_FIELDS);

static const struct dais_field LIFT_EVENT_FIELDS[] = {WHO_ROOM_FIELDS(struct bars_lift),
                                                      USER_FIELD(struct bars_lift), DAIS_FIELD_END};
const struct dais_shape bars_lift_event = DAIS_SHAPE("ChatUnbarEvent", struct bars_lift,
                                                     LIFT_EVENT_FIELDS);

static const struct dais_field LIST_QUERY_FIELDS[] = {
    DAIS_FIELD(struct bars_list, before, DAIS_KIND_INT, 0, 1, INT64_MAX,
               "the `next` of the page before"),
    {"limit", DAIS_KIND_INT, 0, (uint32_t)offsetof(struct bars_list, limit), 0, 1, BARS_PAGE_MAX,
     "50", NULL, NULL, NULL, "bars per page"},
    DAIS_FIELD_END,
};
const struct dais_shape bars_list_query = DAIS_SHAPE("ChatBarsQuery", struct bars_list,
                                                     LIST_QUERY_FIELDS);

static const struct dais_field BAR_FIELDS[] = {
    DAIS_FIELD_NAMED("userId", struct store_bar, user_id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36,
                     36, "the account"),
    DAIS_FIELD_NAMED("userName", struct store_bar, user_name, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED,
                     0, 200, "its name"),
    DAIS_FIELD(struct store_bar, until, DAIS_KIND_TIME, 0, 0, 40,
               "when the time-out ends; absent: a ban"),
    DAIS_FIELD(struct store_bar, reason, DAIS_KIND_STRING, 0, 1, BARS_REASON_MAX, "why"),
    DAIS_FIELD(struct store_bar, by, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36,
               "account of the moderator"),
    DAIS_FIELD_NAMED("createdAt", struct store_bar, created_at, DAIS_KIND_TIME, DAIS_FIELD_REQUIRED,
                     0, 40, "since when"),
    DAIS_FIELD_END,
};
const struct dais_shape bars_bar = DAIS_SHAPE("ChatBar", struct store_bar, BAR_FIELDS);

struct page {
    struct dais_list bars;
    struct dais_str next;
};

static const struct dais_field PAGE_FIELDS[] = {
    DAIS_FIELD_NESTED("bars", struct page, bars, DAIS_KIND_LIST, DAIS_FIELD_REQUIRED, BARS_PAGE_MAX,
                      &bars_bar, "newest first"),
    DAIS_FIELD(struct page, next, DAIS_KIND_STRING, 0, 1, NUMBER_BYTES,
               "give it as `before` for the next page; absent at the end"),
    DAIS_FIELD_END,
};
const struct dais_shape bars_page = DAIS_SHAPE("ChatBars", struct page, PAGE_FIELDS);

struct change {
    struct dais_str room_id;
    struct dais_str user_id;
    uint8_t barred;
    struct store_bar bar;
};

static const struct dais_field CHANGE_FIELDS[] = {
    DAIS_FIELD_NAMED("roomId", struct change, room_id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36,
                     "the room"),
    DAIS_FIELD_NAMED("userId", struct change, user_id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36,
                     "the account"),
    DAIS_FIELD(struct change, barred, DAIS_KIND_BOOL, DAIS_FIELD_REQUIRED, 0, 0,
               "whether it is barred now"),
    DAIS_FIELD_NAMED("userName", struct change, bar.user_name, DAIS_KIND_STRING, 0, 0, 200,
                     "its name"),
    DAIS_FIELD_NAMED("until", struct change, bar.until, DAIS_KIND_TIME, 0, 0, 40,
                     "when the time-out ends; absent: a ban"),
    DAIS_FIELD_NAMED("reason", struct change, bar.reason, DAIS_KIND_STRING, 0, 1, BARS_REASON_MAX,
                     "why"),
    DAIS_FIELD_NAMED("by", struct change, bar.by, DAIS_KIND_UUID, 0, 36, 36,
                     "account of the moderator"),
    DAIS_FIELD_END,
};
const struct dais_shape bars_change = DAIS_SHAPE("ChatBarChanged", struct change, CHANGE_FIELDS);

/* --- whom --- */

static uint32_t roles_of(struct dais_str role)
{
    if (dais_str_eq(role, dais_cstr("admin")))
        return DAIS_ROLE_ADMIN;
    return dais_str_eq(role, dais_cstr("moderator")) ? DAIS_ROLE_MODERATOR : 0;
}

/** Whether `actor` may bar, and lift the bars of, this account, which has to exist. */
static int32_t may_bar(const struct card *card, const struct chat_sender *actor,
                       struct dais_str user_id, struct store_standing *ret_standing,
                       struct chat_verdict *verdict)
{
    int32_t error = store_standing(card->id, user_id, ret_standing);
    if (error == DAIS_E_NOT_FOUND)
        return who_says(verdict, error, "userId", "there is no such account");
    if (error)
        return error;
    const struct chat_sender target = {.roles = roles_of(ret_standing->role),
                                       .owner = (uint8_t)dais_str_eq(card->owner_id, user_id),
                                       .moderator = ret_standing->is_moderator};
    return chat_may_bar(actor, &target, verdict);
}

/* --- bars --- */

int32_t bars_store(struct dais_tx *tx, const struct bars_order *order, struct store_bar *ret_bar,
                   struct chat_verdict *verdict)
{
    struct store_standing standing;
    int32_t error = may_bar(order->card, &order->actor, order->user_id, &standing, verdict);
    if (error)
        return error;
    const struct store_bar_new bar = {.room_id = order->card->id,
                                      .user_id = order->user_id,
                                      .by = order->by,
                                      .reason = order->reason,
                                      .seconds = order->seconds};
    return store_bar_put(tx, &bar, ret_bar);
}

void bars_tell(const struct card *card, const struct store_bar *bar)
{
    const struct change change = {card->id, bar->user_id, 1, *bar};
    const struct told_typing typing = {
        .room_id = card->id, .user_id = bar->user_id, .user_name = bar->user_name};
    told_barred(card, bar->user_id, bar->until, bar->reason);
    told_typing(card, &typing, 0);
    told_moderators(card, "chat:bars", &bars_change, &change);
}

void bars_settle(void)
{
    int32_t error = store_settle();
    if (error)
        dais_logf(DAIS_WARN, "what was on its way when somebody was barred may still come (%d)",
                  (int)error);
}

/** Tells what of an account was deleted since the id `from`. */
static void sweep_tell(const struct card *card, const struct store_bar *bar, struct dais_str from,
                       const struct store_removed *removed)
{
    const struct told_cleared told = {.room_id = card->id,
                                      .cleared_through = dais_cstr(removed->newest),
                                      .user_id = bar->user_id,
                                      .from = from};
    if (removed->count > TOLD_SINGLY_MAX || removed->count > removed->first.count) {
        told_cleared(card, &told);
        return;
    }
    for (uint32_t i = 0; i < removed->first.count; i++) {
        const struct store_message gone = {.id = removed->first.items[i], .is_released = 1};
        told_deleted(card, &gone, bar->by);
    }
}

/** What the account wrote in the last `seconds` goes. With the room's lock. */
static int32_t sweep_locked(const struct card *card, const struct store_bar *bar, int64_t seconds)
{
    char from[STORE_TIME_ID_BYTES];
    struct store_removed removed;
    store_time_id(dais_fiber->unix_ms() - seconds * 1000, from);
    const struct store_wrote wrote = {
        .room_id = card->id, .author_id = bar->user_id, .from = dais_cstr(from)};
    int32_t error = store_remove_of(&wrote, bar->by, &removed);
    sweep_tell(card, bar, wrote.from, &removed);
    return error;
}

static int32_t sweep(const struct card *card, const struct store_bar *bar, int64_t seconds)
{
    struct dais_lock *lock;
    int32_t error = seconds > 0 ? dais_fiber->lock(card->id, &lock) : DAIS_OK;
    if (error || seconds <= 0)
        return error;
    error = sweep_locked(card, bar, seconds);
    dais_fiber->unlock(lock);
    return error;
}

/** Bars and tells it. */
static int32_t bar(const struct dais_caller *caller, struct bars_order *order,
                   struct store_bar *ret_bar, struct chat_verdict *verdict)
{
    struct dais_lock *lock;
    int32_t error = who_locks(caller, &order->card, &order->actor, verdict, &lock);
    if (error)
        return error;
    order->by = dais_caller_identity(caller)->user_id;
    error = bars_store(NULL, order, ret_bar, verdict);
    if (!error)
        bars_tell(order->card, ret_bar);
    dais_fiber->unlock(lock);
    return error;
}

int32_t bars_put(const struct dais_caller *caller, const struct bars_put *in)
{
    struct chat_verdict verdict = {0};
    struct bars_order order = {
        .user_id = in->user_id, .reason = in->reason, .seconds = in->seconds};
    struct store_bar made;
    int32_t error = who_room(&in->room, NULL, &order.card, &verdict);
    if (!error)
        error = bar(caller, &order, &made, &verdict);
    if (!error) {
        bars_settle();
        error = sweep(order.card, &made, in->delete_messages);
    }
    if (error)
        return who_refused(caller, error, &verdict);
    return dais_caller_reply(caller, 200, &bars_bar, &made);
}

/** Ends a bar, if there is one, and tells it. With the room's lock. */
static int32_t lift(const struct card *card, const struct chat_sender *actor,
                    struct dais_str user_id, struct chat_verdict *verdict)
{
    struct store_standing standing;
    int32_t error = may_bar(card, actor, user_id, &standing, verdict);
    if (error)
        return error;
    error = store_bar_remove(NULL, card->id, user_id);
    if (error)
        return error == DAIS_E_NOT_FOUND ? DAIS_OK : error;
    const struct change change = {
        .room_id = card->id, .user_id = user_id, .bar = {.user_name = standing.name}};
    told_unbarred(card, user_id);
    told_moderators(card, "chat:bars", &bars_change, &change);
    return DAIS_OK;
}

int32_t bars_lift(const struct dais_caller *caller, const struct bars_lift *in)
{
    struct chat_verdict verdict = {0};
    const struct card *card = NULL;
    struct chat_sender actor;
    struct dais_lock *lock = NULL;
    int32_t error = who_room(&in->room, NULL, &card, &verdict);
    if (!error)
        error = who_locks(caller, &card, &actor, &verdict, &lock);
    if (!error) {
        error = lift(card, &actor, in->user_id, &verdict);
        dais_fiber->unlock(lock);
    }
    return error ? who_refused(caller, error, &verdict) : dais_caller_done(caller);
}

int32_t bars_list(const struct dais_caller *caller, const struct bars_list *in)
{
    struct chat_verdict verdict = {0};
    const struct card *card = NULL;
    struct chat_sender sender;
    struct store_bar *bars = NULL;
    uint32_t count = 0;
    int32_t error = who_room(&in->room, NULL, &card, &verdict);
    if (!error)
        error = who_moderates(caller, card, &sender, &verdict);
    if (!error)
        error = store_bars(card->id, in->before, in->limit, &bars, &count);
    if (error)
        return who_refused(caller, error, &verdict);
    struct page page = {.bars = {bars, count}};
    char number[NUMBER_BYTES];
    if (count == in->limit) {
        int len = snprintf(number, sizeof number, "%lld", (long long)bars[count - 1].number);
        page.next = dais_str(number, (uint64_t)len);
    }
    return dais_caller_reply(caller, 200, &bars_page, &page);
}
