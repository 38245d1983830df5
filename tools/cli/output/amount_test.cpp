#include "tools/cli/output/amount.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using lamda::cli::parse_amount;

TEST_CASE("amounts: wei, or a unit") {
    CHECK(parse_amount("1").value() == 1);
    CHECK(parse_amount("1000wei").value() == 1000);
    CHECK(parse_amount("5gwei").value() == 5'000'000'000);
    CHECK(parse_amount("1.5 gwei").value() == 1'500'000'000);
    CHECK(parse_amount("0.01ether").value() == 10'000'000'000'000'000);
    CHECK(parse_amount("0.01BNB").value() == 10'000'000'000'000'000);
    CHECK(parse_amount("0.000000000000000001ether").value() == 1);
    CHECK(parse_amount("1.000gwei").value() == 1'000'000'000);
    CHECK(to_decimal(parse_amount("1ether").value()) == "1000000000000000000");
}

TEST_CASE("amounts: zero, fractions of a wei and malformed text are refused") {
    for (const char* text :
         {"", "0", "0ether", "0.0gwei", "1.5", "1.5wei", "0.0000000000000000001ether", "-1", "1e18",
          ".5ether", "1.", "1.2.3ether", "1 finney", "ether", "0x10", "01", "1,5gwei",
          "999999999999999999999999999999999999999999999999999999999999999999ether"}) {
        INFO(text);
        CHECK(parse_amount(text).error().code == "invalid_amount");
    }
}
