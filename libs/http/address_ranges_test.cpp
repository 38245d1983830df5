#include "http/address_ranges.hpp"

#include <catch2/catch.hpp>

using namespace lamda::http;

TEST_CASE("a range contains the addresses with its prefix, IPv4 also as mapped IPv6") {
    const AddressRanges ranges(
        {AddressRange::parse("10.0.0.0/8").value(), AddressRange::parse("192.0.2.7").value(),
         AddressRange::parse("172.16.0.0/12").value(), AddressRange::parse("2001:db8::/33").value()});
    for (const char* inside : {"10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3", "192.0.2.7", "172.31.255.255",
                               "2001:db8::1", "2001:db8:7fff:ffff::1"}) {
        INFO(inside);
        CHECK(ranges.contain(inside));
    }
    for (const char* outside : {"9.255.255.255", "11.0.0.0", "192.0.2.6", "172.32.0.0", "2001:db8:8000::1",
                                "::a00:1", "", "x", "10.0.0", "10.0.0.1 ", "fe80::1%lo"}) {
        INFO(outside);
        CHECK_FALSE(ranges.contain(outside));
    }
}

TEST_CASE("all addresses of one family, and loopback") {
    const AddressRanges four({AddressRange::parse("0.0.0.0/0").value()});
    CHECK(four.contain("198.51.100.1"));
    CHECK_FALSE(four.contain("2001:db8::1"));
    const AddressRanges six({AddressRange::parse("::/0").value()});
    CHECK(six.contain("2001:db8::1"));
    CHECK_FALSE(six.contain("198.51.100.1"));
    const auto local = AddressRanges::loopback();
    for (const char* inside : {"127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"}) {
        CHECK(local.contain(inside));
    }
    for (const char* outside : {"128.0.0.1", "::2", "::"}) {
        CHECK_FALSE(local.contain(outside));
    }
}

TEST_CASE("a range that says two things, or nothing, is refused") {
    for (const char* text : {"", "x", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x",
                             "2001:db8::/129", "2001:db8::1/64", "10.0/8", "localhost"}) {
        INFO(text);
        const auto range = AddressRange::parse(text);
        REQUIRE_FALSE(range);
        CHECK(range.error().code == "invalid_address_range");
    }
}
