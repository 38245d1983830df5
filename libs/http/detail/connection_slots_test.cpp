#include "http/detail/connection_slots.hpp"

#include <catch2/catch.hpp>

using namespace lamda::http;

namespace {

/// Adds `count` connections of one address, with ids from `first` on.
void add(ConnectionSlots& slots, std::uint64_t first, std::uint64_t count, const std::string& address) {
    for (std::uint64_t id = first; id < first + count; ++id) {
        slots.add(id, address);
    }
}

}  // namespace

TEST_CASE("when all slots are taken, the address with most of them loses its longest waiting connection") {
    ConnectionSlots slots({10, 10, 1000});
    add(slots, 1, 1, "good");
    add(slots, 10, 9, "bad");
    REQUIRE(slots.full_for("new"));
    CHECK(slots.to_evict("new") == 10);
    slots.wait(10);
    CHECK(slots.to_evict("new") == 11);
    slots.remove(11);
    CHECK_FALSE(slots.full_for("new"));
}

TEST_CASE("an address at its limit loses one of its own; loopback has no limit") {
    ConnectionSlots slots({100, 3, 1000});
    add(slots, 1, 3, "a");
    add(slots, 10, 5, "");
    CHECK(slots.full_for("a"));
    CHECK(slots.to_evict("a") == 1);
    CHECK_FALSE(slots.full_for("b"));
    CHECK_FALSE(slots.full_for(""));
}

TEST_CASE("a connection that is being served is not evicted") {
    ConnectionSlots slots({2, 2, 1000});
    add(slots, 1, 2, "a");
    slots.serve(1);
    CHECK(slots.to_evict("b") == 2);
    slots.serve(2);
    CHECK_FALSE(slots.to_evict("b"));
    slots.wait(1);
    CHECK(slots.to_evict("b") == 1);
}

TEST_CASE("among addresses with equally many connections, the longest waiting connection is evicted") {
    ConnectionSlots slots({3, 3, 1000});
    add(slots, 1, 1, "c");
    add(slots, 2, 1, "a");
    add(slots, 3, 1, "b");
    CHECK(slots.to_evict("d") == 1);
    slots.wait(1);
    CHECK(slots.to_evict("d") == 2);
}

TEST_CASE("memory is reclaimed from the address that holds most, longest waiting first") {
    ConnectionSlots slots({10, 10, 1000});
    add(slots, 1, 2, "small");
    add(slots, 10, 3, "large");
    slots.hold(1, 300);
    slots.hold(10, 0);
    slots.hold(11, 400);
    CHECK_FALSE(slots.holds_too_much());
    slots.hold(12, 400);
    CHECK(slots.holds_too_much());
    CHECK(slots.held() == 1100);
    CHECK(slots.to_reclaim() == 11);
    slots.serve(11);
    CHECK(slots.to_reclaim() == 12);
    slots.remove(12);
    CHECK(slots.held() == 700);
    slots.remove(11);
    CHECK(slots.to_reclaim() == 1);
    slots.remove(1);
    CHECK_FALSE(slots.to_reclaim());
}
