/* SPDX-License-Identifier: MIT */
#include "reports.h"

#include "bars.h"
#include "card.h"
#include "dais/fiber.h"
#include "dais/random.h"
#include "moderate.h"
#include "store.h"
#include "store_moderation.h"
#include "told.h"

static const char *const REASONS[] = {"spam",     "harassment", "hate", "sexual",
                                      "violence", "other",      NULL};
static const char *const STATUSES[] = {"open", "all", NULL};
static const char *const ACTIONS[] = {"dismiss", "delete", "bar", NULL};

/* --- shapes --- */

#define ADD_FIELDS                                                                                 \
    DAIS_FIELD_ENUM("reason", struct reports_add, reason, DAIS_FIELD_REQUIRED, REASONS, NULL,      \
                    "what is wrong with it"),                                                      \
        DAIS_FIELD(struct reports_add, note, DAIS_KIND_STRING, 0, 1, REPORTS_NOTE_MAX,             \
                   "more about it, for the moderators"),                                           \
        DAIS_FIELD_END

static const struct dais_field ADD_EVENT_FIELDS[] = {
    DAIS_FIELD_NAMED("messageId", struct reports_add, message_id, DAIS_KIND_UUID,
                     DAIS_FIELD_REQUIRED, 36, 36, "the message"),
    ADD_FIELDS};
const struct dais_shape reports_add_event = DAIS_SHAPE("ChatReportEvent", struct reports_add,
                                                       ADD_EVENT_FIELDS);
static const struct dais_field ADD_BODY_FIELDS[] = {ADD_FIELDS};
const struct dais_shape reports_add_body = DAIS_SHAPE("ChatReportCreate", struct reports_add,
                                                      ADD_BODY_FIELDS);

#define ID_FIELD                                                                                   \
    DAIS_FIELD(struct store_report, id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36, "the report")
#define STATUS_FIELD                                                                               \
    DAIS_FIELD(struct store_report, status, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 20,          \
               "open, dismissed, deleted or barred")

static const struct dais_field ADDED_FIELDS[] = {ID_FIELD, STATUS_FIELD, DAIS_FIELD_END};
const struct dais_shape reports_added = DAIS_SHAPE("ChatReportMade", struct store_report,
                                                   ADDED_FIELDS);

static const struct dais_field LIST_QUERY_FIELDS[] = {
    DAIS_FIELD_ENUM("status", struct reports_list, status, 0, STATUSES, "open",
                    "open ones, or all that were ever made"),
    DAIS_FIELD(struct reports_list, before, DAIS_KIND_UUID, 0, 36, 36,
               "the `next` of the page before"),
    {"limit", DAIS_KIND_INT, 0, (uint32_t)offsetof(struct reports_list, limit), 0, 1,
     REPORTS_PAGE_MAX, "50", NULL, NULL, NULL, "reports per page"},
    DAIS_FIELD_END,
};
const struct dais_shape reports_list_query = DAIS_SHAPE("ChatReportsQuery", struct reports_list,
                                                        LIST_QUERY_FIELDS);

#define RESOLVE_FIELDS                                                                             \
    DAIS_FIELD_ENUM("action", struct reports_resolve, action, DAIS_FIELD_REQUIRED, ACTIONS, NULL,  \
                    "what is done: nothing, the message goes, or it goes and its author is "       \
                    "barred"),                                                                     \
        DAIS_FIELD(struct reports_resolve, seconds, DAIS_KIND_INT, 0, 1, BARS_SECONDS_MAX,         \
                   "of the bar; absent: a ban"),                                                   \
        DAIS_FIELD_END

static const struct dais_field RESOLVE_EVENT_FIELDS[] = {
    DAIS_FIELD_NAMED("reportId", struct reports_resolve, report_id, DAIS_KIND_UUID,
                     DAIS_FIELD_REQUIRED, 36, 36, "the report"),
    RESOLVE_FIELDS};
const struct dais_shape reports_resolve_event = DAIS_SHAPE(
    "ChatReportResolveEvent", struct reports_resolve, RESOLVE_EVENT_FIELDS);
static const struct dais_field RESOLVE_BODY_FIELDS[] = {RESOLVE_FIELDS};
const struct dais_shape reports_resolve_body = DAIS_SHAPE(
    "ChatReportResolve", struct reports_resolve, RESOLVE_BODY_FIELDS);

#define REPORT_ID(name, member, flags, text)                                                       \
    DAIS_FIELD_NAMED(name, struct store_report, member, DAIS_KIND_UUID, flags, 36, 36, text)
#define REPORT_TEXT(name, member, flags, high, text)                                               \
    DAIS_FIELD_NAMED(name, struct store_report, member, DAIS_KIND_STRING, flags, 0, high, text)

