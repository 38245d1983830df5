#include "store/values.hpp"

#include <catch2/catch.hpp>

#include "core/ids.hpp"

using namespace lamda;
using namespace lamda::store;

TEST_CASE("external text is stored as UTF-8 without NUL, and bounded") {
    CHECK(storable(std::string("a\0b", 3)) ==
          "a\xEF\xBF\xBD"
          "b");
    CHECK(storable("\xFF"
                   "x") ==
          "\xEF\xBF\xBD"
          "x");
    CHECK(storable("\xC3\xA9\xC3\xA9", 3) == "\xC3\xA9");
}

TEST_CASE("a list of addresses is one array of byte strings") {
    CHECK(array_of(std::vector<Address>{}) == "{}");
    Address one;
    one.array()[19] = 0x1F;
    CHECK(array_of(std::vector{one, Address{}}) ==
          R"({"\\x000000000000000000000000000000000000001f","\\x0000000000000000000000000000000000000000"})");
}

TEST_CASE("a list of any type is one array, with any characters") {
    struct Item {
        std::string text;
        bool yes;
    };
    const std::vector<Item> items{{"a\"b\\c", true}, {"", false}, {"NULL", true}, {"{,}", false}};
    CHECK(array_of(items, &Item::text) == R"({"a\"b\\c","","NULL","{,}"})");
    CHECK(array_of(items, &Item::yes) == R"({"true","false","true","false"})");
    CHECK(array_of(std::vector<int>{-1, 2}) == R"({"-1","2"})");
}
