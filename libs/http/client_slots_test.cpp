#include "http/client_slots.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace lamda::http;

TEST_CASE("slots are limited in total and for one client, and return when their holder ends") {
    ClientSlots slots(3, 2);
    std::vector<ClientSlots::Slot> held;
    const auto take = [&](const std::string& client) {
        auto slot = slots.take(client);
        if (slot) {
            held.push_back(*std::move(slot));
        }
        return slot.has_value();
    };
    CHECK(take("a"));
    CHECK(take("a"));
    CHECK_FALSE(take("a"));
    CHECK(take("b"));
    CHECK_FALSE(take("c"));
    held.pop_back();
    CHECK_FALSE(take("a"));
    CHECK(take("c"));
    held.clear();
    CHECK(take("a"));
}

TEST_CASE("a client without a name is limited in total only") {
    ClientSlots slots(3, 1);
    const auto first = slots.take("");
    const auto second = slots.take("");
    CHECK(second);
    CHECK(slots.take("a"));
    const auto third = slots.take("");
    CHECK(third);
    CHECK_FALSE(slots.take(""));
}