static const struct dais_field REPORT_FIELDS[] = {
    ID_FIELD,
    REPORT_ID("roomId", room_id, DAIS_FIELD_REQUIRED, "the room"),
    REPORT_ID("messageId", message_id, DAIS_FIELD_REQUIRED, "the message"),
    REPORT_TEXT("message", message, DAIS_FIELD_REQUIRED, CHAT_MESSAGE_MAX_MAX,
                "its text, deleted or not"),
    REPORT_ID("userId", author_id, 0, "who wrote it; absent: the system"),
    REPORT_TEXT("userName", author_name, 0, 200, "his name; absent: the account is gone"),
    REPORT_ID("reporterId", reporter_id, DAIS_FIELD_REQUIRED, "who reported it"),
    REPORT_TEXT("reporterName", reporter_name, 0, 200, "his name; absent: the account is gone"),
    REPORT_TEXT("reason", reason, DAIS_FIELD_REQUIRED, 20, "what is wrong with it"),
    REPORT_TEXT("note", note, 0, REPORTS_NOTE_MAX, "more about it"),
    STATUS_FIELD,
    REPORT_ID("resolvedBy", resolved_by, 0, "moderator who resolved it"),
    DAIS_FIELD_NAMED("resolvedAt", struct store_report, resolved_at, DAIS_KIND_TIME, 0, 0, 40,
                     "when that was"),
    DAIS_FIELD_NAMED("createdAt", struct store_report, created_at, DAIS_KIND_TIME,
                     DAIS_FIELD_REQUIRED, 0, 40, "when it was made"),
    DAIS_FIELD_END,
};
const struct dais_shape reports_report = DAIS_SHAPE("ChatReport", struct store_report,
                                                    REPORT_FIELDS);

struct page {
    struct dais_list reports;
    struct dais_str next;
};

static const struct dais_field PAGE_FIELDS[] = {
    DAIS_FIELD_NESTED("reports", struct page, reports, DAIS_KIND_LIST, DAIS_FIELD_REQUIRED,
                      REPORTS_PAGE_MAX, &reports_report, "newest first"),
    DAIS_FIELD(struct page, next, DAIS_KIND_UUID, 0, 36, 36,
               "give it as `before` for the next page; absent at the end"),
    DAIS_FIELD_END,
};
const struct dais_shape reports_page = DAIS_SHAPE("ChatReports", struct page, PAGE_FIELDS);

struct change {
    struct dais_str room_id;
    struct store_report report;
};

static const struct dais_field CHANGE_FIELDS[] = {
    DAIS_FIELD_NAMED("roomId", struct change, room_id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36,
                     "the room"),
    DAIS_FIELD_NESTED("report", struct change, report, DAIS_KIND_OBJECT, DAIS_FIELD_REQUIRED, 0,
                      &reports_report, "as it is now"),
    DAIS_FIELD_END,
};
const struct dais_shape reports_told = DAIS_SHAPE("ChatReportChanged", struct change,
                                                  CHANGE_FIELDS);

static void tell(const struct card *card, const struct store_report *report)
{
    const struct change change = {card->id, *report};
    told_moderators(card, "chat:report", &reports_told, &change);
}

/* --- made --- */

/** Stores it and tells it. With the room's lock. */
static int32_t add(const struct card *card, const struct store_report_new *made,
                   struct store_report *ret_report, uint8_t *ret_added)
{
    int32_t error = store_report_add(made, ret_report, ret_added);
    if (!error && *ret_added)
        tell(card, ret_report);
    return error;
}

static int32_t add_explain(int32_t error, struct chat_verdict *verdict)
{
    if (error == DAIS_E_DENIED)
        return who_says(verdict, error, NULL, "you may not report in this room at the moment");
    if (error == STORE_FULL)
        return who_says(verdict, DAIS_E_LIMIT, NULL,
                        "the moderators have 1000 reports to look at already; try again later");
    return error;
}

int32_t reports_add(const struct dais_caller *caller, const struct reports_add *in)
{
    char id[DAIS_UUID_BYTES];
    struct chat_verdict verdict = {0};
    struct store_message message;
    struct store_report report;
    const struct card *card = NULL;
    struct dais_lock *lock = NULL;
    uint8_t added = 0;
    const struct dais_identity *identity = dais_caller_identity(caller);
    if (!identity)
        return DAIS_E_UNAUTHENTICATED;
    int32_t error = store_get(NULL, in->message_id, &message);
    if (!error)
        error = card_get(NULL, message.room_id, &card);
    if (!error)
        error = dais_fiber->lock(card->id, &lock);
    if (!error) {
        dais_random->uuid7(id);
        const struct store_report_new made = {dais_cstr(id), in->message_id, identity->user_id,
                                              in->reason, in->note};
        error = add_explain(add(card, &made, &report, &added), &verdict);
        dais_fiber->unlock(lock);
    }
    if (error)
        return who_refused(caller, error, &verdict);
    return dais_caller_reply(caller, added ? 201 : 200, &reports_added, &report);
}

