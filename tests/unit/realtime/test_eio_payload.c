/* SPDX-License-Identifier: MIT */
/* Packets of polling bodies, and ids of sessions. */
#include "base/random.h"
#include "realtime/eio_payload.h"
#include "realtime/eio_sid.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static void packets_of_a_body_are_taken_one_by_one(void **state)
{
    (void)state;
    struct dais_str rest = dais_cstr("4hello\x1e"
                                     "4\x1e"
                                     "bAQID\x1e"
                                     "3");
    struct eio_packet packet;
    assert_int_equal(eio_payload_next(&rest, &packet), 1);
    assert_int_equal(packet.type, EIO_TYPE_MESSAGE);
    assert_true(str_eqz(packet.data, "hello"));
    assert_int_equal(eio_payload_next(&rest, &packet), 1);
    assert_true(str_eqz(packet.data, ""));
    assert_int_equal(eio_payload_next(&rest, &packet), 1);
    assert_int_equal(packet.type, EIO_TYPE_BINARY);
    assert_true(str_eqz(packet.data, "AQID"));
    assert_int_equal(eio_payload_next(&rest, &packet), 1);
    assert_int_equal(packet.type, EIO_TYPE_PONG);
    assert_int_equal(eio_payload_next(&rest, &packet), 0);
}

static void what_is_no_packet_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "abc",
                                      "7",
                                      "\x1e",
                                      "\x1e"
                                      "4a",
                                      "B123",
                                      " 4",
                                      "/abc",
                                      ":"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct dais_str rest = dais_cstr(bad[i]);
        struct eio_packet packet;
        assert_int_equal(eio_payload_next(&rest, &packet), DAIS_E_INVALID);
    }
    struct dais_str rest = dais_cstr("4a\x1e");
    struct eio_packet packet;
    assert_int_equal(eio_payload_next(&rest, &packet), 1);
    assert_int_equal(eio_payload_next(&rest, &packet), DAIS_E_INVALID);
}

static void a_text_frame_holds_no_base64(void **state)
{
    struct eio_packet packet;
    (void)state;
    assert_int_equal(eio_packet_parse(dais_cstr("bAQID"), &packet), DAIS_E_INVALID);
    assert_int_equal(eio_packet_parse(dais_cstr("2probe"), &packet), DAIS_OK);
    assert_int_equal(packet.type, EIO_TYPE_PING);
}

static void a_sid_leads_to_its_worker(void **state)
{
    char text[32];
    uint32_t last_bytes[256] = {0};
    uint32_t different = 0;
    (void)state;
    for (uint32_t i = 0; i < 2000; i++) {
        struct eio_sid sid = eio_sid_make(i % 64), read;
        struct strbuf out;
        strbuf_init_on(&out, text, sizeof text);
        eio_sid_add(&sid, &out);
        assert_int_equal(out.len, EIO_SID_CHARS);
        assert_int_equal(eio_sid_parse(strbuf_view(&out), &read), DAIS_OK);
        assert_true(eio_sid_eq(&sid, &read));
        assert_int_equal(eio_sid_worker(&read), i % 64);
        if (i % 64 == 0)
            different += last_bytes[sid.bytes[EIO_SID_BYTES - 1]]++ == 0;
    }
    assert_true(different > 20); /* of 32 sids of one worker: the byte says nothing by itself */
}

static void what_is_no_sid_is_refused(void **state)
{
    static const char *const bad[] = {"", "abc", "AAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA",
                                      "AAAAAAAAAAAAAAAAAA=="};
    struct eio_sid sid;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(eio_sid_parse(dais_cstr(bad[i]), &sid), DAIS_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_of_a_body_are_taken_one_by_one),
        cmocka_unit_test(what_is_no_packet_is_refused),
        cmocka_unit_test(a_text_frame_holds_no_base64),
        cmocka_unit_test(a_sid_leads_to_its_worker),
        cmocka_unit_test(what_is_no_sid_is_refused),
    };
    random_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
