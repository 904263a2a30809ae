/* SPDX-License-Identifier: MIT */
/* Cards on a board of one worker: what is read once, and what never lies on the board. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "card.h"
#include "dais/fiber.h"
#include "dais/log.h"
#include "dais/mem.h"
#include "dais/random.h"
#include "dais/svc/roomsource.h"
#include "store_rooms.h"

#define ROOM "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
#define OWNER "00000000-0000-4000-8000-00000000000f"
#define BLOCKS_MAX 512

static void *blocks[BLOCKS_MAX]; /* the arena */
static int block_count;
static struct dais_buf *lying; /* the one place of the board */
static int32_t put_error;
static int64_t version;
static int reads;
static int drops_while_reading;
static struct dais_str moderators[3];
static const struct dais_str WORDS[] = {DAIS_STR_INIT("one"), DAIS_STR_INIT("two words")};

/* --- what the host would be --- */

static void *arena_alloc(struct dais_arena *arena, uint64_t bytes)
{
    (void)arena;
    assert_true(block_count < BLOCKS_MAX);
    return blocks[block_count++] = calloc(1, bytes);
}

static struct dais_arena *arena_self(void)
{
    return NULL;
}

static struct dais_buf *buf_new(uint64_t bytes)
{
    struct dais_buf *buf = malloc(sizeof *buf);
    *buf = (struct dais_buf){malloc(bytes), bytes};
    return buf;
}

static void buf_free(struct dais_buf *buf)
{
    if (buf)
        free(buf->data);
    free(buf);
}

static void buf_unref(struct dais_buf *buf)
{
    if (buf != lying)
        buf_free(buf);
}

static const struct dais_mem_v1 mem = {.arena_alloc = arena_alloc,
                                       .arena_self = arena_self,
                                       .buf_new = buf_new,
                                       .buf_unref = buf_unref};

static int32_t take_off(const struct dais_board *board, struct dais_str key)
{
    (void)board;
    (void)key;
    struct dais_buf *old = lying;
    lying = NULL;
    buf_free(old);
    return DAIS_OK;
}

static int32_t put(const struct dais_board *board, struct dais_str key, struct dais_buf *object)
{
    assert_true(key.len <= board->key_bytes_max);
    if (put_error)
        return put_error;
    struct dais_buf *old = lying;
    lying = object;
    buf_free(old);
    return DAIS_OK;
}

static int32_t remove_later(const struct dais_board *board, struct dais_str key,
                            struct dais_buf *object, uint64_t ms)
{
    (void)board;
    (void)key;
    assert_ptr_equal(object, lying);
    assert_true(ms > 0);
    return DAIS_OK;
}

static struct dais_buf *get(const struct dais_board *board, struct dais_str key)
{
    (void)board;
    assert_int_equal(key.len, 36);
    return lying;
}

static const struct dais_shared_v1 shared = {
    .put = put, .remove = take_off, .remove_later = remove_later, .get = get};

static int32_t lock(struct dais_str key, struct dais_lock **ret_lock)
{
    assert_true(dais_str_eq(key, dais_cstr("card:" ROOM)));
    *ret_lock = NULL;
    return DAIS_OK;
}

static void unlock(struct dais_lock *held)
{
    (void)held;
}

static const struct dais_fiber_v1 fiber = {.lock = lock, .unlock = unlock};

static void random_bytes(void *ret, uint64_t count)
{
    static uint8_t next;
    memset(ret, next += 2, count);
}

static const struct dais_random_v1 random_ = {.bytes = random_bytes};

static uint32_t log_enabled(uint32_t level)
{
    (void)level;
    return 0;
}

static const struct dais_log_v1 log_ = {.enabled = log_enabled};

static int32_t find(struct dais_str id, struct dais_room_found *ret_room)
{
    if (!dais_str_eq(id, dais_cstr(ROOM)))
        return DAIS_E_NOT_FOUND;
    *ret_room = (struct dais_room_found){.kind = dais_cstr("live"),
                                         .id = dais_cstr(ROOM),
                                         .owner_id = dais_cstr(OWNER),
                                         .title = dais_cstr("Morning"),
                                         .flags = DAIS_ROOM_OPEN};
    return DAIS_OK;
}

static const struct dais_roomsource_v1 source = {.kind = "live", .find = find};

static const void *each(const char *name, uint32_t index)
{
    (void)name;
    return index == 0 ? &source : NULL;
}

static uint64_t enter(const void *table)
{
    (void)table;
    return 0;
}

static void leave(uint64_t entered)
{
    (void)entered;
}

static const struct dais_services_v1 services = {.enter = enter, .leave = leave, .each = each};

int32_t store_room_ensure(const struct dais_room_found *found, struct store_room *ret_room)
{
    int64_t seen = version;
    reads++;
    if (drops_while_reading > 0) { /* somebody changes the room before the answer is here */
        drops_while_reading--;
        version++;
        card_drop(found->id);
    }
    *ret_room = (struct store_room){.id = found->id,
                                    .version = seen,
                                    .moderators = moderators,
                                    .moderator_count = 3,
                                    .settings = {.enabled = 1,
                                                 .writers = dais_cstr("everyone"),
                                                 .links = dais_cstr("allow"),
                                                 .blocked_word_action = dais_cstr("mask"),
                                                 .blocked_words = {WORDS, 2}}};
    return DAIS_OK;
}