int32_t reports_list(const struct dais_caller *caller, const struct reports_list *in)
{
    struct chat_verdict verdict = {0};
    const struct card *card = NULL;
    struct chat_sender sender;
    struct store_report *reports = NULL;
    uint32_t count = 0;
    int32_t error = who_room(&in->room, NULL, &card, &verdict);
    if (!error)
        error = who_moderates(caller, card, &sender, &verdict);
    if (!error) {
        const struct store_report_page page = {
            .room_id = card->id,
            .before = in->before,
            .limit = in->limit,
            .open_only = dais_str_eq(in->status, dais_cstr("open")) != 0};
        error = store_reports(&page, &reports, &count);
    }
    if (error)
        return who_refused(caller, error, &verdict);
    struct page page = {.reports = {reports, count}};
    if (count == in->limit)
        page.next = reports[count - 1].id;
    return dais_caller_reply(caller, 200, &reports_page, &page);
}

/* --- resolved --- */

/** What is decided about a report, and what came of it; in one transaction. */
struct decision {
    const struct card *card;
    const struct reports_resolve *in;
    struct chat_sender actor;
    struct dais_str by;
    struct store_report report;   /* as it was, then as it is */
    struct store_message message; /* what was deleted */
    struct store_bar bar;
    uint8_t is_deleted;
    uint8_t is_barred;
};

static struct dais_str status_of(struct dais_str action)
{
    if (dais_str_eq(action, dais_cstr("dismiss")))
        return dais_cstr("dismissed");
    return dais_cstr(dais_str_eq(action, dais_cstr("delete")) ? "deleted" : "barred");
}

/** Takes the message away, unless it is gone already. */
static int32_t take_away(struct dais_tx *tx, struct decision *decision)
{
    int32_t error = store_get(tx, decision->report.message_id, &decision->message);
    if (!error)
        error = moderate_remove(tx, &decision->message, decision->by);
    decision->is_deleted = !error;
    return error == DAIS_E_NOT_FOUND ? DAIS_OK : error;
}

static int32_t bar(struct dais_tx *tx, struct decision *decision, struct chat_verdict *verdict)
{
    if (!decision->report.author_id.ptr)
        return who_says(verdict, DAIS_E_CONFLICT, "action", "nobody wrote this message");
    const struct bars_order order = {.card = decision->card,
                                     .actor = decision->actor,
                                     .by = decision->by,
                                     .user_id = decision->report.author_id,
                                     .seconds = decision->in->seconds};
    int32_t error = bars_store(tx, &order, &decision->bar, verdict);
    decision->is_barred = !error;
    return error;
}

static int32_t carry_out(struct dais_tx *tx, struct decision *decision,
                         struct chat_verdict *verdict)
{
    struct dais_str status = status_of(decision->in->action);
    int32_t error = store_report_resolve(tx, decision->report.id, status, decision->by);
    if (!error && dais_str_eq(status, dais_cstr("barred")))
        error = bar(tx, decision, verdict);
    if (!error && !dais_str_eq(status, dais_cstr("dismissed")))
        error = take_away(tx, decision);
    return error ? error : store_report_get(tx, decision->report.id, &decision->report);
}

/** Commits all of it or nothing, and tells it. With the room's lock. */
static int32_t decide(struct decision *decision, struct chat_verdict *verdict)
{
    struct dais_tx *tx = NULL;
    int32_t error = dais_db->begin(&tx);
    if (error)
        return error;
    error = carry_out(tx, decision, verdict);
    if (error)
        dais_db->rollback(tx);
    else
        error = dais_db->commit(tx);
    if (error)
        return error;
    if (decision->is_deleted)
        told_deleted(decision->card, &decision->message, decision->by);
    if (decision->is_barred)
        bars_tell(decision->card, &decision->bar);
    tell(decision->card, &decision->report);
    return DAIS_OK;
}

/** It is resolved already: no error where that was done which is asked for. */
static int32_t decide_again(struct decision *decision, struct chat_verdict *verdict)
{
    int32_t error = store_report_get(NULL, decision->report.id, &decision->report);
    if (error || dais_str_eq(decision->report.status, status_of(decision->in->action)))
        return error;
    return who_says(verdict, DAIS_E_CONFLICT, NULL, "the report is resolved already");
}

/** With the room's lock. */
static int32_t resolve(struct decision *decision, struct chat_verdict *verdict)
{
    if (dais_str_eq(decision->report.status, dais_cstr("open"))) {
        int32_t error = decide(decision, verdict);
        if (error != DAIS_E_CONFLICT || verdict->detail || dais_operation_refused())
            return error;
    }
    return decide_again(decision, verdict);
}

int32_t reports_resolve(const struct dais_caller *caller, const struct reports_resolve *in)
{
    struct chat_verdict verdict = {0};
    struct decision decision = {.in = in};
    struct dais_lock *lock = NULL;
    int32_t error = store_report_get(NULL, in->report_id, &decision.report);
    if (!error)
        error = card_get(NULL, decision.report.room_id, &decision.card);
    if (!error)
        error = who_locks(caller, &decision.card, &decision.actor, &verdict, &lock);
    if (!error) {
        decision.by = dais_caller_identity(caller)->user_id;
        error = resolve(&decision, &verdict);
        dais_fiber->unlock(lock);
    }
    if (error)
        return who_refused(caller, error, &verdict);
    if (decision.is_barred)
        bars_settle();
    return dais_caller_reply(caller, 200, &reports_report, &decision.report);
}
