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

TEST_CASE("only a trusted proxy may name the client that it forwards for") {
    const auto local = AddressRanges::loopback();
    CHECK(client_address("127.0.0.1", "192.0.2.7", local) == "192.0.2.7");
    CHECK(client_address("::1", "2001:db8::1", local) == "2001:db8::1");
    CHECK(client_address("::ffff:127.0.0.1", "192.0.2.7", local) == "192.0.2.7");
    CHECK(client_address("192.0.2.1", "192.0.2.7", local) == "192.0.2.1");
    CHECK(client_address("127.0.0.1", "192.0.2.7", AddressRanges()) == "127.0.0.1");
    INFO("addresses written by the client precede the one added by the proxy");
    CHECK(client_address("127.0.0.1", "10.0.0.1, 192.0.2.7", local) == "192.0.2.7");
    CHECK(client_address("127.0.0.1", "\"10.0.0.1, 192.0.2.7", local) == "192.0.2.7");
    CHECK(client_address("127.0.0.1", "127.0.0.1,192.0.2.7", local) == "192.0.2.7");
    for (const char* forwarded :
         {"", "unknown", "192.0.2.7, x", "192.0.2.7,", "192.0.2.7:80", "192.0.2.999"}) {
        CHECK(client_address("127.0.0.1", forwarded, local) == "127.0.0.1");
    }
}

TEST_CASE("behind several proxies the client is the rightmost address that is none of them") {
    const AddressRanges proxies(
        {AddressRange::parse("10.0.0.0/8").value(), AddressRange::parse("2001:db8:5::/48").value()});
    CHECK(client_address("10.1.2.3", "198.51.100.9, 192.0.2.7, 2001:db8:5::1, 10.9.9.9", proxies) ==
          "192.0.2.7");
    CHECK(client_address("10.1.2.3", "10.0.0.1, 10.0.0.2", proxies) == "10.0.0.1");
    CHECK(client_address("10.1.2.3", "192.0.2.7, junk, 10.9.9.9", proxies) == "10.9.9.9");
    CHECK(client_address("127.0.0.1", "192.0.2.7", proxies) == "127.0.0.1");
}

TEST_CASE("TLS is believed of a trusted proxy, which names the scheme last") {
    const auto local = AddressRanges::loopback();
    CHECK(is_forwarded_tls("127.0.0.1", "https", local));
    CHECK(is_forwarded_tls("127.0.0.1", "http , HTTPS ", local));
    CHECK_FALSE(is_forwarded_tls("127.0.0.1", "https, http", local));
    CHECK_FALSE(is_forwarded_tls("127.0.0.1", "", local));
    CHECK_FALSE(is_forwarded_tls("192.0.2.1", "https", local));
}
