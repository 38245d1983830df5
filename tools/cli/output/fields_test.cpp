// Tests of JSON fields as text.
#include "tools/cli/output/fields.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace lamda::cli;
using nlohmann::json;

TEST_CASE("an amount is never shown without its unit, as a number or as text") {
    CHECK(with_unit("payment_amount", "10000000000000000") == "0.01 BNB (10000000000000000 wei)");
    CHECK(with_unit("vram", 24'576) == "24576 MiB");
    CHECK(with_unit("vram", "36893488147419103232") == "36893488147419103232 MiB");
    CHECK(with_unit("gas_limit", 53'000) == "53000 gas");
    CHECK(with_unit("max_fee", "100000000") == "0.1 gwei");
    CHECK(with_unit("gas_limit", nullptr) == "-");
    CHECK(with_unit("payment_amount", "a lot") == "a lot");
    CHECK(with_unit("nonce", 7) == "7");
    CHECK(bnb_cell({{"payment_amount", "1500000000000000000"}}, "payment_amount") == "1.5 BNB");
    CHECK(bnb_cell({{"payment_amount", nullptr}}, "payment_amount") == "-");
}

TEST_CASE("absent and empty members are a dash; truth is yes or no") {
    const json row = {{"empty", ""}, {"none", nullptr}, {"on", true}, {"off", false}};
    for (const char* name : {"empty", "none", "absent"}) {
        CHECK(cell(row, name) == "-");
    }
    CHECK(yes_no(row, "on") == "yes");
    CHECK(yes_no(row, "off") == "no");
    CHECK(yes_no(row, "absent") == "-");
}

TEST_CASE("a listing has one line for each member, also of an object inside") {
    const json job = {{"created", {{"block", 7}, {"at", "2026-11-30T02:29:14.123Z"}}}, {"paid", nullptr}};
    CHECK(lines_of(job) ==
          std::vector<std::pair<std::string, std::string>>{
              {"created.at", "2026-11-30T02:29:14.123Z"}, {"created.block", "7"}, {"paid", "-"}});
}
