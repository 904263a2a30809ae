/* SPDX-License-Identifier: MIT */
/* The rules of rooms: who may write, edit, delete and bar, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chat.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct chat_sender VIEWER = {.roles = DAIS_ROLE_ATTENDEE};
static const struct chat_sender SPEAKER = {.roles = DAIS_ROLE_SPEAKER};
static const struct chat_sender CREATOR = {.roles = DAIS_ROLE_ATTENDEE | DAIS_ROLE_CREATOR};
static const struct chat_sender OWNER = {.roles = DAIS_ROLE_ATTENDEE, .owner = 1};
static const struct chat_sender HELPER = {.roles = DAIS_ROLE_ATTENDEE, .moderator = 1};
static const struct chat_sender MODERATOR = {.roles = DAIS_ROLE_MODERATOR};
static const struct chat_sender ADMIN = {.roles = DAIS_ROLE_ADMIN};

static void test_who_may_write(void **state)
{
    (void)state;
    static const struct {
        const char *writers;
        int32_t viewer, speaker, creator;
    } CASES[] = {
        {"everyone", DAIS_OK, DAIS_OK, DAIS_OK},
        {"speakers", DAIS_E_DENIED, DAIS_OK, DAIS_E_DENIED},
        {"creators", DAIS_E_DENIED, DAIS_E_DENIED, DAIS_OK},
        {"moderators", DAIS_E_DENIED, DAIS_E_DENIED, DAIS_E_DENIED},
    };
    struct chat_settings settings = chat_settings_default();
    for (size_t i = 0; i < COUNT(CASES); i++) {
        settings.writers = dais_cstr(CASES[i].writers);
        assert_int_equal(chat_may_write(&settings, &VIEWER, NULL), CASES[i].viewer);
        assert_int_equal(chat_may_write(&settings, &SPEAKER, NULL), CASES[i].speaker);
        assert_int_equal(chat_may_write(&settings, &CREATOR, NULL), CASES[i].creator);
        assert_int_equal(chat_may_write(&settings, &OWNER, NULL), DAIS_OK);
        assert_int_equal(chat_may_write(&settings, &HELPER, NULL), DAIS_OK);
        assert_int_equal(chat_may_write(&settings, &MODERATOR, NULL), DAIS_OK);
        assert_int_equal(chat_may_write(&settings, &ADMIN, NULL), DAIS_OK);
    }
}

static void test_a_chat_that_is_off_is_off_for_all(void **state)
{
    (void)state;
    struct chat_settings settings = chat_settings_default();
    struct chat_verdict verdict = {0};
    settings.enabled = 0;
    assert_int_equal(chat_may_write(&settings, &OWNER, &verdict), DAIS_E_CONFLICT);
    assert_int_equal(verdict.error, DAIS_E_CONFLICT);
    assert_string_equal(verdict.detail, "The chat is turned off.");
    assert_int_equal(chat_check_open(1, NULL), DAIS_OK);
    assert_int_equal(chat_check_open(0, &verdict), DAIS_E_CONFLICT);
    assert_string_equal(verdict.detail, "The room is closed.");
}

static void test_followers(void **state)
{
    (void)state;
    struct chat_settings settings = chat_settings_default();
    struct chat_verdict verdict = {0};
    assert_false(chat_needs_follow(&settings, &VIEWER));
    settings.followers_only = 1;
    settings.followers_min_age_seconds = 600;
    assert_true(chat_needs_follow(&settings, &VIEWER));
    assert_false(chat_needs_follow(&settings, &HELPER));
    assert_int_equal(chat_check_follow(&settings, -1, &verdict), DAIS_E_DENIED);
    assert_int_equal(verdict.retry_ms, 0);
    assert_int_equal(chat_check_follow(&settings, 599, &verdict), DAIS_E_DENIED);
    assert_int_equal(verdict.retry_ms, 1000);
    assert_int_equal(chat_check_follow(&settings, 600, &verdict), DAIS_OK);
    settings.followers_min_age_seconds = 0;
    assert_int_equal(chat_check_follow(&settings, 0, &verdict), DAIS_OK);
}

static void test_slow_mode(void **state)
{
    (void)state;
    struct chat_settings settings = chat_settings_default();
    assert_int_equal(chat_slow_ms(&settings, &VIEWER), 0);
    settings.slow_mode_seconds = 30;
    assert_int_equal(chat_slow_ms(&settings, &VIEWER), 30000);
    assert_int_equal(chat_slow_ms(&settings, &MODERATOR), 0);
    struct chat_verdict verdict = {0};
    assert_int_equal(chat_check_slow(0, &verdict), DAIS_OK);
    assert_int_equal(chat_check_slow(1500, &verdict), DAIS_E_LIMIT);
    assert_int_equal(verdict.retry_ms, 1500);
}

static void test_delay(void **state)
{
    (void)state;
    struct chat_settings settings = chat_settings_default();
    assert_int_equal(chat_delay_ms(&settings, &VIEWER), 0);
    settings.delayed = 1;
    assert_int_equal(chat_delay_ms(&settings, &VIEWER), 4000);
    assert_int_equal(chat_delay_ms(&settings, &HELPER), 0);
}

static void test_bars(void **state)
{
    (void)state;
    struct chat_verdict verdict = {0};
    assert_int_equal(chat_check_bar(0, 1000, &verdict), DAIS_E_DENIED);
    assert_int_equal(verdict.retry_ms, 0);
    assert_int_equal(chat_check_bar(5000, 1000, &verdict), DAIS_E_DENIED);
    assert_int_equal(verdict.retry_ms, 4000);
    assert_int_equal(chat_check_bar(1000, 1000, &verdict), DAIS_OK);
}

static void test_who_may_bar_whom(void **state)
{
    (void)state;
    static const struct chat_sender *const ALL[] = {&VIEWER, &HELPER, &MODERATOR, &OWNER, &ADMIN};
    /* a row for each who bars, a column for each who is barred */
    static const uint8_t ALLOWED[5][5] = {
        {0, 0, 0, 0, 0}, {1, 0, 0, 0, 0}, {1, 0, 0, 0, 0}, {1, 1, 1, 0, 0}, {1, 1, 1, 0, 0},
    };
    for (size_t actor = 0; actor < 5; actor++) {
        for (size_t target = 0; target < 5; target++)
            assert_int_equal(chat_may_bar(ALL[actor], ALL[target], NULL),
                             ALLOWED[actor][target] ? DAIS_OK : DAIS_E_DENIED);
    }
}