/* --- the tests --- */

static int begin(void **state)
{
    (void)state;
    static const char *const IDS[] = {"00000000-0000-4000-8000-000000000001",
                                      "00000000-0000-4000-8000-000000000005",
                                      "00000000-0000-4000-8000-000000000009"};
    for (int i = 0; i < 3; i++)
        moderators[i] = dais_cstr(IDS[i]);
    dais_mem = &mem;
    dais_shared = &shared;
    dais_fiber = &fiber;
    dais_random = &random_;
    dais_log = &log_;
    dais_services = &services;
    put_error = DAIS_OK;
    version = 1;
    reads = drops_while_reading = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    struct dais_buf *last = lying;
    lying = NULL;
    buf_free(last);
    while (block_count > 0)
        free(blocks[--block_count]);
    return 0;
}

static const struct card *get_card(void)
{
    const struct card *card = NULL;
    assert_int_equal(card_get(NULL, dais_cstr(ROOM), &card), DAIS_OK);
    return card;
}

static void test_a_room_is_read_once_until_it_is_dropped(void **state)
{
    (void)state;
    get_card();
    get_card();
    assert_int_equal(reads, 1);
    version = 2;
    card_drop(dais_cstr(ROOM));
    assert_int_equal(get_card()->version, 2);
    get_card();
    assert_int_equal(reads, 2);
}

static void test_a_card_stays_whole_when_the_board_has_another(void **state)
{
    (void)state;
    get_card();
    const struct card *card = get_card();
    card_drop(dais_cstr(ROOM));
    take_off(card_boards, card->id);
    assert_true(dais_str_eq(card->kind, dais_cstr("live")));
    assert_true(dais_str_eq(card->owner_id, dais_cstr(OWNER)));
    assert_true(dais_str_eq(card->title, dais_cstr("Morning")));
    assert_null(card->cleared_through.ptr);
    assert_true(dais_str_eq(card->settings.blocked_word_action, dais_cstr("mask")));
    const struct dais_str *words = card->settings.blocked_words.items;
    assert_int_equal(card->settings.blocked_words.count, 2);
    assert_true(dais_str_eq(words[1], WORDS[1]));
    assert_true(dais_str_eq(card->moderators[2], moderators[2]));
}

static void test_what_was_read_before_a_change_does_not_stay(void **state)
{
    (void)state;
    drops_while_reading = 1;
    assert_int_equal(get_card()->version, 2);
    assert_int_equal(reads, 2);
    assert_int_equal(get_card()->version, 2);
    assert_int_equal(reads, 2);
}

static void test_a_room_that_never_rests_is_read_and_not_put(void **state)
{
    (void)state;
    drops_while_reading = CARD_TRIES;
    assert_int_equal(get_card()->version, CARD_TRIES);
    assert_int_equal(reads, CARD_TRIES);
    get_card();
    assert_int_equal(reads, CARD_TRIES + 1);
}

static void test_with_the_board_full_each_reads_for_himself(void **state)
{
    (void)state;
    put_error = DAIS_E_LIMIT;
    assert_int_equal(get_card()->version, 1);
    version = 2;
    assert_int_equal(get_card()->version, 2);
    card_drop(dais_cstr(ROOM));
    assert_int_equal(reads, 2);
}

static void test_rooms_that_are_not_there(void **state)
{
    (void)state;
    const struct card *card = NULL;
    assert_int_equal(card_get("session", dais_cstr(ROOM), &card), DAIS_E_NOT_FOUND);
    assert_int_equal(card_get("live", dais_cstr(ROOM), &card), DAIS_OK);
    assert_int_equal(card_get(NULL, dais_cstr("short"), &card), DAIS_E_NOT_FOUND);
    card_drop(dais_cstr("short"));
}

static void test_moderators_are_found_by_their_ids(void **state)
{
    (void)state;
    const struct card *card = get_card();
    for (int i = 0; i < 3; i++)
        assert_true(card_is_moderator(card, moderators[i]));
    static const char *const OTHERS[] = {"00000000-0000-4000-8000-000000000000",
                                         "00000000-0000-4000-8000-000000000004",
                                         "00000000-0000-4000-8000-00000000000f", "", "x"};
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++)
        assert_false(card_is_moderator(card, dais_cstr(OTHERS[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_room_is_read_once_until_it_is_dropped, begin, end),
        cmocka_unit_test_setup_teardown(test_a_card_stays_whole_when_the_board_has_another, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_what_was_read_before_a_change_does_not_stay, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_a_room_that_never_rests_is_read_and_not_put, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_with_the_board_full_each_reads_for_himself, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_rooms_that_are_not_there, begin, end),
        cmocka_unit_test_setup_teardown(test_moderators_are_found_by_their_ids, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
