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

TEST_CASE("When all slots are taken the address with most of them loses the one that has waited longest") {
    ConnectionSlots slots({10, 10, 1000});
    add(slots, 1, 1, "good");
    add(slots, 10, 9, "bad");
    REQUIRE(slots.full_for("new"));
    CHECK(slots.to_make_way("new") == 10);
    slots.wait(10);
    CHECK(slots.to_make_way("new") == 11);
    slots.remove(11);
    CHECK_FALSE(slots.full_for("new"));
}

TEST_CASE("An address that has its share makes way for itself; loopback has no share") {
    ConnectionSlots slots({100, 3, 1000});
    add(slots, 1, 3, "a");
    add(slots, 10, 5, "");
    CHECK(slots.full_for("a"));
    CHECK(slots.to_make_way("a") == 1);
    CHECK_FALSE(slots.full_for("b"));
    CHECK_FALSE(slots.full_for(""));
}

TEST_CASE("A connection that is served is not taken away") {
    ConnectionSlots slots({2, 2, 1000});
    add(slots, 1, 2, "a");
    slots.serve(1);
    CHECK(slots.to_make_way("b") == 2);
    slots.serve(2);
    CHECK_FALSE(slots.to_make_way("b"));
    slots.wait(1);
    CHECK(slots.to_make_way("b") == 1);
}

TEST_CASE("Of addresses with equally many connections the one that has waited longest makes way") {
    ConnectionSlots slots({3, 3, 1000});
    add(slots, 1, 1, "c");
    add(slots, 2, 1, "a");
    add(slots, 3, 1, "b");
    CHECK(slots.to_make_way("d") == 1);
    slots.wait(1);
    CHECK(slots.to_make_way("d") == 2);
}

TEST_CASE("Memory is given back by the address that holds most, longest waiting first") {
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
    CHECK(slots.to_give_back() == 11);
    slots.serve(11);
    CHECK(slots.to_give_back() == 12);
    slots.remove(12);
    CHECK(slots.held() == 700);
    slots.remove(11);
    CHECK(slots.to_give_back() == 1);
    slots.remove(1);
    CHECK_FALSE(slots.to_give_back());
}