static void test_edit_and_delete(void **state)
{
    (void)state;
    struct chat_settings settings = chat_settings_default();
    assert_int_equal(chat_may_edit(&settings, 1000, 300999, NULL), DAIS_OK);
    assert_int_equal(chat_may_edit(&settings, 1000, 301000, NULL), DAIS_E_DENIED);
    settings.edit_window_seconds = 0;
    assert_int_equal(chat_may_edit(&settings, 1000, 1000, NULL), DAIS_E_DENIED);
    assert_int_equal(chat_may_delete(&VIEWER, 1, NULL), DAIS_OK);
    assert_int_equal(chat_may_delete(&VIEWER, 0, NULL), DAIS_E_DENIED);
    assert_int_equal(chat_may_delete(&HELPER, 0, NULL), DAIS_OK);
    assert_int_equal(chat_may_moderate(&CREATOR, NULL), DAIS_E_DENIED);
    assert_int_equal(chat_may_moderate(&OWNER, NULL), DAIS_OK);
    assert_int_equal(chat_may_appoint(&HELPER, NULL), DAIS_E_DENIED);
    assert_int_equal(chat_may_appoint(&MODERATOR, NULL), DAIS_E_DENIED);
    assert_int_equal(chat_may_appoint(&ADMIN, NULL), DAIS_OK);
}

static void check_text(const struct chat_settings *settings, const struct chat_sender *sender,
                       const char *text, const char *stored)
{
    char buf[256];
    struct dais_str view = dais_cstr(text);
    struct chat_verdict verdict = {0};
    int32_t error = chat_check_text(settings, sender, &view, buf, &verdict);
    assert_int_equal(error, stored ? DAIS_OK : DAIS_E_INVALID);
    if (stored) {
        assert_int_equal(view.len, strlen(stored));
        assert_memory_equal(view.ptr, stored, view.len);
    } else {
        assert_string_equal(verdict.field, "message");
        assert_non_null(verdict.detail);
        assert_ptr_equal(view.ptr, text);
    }
}

