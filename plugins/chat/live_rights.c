/* SPDX-License-Identifier: MIT */
#include "live_rights.h"

#include "card.h"
#include "dais/fiber.h"
#include "dais/log.h"
#include "dais/mem.h"
#include "dais/random.h"
#include "dais/svc/identity.h"
#include "store_rooms.h"
#include "told.h"

#define USER_PREFIX "user:"
#define ID_LEN (DAIS_UUID_BYTES - 1)
#define ACCOUNTS_MAX 4096
#define LAYOUT 1
/** How long it is remembered; who stays longer in one go is looked at no more. */
#define REMEMBERED_MS (24ull * 3600 * 1000)
/** How often it is tried to look while the database is away. */
#define TRIES_MAX 10
#define TRY_MS 1000

const struct dais_board live_rights_boards[LIVE_RIGHTS_BOARDS] = {
    {"chat_moderating", ACCOUNTS_MAX, ID_LEN, LAYOUT, 0},
};

/** Where an account moderates, the newest room first. */
struct places {
    uint32_t count;
    char rooms[LIVE_RIGHTS_ROOMS_MAX][ID_LEN];
};

static struct places places_of(struct dais_str user_id)
{
    const struct dais_buf *buf = dais_shared->get(&live_rights_boards[0], user_id);
    return buf ? *(const struct places *)(const void *)buf->data : (struct places){0};
}

/** Puts `room_id` before the others. */
static void add(struct places *places, struct dais_str room_id)
{
    struct places old = *places;
    memcpy(places->rooms[0], room_id.ptr, ID_LEN);
    places->count = 1;
    for (uint32_t i = 0; i < old.count && places->count < LIVE_RIGHTS_ROOMS_MAX; i++) {
        if (memcmp(old.rooms[i], room_id.ptr, ID_LEN) != 0)
            memcpy(places->rooms[places->count++], old.rooms[i], ID_LEN);
    }
}

void live_rights_note(struct dais_str user_id, struct dais_str room_id)
{
    if (user_id.len != ID_LEN || room_id.len != ID_LEN)
        return;
    struct places places = places_of(user_id);
    add(&places, room_id);
    struct dais_buf *buf = dais_mem->buf_new(sizeof places);
    int32_t error = DAIS_E_MEMORY;
    if (buf) {
        memcpy(buf->data, &places, sizeof places);
        error = dais_shared->put(&live_rights_boards[0], user_id, buf);
    }
    if (!error)
        error = dais_shared->remove_later(&live_rights_boards[0], user_id, buf, REMEMBERED_MS);
    dais_mem->buf_unref(buf);
    if (error)
        dais_logf(DAIS_WARN, "where a moderator is was not noted (%d)", (int)error);
}

/* --- who loses the role --- */

/** An account to be looked at; owned by its task. */
struct account {
    char id[ID_LEN];
};

/** DAIS_OK: he is where he may be, or was removed. */
static int32_t look(struct dais_str room_id, struct dais_str user_id)
{
    const struct dais_room room = {dais_cstr(TOLD_MODERATORS), room_id};
    struct store_standing standing;
    int32_t error = store_standing(room_id, user_id, &standing);
    if (error && error != DAIS_E_NOT_FOUND)
        return error;
    if (!error && (standing.is_moderator || dais_str_eq(standing.role, dais_cstr("admin")) ||
                   dais_str_eq(standing.role, dais_cstr("moderator"))))
        return DAIS_OK;
    return dais_rooms->remove(&room, user_id, NULL);
}

static void account_check(uint64_t cookie)
{
    struct account *account = (struct account *)(uintptr_t)cookie;
    struct dais_str id = dais_str(account->id, ID_LEN);
    const struct places places = places_of(id);
    int32_t error = DAIS_OK;
    for (uint32_t i = 0; i < places.count; i++) {
        error = look(dais_str(places.rooms[i], ID_LEN), id);
        for (int tries = 1; error && tries < TRIES_MAX && !dais_fiber->sleep(TRY_MS); tries++)
            error = look(dais_str(places.rooms[i], ID_LEN), id);
        if (error)
            break;
    }
    if (error && error != DAIS_E_CANCELLED)
        dais_logf(DAIS_WARN, "whether somebody still moderates is not known (%d)", (int)error);
    dais_mem->state_free(account);
}

static const struct dais_task CHECK = {"chat_rights", account_check};

/** Every worker hears it, one looks. */
static void on_revoked(const struct dais_bus_event *event)
{
    const struct dais_str prefix = dais_cstr(USER_PREFIX);
    if (dais_fiber->worker() != 0 || event->key.len != prefix.len + ID_LEN ||
        memcmp(event->key.ptr, prefix.ptr, prefix.len) != 0 ||
        !dais_shared->get(&live_rights_boards[0], dais_str(event->key.ptr + prefix.len, ID_LEN)))
        return;
    struct account *account = dais_mem->state_alloc(sizeof *account);
    dais_handle fiber;
    if (account)
        memcpy(account->id, event->key.ptr + prefix.len, ID_LEN);
    if (account && !dais_fiber->spawn(&CHECK, (uint64_t)(uintptr_t)account, &fiber))
        return;
    dais_mem->state_free(account);
    dais_logf(DAIS_WARN, "no room to look at who moderates");
}

const struct dais_subscription live_rights_subscriptions[] = {
    {DAIS_TOPIC_IDENTITY_REVOKED, on_revoked},
    {NULL, NULL},
};
