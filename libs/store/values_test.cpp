#include "store/values.hpp"

#include <catch2/catch.hpp>

#include "core/ids.hpp"

using namespace lamda;
using namespace lamda::store;

TEST_CASE("text from outside is stored as UTF-8 without NUL, and bounded") {
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
    CHECK(bytea_array(std::vector<Address>{}) == "{}");
    Address one;
    one.array()[19] = 0x1F;
    CHECK(bytea_array(std::vector{one, Address{}}) ==
          R"({"\\x000000000000000000000000000000000000001f","\\x0000000000000000000000000000000000000000"})");
}
