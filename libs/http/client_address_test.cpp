#include "http/client_address.hpp"

#include <catch2/catch.hpp>

using namespace lamda::http;

TEST_CASE("limits count an IPv4 address, and the /64 of an IPv6 address") {
    CHECK(address_unit("192.0.2.7") == "192.0.2.7");
    CHECK(address_unit("::ffff:192.0.2.7") == "192.0.2.7");
    CHECK(address_unit("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64");
    CHECK(address_unit("2001:db8:1:2::9") == address_unit("2001:db8:1:2:ffff::1"));
    CHECK(address_unit("") == "");
}

TEST_CASE("only a peer on loopback may name the client that it forwards for") {
    CHECK(client_address("127.0.0.1", "192.0.2.7") == "192.0.2.7");
    CHECK(client_address("::1", "2001:db8::1") == "2001:db8::1");
    CHECK(client_address("::ffff:127.0.0.1", "192.0.2.7") == "192.0.2.7");
    CHECK(client_address("192.0.2.1", "192.0.2.7") == "192.0.2.1");
    INFO("addresses written by the client precede the one added by the proxy");
    CHECK(client_address("127.0.0.1", "10.0.0.1, 192.0.2.7") == "192.0.2.7");
    for (const char* forwarded : {"", "unknown", "192.0.2.7, x", "192.0.2.7:80", "192.0.2.999"}) {
        CHECK(client_address("127.0.0.1", forwarded) == "127.0.0.1");
    }
    CHECK(is_loopback("127.8.9.1"));
    CHECK_FALSE(is_loopback("128.0.0.1"));
    CHECK_FALSE(is_loopback("::2"));
}