static void test_texts(void **state)
{
    (void)state;
    static const struct dais_str WORDS[] = {DAIS_STR_INIT("foo"), DAIS_STR_INIT("bar")};
    struct chat_settings settings = chat_settings_default();
    check_text(&settings, &VIEWER, " foo example.com ", "foo example.com");
    settings.links = dais_cstr("block");
    check_text(&settings, &VIEWER, "foo example.com", NULL);
    check_text(&settings, &HELPER, "foo example.com", "foo example.com");
    settings.blocked_words = (struct dais_list){WORDS, COUNT(WORDS)};
    check_text(&settings, &VIEWER, "a FOO", NULL);
    check_text(&settings, &OWNER, "a FOO", "a FOO");
    check_text(&settings, &VIEWER, "a food", "a food");
    settings.blocked_word_action = dais_cstr("mask");
    check_text(&settings, &VIEWER, " a FÖO, bar ", "a ***, ***");
    settings.message_max = 3;
    check_text(&settings, &VIEWER, "four", NULL);
    check_text(&settings, &ADMIN, "four", NULL);
    check_text(&settings, &VIEWER, "\xFF", NULL);
}

static void test_settings_are_merged(void **state)
{
    (void)state;
    struct chat_settings settings = chat_settings_default(), change = {0};
    change.writers = dais_cstr("creators");
    change.slow_mode_seconds = 5;
    chat_settings_merge(&settings, &change);
    assert_int_equal(settings.slow_mode_seconds, 0);
    assert_int_equal(settings.enabled, 1);
    for (uint32_t row = 0; chat_settings_shape.fields[row].name; row++)
        change.present |= 1ull << row;
    chat_settings_merge(&settings, &change);
    settings.present = change.present;
    assert_memory_equal(&settings, &change, sizeof settings);
}

/** Each row alone changes the member that its name says, and nothing else. */
static void test_each_setting_is_merged_by_its_row(void **state)
{
    (void)state;
    for (uint32_t row = 0; chat_settings_shape.fields[row].name; row++) {
        struct chat_settings settings = {0}, change;
        memset(&change, 0x55, sizeof change);
        change.present = 1ull << row;
        chat_settings_merge(&settings, &change);
        const struct dais_field *field = &chat_settings_shape.fields[row];
        assert_int_equal(((const char *)&settings)[field->offset], 0x55);
        uint64_t changed = 0;
        for (uint64_t i = 0; i < sizeof settings; i++)
            changed += ((const char *)&settings)[i] == 0x55;
        assert_true(changed == 1 || changed == 8 || changed == 16);
    }
    for (uint32_t row = 0; chat_settings_public_shape.fields[row].name; row++)
        assert_string_not_equal(chat_settings_public_shape.fields[row].name, "blockedWords");
}

static void test_settings_have_bounds(void **state)
{
    (void)state;
    static const struct dais_str WORDS[] = {DAIS_STR_INIT("foo"), DAIS_STR_INIT("*")};
    struct chat_settings settings = chat_settings_default();
    struct chat_verdict verdict = {0};
    assert_int_equal(chat_settings_check(&settings, 500, &verdict), DAIS_OK);
    assert_int_equal(chat_settings_check(&settings, 499, &verdict), DAIS_E_INVALID);
    assert_string_equal(verdict.field, "messageMax");
    settings.blocked_words = (struct dais_list){WORDS, 1};
    assert_int_equal(chat_settings_check(&settings, 500, &verdict), DAIS_OK);
    settings.blocked_words.count = 2;
    assert_int_equal(chat_settings_check(&settings, 500, &verdict), DAIS_E_INVALID);
    assert_string_equal(verdict.field, "blockedWords");
    settings.blocked_words.count = CHAT_BLOCKED_WORDS_MAX + 1;
    assert_int_equal(chat_settings_check(&settings, 500, &verdict), DAIS_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_may_write),
        cmocka_unit_test(test_a_chat_that_is_off_is_off_for_all),
        cmocka_unit_test(test_followers),
        cmocka_unit_test(test_slow_mode),
        cmocka_unit_test(test_delay),
        cmocka_unit_test(test_bars),
        cmocka_unit_test(test_who_may_bar_whom),
        cmocka_unit_test(test_edit_and_delete),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_settings_are_merged),
        cmocka_unit_test(test_each_setting_is_merged_by_its_row),
        cmocka_unit_test(test_settings_have_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
