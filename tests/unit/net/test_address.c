/* SPDX-License-Identifier: MIT */
/* Addresses, networks, and what proxies write of whom they speak for. */
#include "net/http_address.h"

#include "base/random.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void expect_address(const char *text, const char *expected)
{
    struct http_address address;
    char written[HTTP_ADDRESS_BYTES];
    if (!expected) {
        assert_int_equal(http_address_parse(dais_cstr(text), &address), DAIS_E_INVALID);
        return;
    }
    assert_int_equal(http_address_parse(dais_cstr(text), &address), DAIS_OK);
    http_address_write(&address, written);
    assert_string_equal(written, expected);
}

static void test_addresses(void **state)
{
    (void)state;
    expect_address("192.0.2.7", "192.0.2.7");
    expect_address("192.0.2.7:8080", "192.0.2.7");
    expect_address("::ffff:192.0.2.7", "192.0.2.7");
    expect_address("2001:DB8::1", "2001:db8::1");
    expect_address("[2001:db8::1]", "2001:db8::1");
    expect_address("[2001:db8::1]:443", "2001:db8::1");
    expect_address("", NULL);
    expect_address("unknown", NULL);
    expect_address("_hidden", NULL);
    expect_address("192.0.2", NULL);
    expect_address("192.0.2.7.9", NULL);
    expect_address("[2001:db8::1", NULL);
    expect_address("2001:db8::1]", NULL);
    expect_address("1111:2222:3333:4444:5555:6666:7777:8888:9999", NULL);
}

static bool has(const char *network_text, const char *address_text)
{
    struct http_network network;
    struct http_address address;
    assert_int_equal(http_network_parse(dais_cstr(network_text), &network), DAIS_OK);
    assert_int_equal(http_address_parse(dais_cstr(address_text), &address), DAIS_OK);
    return http_network_has(&network, &address);
}

static void test_networks(void **state)
{
    (void)state;
    assert_true(has("10.0.0.0/8", "10.255.0.1"));
    assert_false(has("10.0.0.0/8", "11.0.0.1"));
    assert_true(has("10.1.2.3/9", "10.127.255.255"));
    assert_false(has("10.1.2.3/9", "10.128.0.0"));
    assert_true(has("192.0.2.7", "192.0.2.7"));
    assert_false(has("192.0.2.7", "192.0.2.6"));
    assert_true(has("0.0.0.0/0", "203.0.113.9"));
    assert_false(has("0.0.0.0/0", "2001:db8::1"));
    assert_true(has("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(has("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(has("::/0", "192.0.2.7"));
}

static void test_networks_that_are_none(void **state)
{
    static const char *const wrong[] = {"",          "10.0.0.0/33", "10.0.0.0/-1",
                                        "10.0.0.0/", "10.0.0.0/x",  "::1/129",
                                        "[::1]/64",  "10.0.0.1:80", "example.org"};
    struct http_network network;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (http_network_parse(dais_cstr(wrong[i]), &network) != DAIS_E_INVALID)
            fail_msg("'%s' was taken for a network", wrong[i]);
}

/* Takes the last hop off `*rest` and compares it; NULL for a hop without an address. */
static void expect_hop(struct dais_str *rest, bool forwarded, const char *address,
                       const char *scheme)
{
    struct http_hop hop;
    char written[HTTP_ADDRESS_BYTES];
    assert_true(http_hop_take(rest, forwarded, &hop));
    http_address_write(&hop.address, written);
    assert_string_equal(written, address ? address : "unknown");
    assert_true(scheme ? str_eqz(hop.scheme, scheme) : !hop.scheme.ptr);
}

static void test_x_forwarded_for(void **state)
{
    (void)state;
    struct http_hop hop;
    struct dais_str rest = dais_cstr("garbage,  192.0.2.1 ,2001:db8::1,198.51.100.7:4711");
    expect_hop(&rest, false, "198.51.100.7", NULL);
    expect_hop(&rest, false, "2001:db8::1", NULL);
    expect_hop(&rest, false, "192.0.2.1", NULL);
    expect_hop(&rest, false, NULL, NULL);
    assert_false(http_hop_take(&rest, false, &hop));
}

/* RFC 7239 §4 and §6. */
static void test_forwarded(void **state)
{
    (void)state;
    struct http_hop hop;
    struct dais_str rest = dais_cstr("for=192.0.2.43, For=\"[2001:db8:cafe::17]:4711\";proto=HTTPS"
                                     ", by=203.0.113.43; for=_hidden;proto=\"http\"");
    expect_hop(&rest, true, NULL, "http");
    expect_hop(&rest, true, "2001:db8:cafe::17", "https");
    expect_hop(&rest, true, "192.0.2.43", NULL);
    assert_false(http_hop_take(&rest, true, &hop));
}

static uint64_t key(const char *text)
{
    struct http_address address;
    assert_int_equal(http_address_parse(dais_cstr(text), &address), DAIS_OK);
    return http_address_key(&address);
}

/* Who has an IPv6 network of his own has 2^64 addresses in it. */
static void test_what_counts_as_one_address(void **state)
{
    (void)state;
    assert_true(key("192.0.2.1") != key("192.0.2.2"));
    assert_true(key("192.0.2.1") == key("::ffff:192.0.2.1"));
    assert_true(key("2001:db8:1:2::1") == key("2001:db8:1:2:ffff::9"));
    assert_true(key("2001:db8:1:2::1") != key("2001:db8:1:3::1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_networks_that_are_none),
        cmocka_unit_test(test_x_forwarded_for),
        cmocka_unit_test(test_forwarded),
        cmocka_unit_test(test_what_counts_as_one_address),
    };
    random_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
